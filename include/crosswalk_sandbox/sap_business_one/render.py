"""Rows as the service shows them: every property of the type, in the metadata's order, in the form of v2 or v1 (SAP Business One §2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .account import Account
from .schema.model import Structure

Fill = Callable[[Mapping[str, Any]], dict[str, Any]]


@lru_cache(maxsize=4096)
def etag(version: int) -> str:
    """The ETag of a version: SHA-1 of its digits (§7)."""
    return f'W/"{hashlib.sha1(str(version).encode()).hexdigest().upper()}"'  # noqa: S324 - the vendor's way to say a version, no secret


class Renderer:
    """Completes stored rows. One for each state of the model; ask :meth:`of` for the present one."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._model = account.model
        self._fills: dict[str, Fill] = {}

    @property
    def is_current(self) -> bool:
        """Whether the model has not changed since."""
        return self._account.model is self._model

    def full(self, kind: str, body: Mapping[str, Any], version: int) -> dict[str, Any]:
        """A whole entity of v2."""
        made = self.fill(kind)(body)
        if "DataVersion" in made:
            made["DataVersion"] = version
        return made

    def chosen(self, kind: str, body: Mapping[str, Any], version: int, names: Sequence[str]) -> dict[str, Any]:
        """Some properties of an entity."""
        defaults = self._account.defaults(kind)
        structure = self._model.types[kind]
        made = {}
        for name in names:
            one = structure.properties[name]
            value = version if name == "DataVersion" else body.get(name, defaults[name])
            made[name] = self._nested(one.type, value) if one.kind == "complex" else value
        return made

    def fill(self, kind: str) -> Fill:
        """The function that completes a row of a type; compiled once."""
        found = self._fills.get(kind)
        if found is None:
            found = self._fills[kind] = self._compiled(self._model.types[kind])
        return found

    def _compiled(self, structure: Structure) -> Fill:
        template = self._account.defaults(structure.name)
        known = template.keys()
        nested = [(one.name, one.type) for one in structure.properties.values() if one.kind == "complex"]

        def fill(body: Mapping[str, Any]) -> dict[str, Any]:
            made = {**template, **body}
            if len(made) > len(template):  # a field that went away while its values stayed
                made = {name: made[name] for name in template}
            for name, kind in nested:
                if name in body:
                    made[name] = self._nested(kind, body[name])
            return made

        return fill if known else dict

    def _nested(self, kind: str, value: Any) -> Any:
        if not value:
            return value
        fill = self.fill(kind)
        return [fill(one) for one in value] if isinstance(value, list) else fill(value)

    # v1

    def old(self, kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of v2 in the form of v1: days without a time, some names otherwise (§2)."""
        structure = self._model.types[kind]
        renamed = {new: old for old, new in structure.old_names.items()}
        made = {}
        for name, value in row.items():
            one = structure.properties.get(name)
            if one is not None and one.kind == "date" and isinstance(value, str):
                value = value[:10]
            elif one is not None and one.kind == "complex" and value:
                value = self._old_nested(one.type, value)
            made[renamed.get(name, name)] = value
        return made

    def _old_nested(self, kind: str, value: Any) -> Any:
        return [self.old(kind, one) for one in value] if isinstance(value, list) else self.old(kind, value)
