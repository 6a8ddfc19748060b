"""What a reference points to and how it is shown: ``refName`` in REST, ``BUILTIN.DF`` in SuiteQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.catalog import Catalog

_ENTITY_NAME: Final = (
    "CASE WHEN {t}.altname IS NULL OR {t}.altname = {t}.entityid THEN {t}.entityid"
    " ELSE {t}.entityid || ' ' || {t}.altname END"
)
# What is referred to and is no record type by that name.
_OTHERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "item": ("item", "id", "COALESCE({t}.fullname, {t}.itemid)"),
    "discountItem": ("item", "id", "{t}.itemid"),
    "transaction": ("transaction", "id", "{t}.trandisplayname"),
    "entity": ("entity", "id", _ENTITY_NAME),
    "address": ("address", "nkey", "{t}.addrtext"),
    "addressBook": ("customeraddressbook", "internalid", "{t}.label"),
    "unitsTypeUnit": ("unitstypeuom", "internalid", "{t}.unitname"),
    "trackingNumber": ("trackingnumber", "id", "{t}.trackingnumber"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reference finds its record: table, key column, SQL of the shown name; ``type`` is the REST type."""

    table: str
    key: str
    name_sql: str
    type: str | None

    def display(self, ident: str) -> str:
        """SQLite expression of the shown name of the record with the id ``ident`` (an expression)."""
        return f'(SELECT {self.name_sql.format(t="x")} FROM "{self.table}" x WHERE x."{self.key}" = {ident})'


def target(catalog: Catalog, name: str | None) -> Target | None:
    """The target called so; None for an enumeration."""
    if name is None:
        return None
    if name in _OTHERS:
        return Target(*_OTHERS[name], None)
    kind = catalog.record_type(name)
    if kind is None:
        return None
    if kind.display == "entity_name":
        return Target(kind.table, "id", _ENTITY_NAME, kind.name)
    return Target(kind.table, "id", f'{{t}}."{kind.display}"', kind.name)
