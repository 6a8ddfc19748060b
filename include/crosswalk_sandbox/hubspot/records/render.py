"""Records as the API shows them (HubSpot §7, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import Record, Store

Getter = Callable[[Record], "str | None"]
_SOURCE_LABELS = {"INTEGRATION": "Integration", "CRM_UI": "HubSpot UI"}


class Renderer:
    """Shows records of one type with one choice of properties; made once for a whole page."""

    def __init__(
        self, account: Account, kind: ObjectType, properties: Sequence[str] = (), history: Sequence[str] = ()
    ) -> None:
        self._kind = kind
        self._portal = account.options.portal_id
        self._store = account.store
        known = account.definitions(kind)
        wanted = [name for name in properties if name in known] if properties else list(kind.shown)
        wanted += [name for name in history if name in known and name not in wanted]
        names = dict.fromkeys([*wanted, *kind.always])
        self._plain = [name for name in names if name not in system(kind)]
        self._system = [(name, system(kind)[name]) for name in names if name in system(kind)]
        self._history = [name for name in history if name in known]

    def show(self, record: Record) -> dict[str, Any]:
        """One record."""
        held = record.properties
        properties = {name: held.get(name) for name in self._plain}
        for name, get in self._system:
            properties[name] = get(record)
        shown = frame(record, properties, self._portal)
        if self._history:
            shown["propertiesWithHistory"] = {name: past(self._store, record, name) for name in self._history}
        return shown


def frame(record: Record, properties: Mapping[str, str | None], portal: int) -> dict[str, Any]:
    """A record around the given properties."""
    shown: dict[str, Any] = {
        "id": str(record.id),
        "properties": properties,
        "createdAt": moments.iso(record.created),
        "updatedAt": moments.iso(record.modified),
        "archived": record.archived is not None,
        "url": f"https://app.hubspot.com/contacts/{portal}/record/{record.type}/{record.id}",
    }
    if record.archived is not None:
        shown["archivedAt"] = moments.iso(record.archived)
    return shown


def whole(account: Account, kind: ObjectType, record: Record, only: Iterable[str] | None = None) -> dict[str, Any]:
    """A record after a write: every property with a value, or ``only`` those and the system's (§8)."""
    own = {name: get(record) for name, get in system(kind).items() if name in (*kind.always, "createdate")}
    held = record.properties
    chosen = held if only is None else {name: held.get(name) for name in only if name not in own}
    return frame(record, {**chosen, **own}, account.options.portal_id)


def value_of(kind: ObjectType, record: Record, name: str) -> str | None:
    """One property's text, those of the system included."""
    get = system(kind).get(name)
    return get(record) if get else record.properties.get(name)


def past(store: Store, record: Record, name: str) -> list[dict[str, Any]]:
    """A property's values, newest first (§7)."""
    rows = store.rows(
        "SELECT value, at, source, source_id, user FROM history WHERE id = ? AND property = ? ORDER BY at DESC, rowid DESC",
        (record.id, name),
    )
    if not rows and record.properties.get(name) is not None:
        rows = [(record.properties[name], record.created, "CRM_UI", "", None)]
    shown = []
    for value, at, source, ident, user in rows:
        entry = {
            "value": value, "timestamp": moments.iso(at), "sourceType": source, "sourceId": ident,
            "sourceLabel": _SOURCE_LABELS.get(source, source),
        }  # fmt: skip
        shown.append({**entry, "updatedByUserId": user} if user is not None else entry)
    return shown


def _ident(record: Record) -> str:
    return str(record.id)


def _created(record: Record) -> str:
    return moments.iso(record.created)


def _modified(record: Record) -> str:
    return moments.iso(record.modified)


def system(kind: ObjectType) -> Mapping[str, Getter]:
    """The properties kept outside of the others."""
    return {"hs_object_id": _ident, "createdate": _created, "hs_createdate": _created, kind.modified: _modified}
