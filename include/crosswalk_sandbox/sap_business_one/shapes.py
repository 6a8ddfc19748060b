"""Whole rows as they are written out: hundreds of properties that are nearly all at their defaults (SAP Business One §2, §4, §15).

Rows of a set hold the same few properties mostly. For each such choice the runs of defaults between them are made text once, so that
a row costs what it holds and not what its type could.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import orjson

from .schema.model import Structure

_MOST: Final = 4_096
VERSION: Final = "DataVersion"


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows that hold the same properties are written.

    ``template`` has a row's properties in the metadata's order, with a piece of text in the place of each run of defaults.
    """

    template: Mapping[str, Any]
    nested: tuple[tuple[str, str, str], ...]
    """Property, its name here, its type."""
    days: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]
    """What rows still hold of properties that the type has no longer."""


Asked = tuple[str, str, Any, str, bool]
"""A property that was asked for: its name, its name here, its default, its type where it is complex, whether it is a day."""


class Shapes:
    """Writes rows in the form of one version of the protocol."""

    def __init__(
        self, structure_of: Callable[[str], Structure], defaults: Callable[[str], Mapping[str, Any]], *, old: bool
    ) -> None:
        self._structure_of = structure_of
        self._defaults = defaults
        self._old = old
        self.keeps_values = not old
        """Whether values are shown as they are kept: of days, the old version shows a part."""
        self._known: dict[str, dict[tuple[str, ...], Shape]] = {}
        self._plans: dict[tuple[str, tuple[str, ...]], tuple[Asked, ...]] = {}

    def entity(self, kind: str, body: Mapping[str, Any], version: int) -> dict[str, Any]:
        """A whole entity; only ``orjson.dumps`` can write it."""
        return self._row(kind, {**body, VERSION: version} if VERSION in self._defaults(kind) else body)

    def chosen(self, kind: str, body: Mapping[str, Any], version: int, names: tuple[str, ...]) -> dict[str, Any]:
        """Some properties of an entity, in the order they were asked for."""
        plan = self._plans.get((kind, names))
        if plan is None:
            if len(self._plans) >= _MOST:
                self._plans.clear()
            plan = self._plans[kind, names] = self._plan(kind, names)
        made = {}
        for name, shown, default, inner, is_day in plan:
            value = version if name == VERSION else body.get(name, default)
            if is_day and isinstance(value, str):
                value = value[:10]
            made[shown] = self.nested(inner, value) if inner else value
        return made

    def nested(self, kind: str, value: Any) -> Any:
        """A complex value, or all of a collection."""
        if not value:
            return value
        return [self._row(kind, one) for one in value] if isinstance(value, list) else self._row(kind, value)

    def _row(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = {}
        names = tuple(body)
        shape = known.get(names)
        if shape is None:
            if len(known) >= _MOST:
                known.clear()
            shape = known[names] = self._shape(kind, frozenset(names))
        made = {**shape.template, **body}
        for name in shape.gone:
            del made[name]
        for name, shown in shape.renamed:
            made[shown] = made.pop(name)
        for name, shown, inner in shape.nested:
            made[shown] = self.nested(inner, body[name])
        for name in shape.days:
            value = made[name]
            made[name] = value[:10] if isinstance(value, str) else value
        return made

    def _shape(self, kind: str, held: frozenset[str]) -> Shape:
        structure, defaults = self._structure_of(kind), self._defaults(kind)
        template: dict[str, Any] = {}
        for is_held, names in groupby(defaults, lambda name: name in held):
            if is_held:
                template |= {self._name(structure, name): None for name in names}
            else:
                first, *rest = names
                text = b"".join(
                    b",%b:%b" % (orjson.dumps(self._name(structure, name)), self._default(structure, defaults, name))
                    for name in rest
                )
                template[self._name(structure, first)] = orjson.Fragment(
                    self._default(structure, defaults, first) + text
                )
        own = [one for one in structure.properties.values() if one.name in held and one.name in defaults]
        shown = {one.name: self._name(structure, one.name) for one in own}
        return Shape(
            template,
            tuple((one.name, shown[one.name], one.type) for one in own if one.kind == "complex"),
            tuple(shown[one.name] for one in own if one.kind == "date" and self._old),
            tuple((name, other) for name, other in shown.items() if name != other),
            tuple(held - defaults.keys()),
        )

    def _plan(self, kind: str, names: tuple[str, ...]) -> tuple[Asked, ...]:
        structure, defaults = self._structure_of(kind), self._defaults(kind)
        asked = []
        for name in names:
            one = structure.properties[name]
            inner = one.type if one.kind == "complex" else ""
            asked.append((name, self._name(structure, name), defaults[name], inner, self._old and one.kind == "date"))
        return tuple(asked)

    def _name(self, structure: Structure, name: str) -> str:
        """A property's name: v1 has some of its own (§2)."""
        return name.removesuffix("Property") if self._old and name in structure.old_names.values() else name

    def _default(self, structure: Structure, defaults: Mapping[str, Any], name: str) -> bytes:
        value = defaults[name]
        is_day = self._old and isinstance(value, str) and structure.properties[name].kind == "date"
        return orjson.dumps(value[:10] if is_day else value)
