"""What records are called, so that lists show names and not keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crosswalk.hub.database import Connection

_CALLED = {
    "customer": "name",
    "product": "name",
    "contact": "concat_ws(' ', first_name, last_name)",
    "deal": "name",
    "order": "number",
    "invoice": "number",
}


def names_of(connection: Connection, records: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """Return what the hub knows records to be called, by (entity, system, key); those without a name are left out."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for entity, system, key in records:
        wanted.setdefault((entity, system), set()).add(key)
    names: dict[tuple[str, str, str], str] = {}
    for (entity, system), keys in wanted.items():
        if entity in _CALLED:
            query = f'select key, {_CALLED[entity]} from hub."{entity}" where system = %s and key = any(%s)'
            rows = connection.execute(query.encode(), (system, list(keys)))
            names |= {(entity, system, key): name for key, name in rows if name}
    return names
