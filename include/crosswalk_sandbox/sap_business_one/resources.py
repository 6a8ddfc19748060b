"""Paths as resources: set, key, property, action (SAP Business One §4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .errors import generic, unknown_path
from .queries.conditions import number
from .queries.tree import Value, read
from .schema.model import EntitySet, Structure
from .store import Key

_SEGMENT: Final = re.compile(r"([$A-Za-z_][$\w]*)(?:\((.*)\))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a path: a name, and what stands in its brackets."""

    name: str
    inside: str | None


def segments(path: str) -> list[Segment]:
    """The parts of a decoded path; a slash inside quotes parts nothing. Raises Refusal for anything odd."""
    found = []
    for part in _split(path):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise unknown_path()
        found.append(Segment(match[1], match[2]))
    return found


def _split(path: str) -> Iterator[str]:
    part, quoted = "", False
    for char in path:
        quoted ^= char == "'"
        if char == "/" and not quoted:
            yield part
            part = ""
        else:
            part += char
    yield part


def read_key(inside: str, entity_set: EntitySet, kind: Structure) -> tuple[Key, ...]:
    """The key in an address, in the order of the metadata. Raises Refusal 400 -1000."""
    given: dict[str, Value] = read("key", inside, "key")
    if "" in given:
        if len(entity_set.key) > 1:
            raise generic("The key is incomplete")
        given = {entity_set.key[0]: given[""]}
    if set(given) != set(entity_set.key):
        raise generic("The key names properties that are no keys")
    return tuple(_typed(kind, name, given[name]) for name in entity_set.key)


def _typed(kind: Structure, name: str, value: Value) -> Key:
    one = kind.properties[name]
    if one.kind == "text":
        if not value.quoted:
            raise generic(f"The key '{name}' is a text and stands in quotes")
        return str(value.value)
    found: Any = number(value.value) if not value.quoted or one.kind == "integer" else None
    if one.kind == "enum":
        return str(value.value)
    if not isinstance(found, int):
        raise generic(f"The key '{name}' is a whole number")
    return found


def shown_key(entity_set: EntitySet, key: tuple[Key, ...]) -> str:
    """A key as an address writes it."""
    if len(key) == 1:
        return _literal(key[0])
    return ",".join(f"{name}={_literal(value)}" for name, value in zip(entity_set.key, key, strict=True))


def _literal(value: Key) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
