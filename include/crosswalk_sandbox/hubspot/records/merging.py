"""Merging two records into a new one, and forgetting a contact (HubSpot §11)."""

from __future__ import annotations

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import HtmlRefusal, Refusal, validation
from crosswalk_sandbox.hubspot.schema.types import CONTACT, MERGEABLE, ObjectType
from crosswalk_sandbox.hubspot.store import ALIVE, Properties, Record

from .render import whole
from .service import Records

MOST_MERGED = 250


class Merging:
    """The merge and the privacy endpoints."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        routes.add("POST", "/crm/v3/objects/{name}/merge", self.merge)
        routes.add("POST", "/crm/v3/objects/{name}/gdpr-delete", self.forget)

    def merge(self, call: Call, name: str) -> Reply:
        """The surviving record: a new one, to which both old ids lead."""
        kind, body = self._account.kind(name), call.object()
        if kind.id not in MERGEABLE:
            raise validation(f"{kind.upper} objects cannot be merged")
        absent = [word for word in ("primaryObjectId", "objectIdToMerge") if body.get(word) in (None, "")]
        if absent:
            raise validation(f"Some required fields were not set: [{', '.join(absent)}]", fields=absent)
        primary = self._records.find(kind, str(body["primaryObjectId"]))
        other = self._records.find(kind, str(body["objectIdToMerge"]))
        if primary.id == other.id:
            raise validation("Cannot merge an object with itself", id=[str(primary.id)])
        idents = [*_merged(primary), *_merged(other)]
        if len(idents) > MOST_MERGED:
            raise Refusal(414, f"Cannot merge more than {MOST_MERGED} identities into one record", "VALIDATION_ERROR")
        with self._store.write():
            survivor = self._join(kind, primary, other, idents, call)
        return Reply(200, whole(self._account, kind, self._store.record(survivor.id) or survivor))

    def _join(self, kind: ObjectType, primary: Record, other: Record, idents: list[str], call: Call) -> Record:
        now = self._store.now()
        held, moved = _joined(kind, primary.properties, other.properties)
        held["hs_merged_object_ids"] = ";".join(idents)
        if kind.id == CONTACT:
            held["hs_calculated_merged_vids"] = f"{primary.id}:{now};{other.id}:{now}"
        created = min(primary.created, other.created)
        gone = [primary, other] if self._account.options.merge_new_id else [other]
        for record in gone:
            self._records.retire(record)
        if self._account.options.merge_new_id:
            survivor = Record(self._store.next_id(), kind.id, ALIVE, created, now, None, held)
        else:
            survivor = Record(primary.id, kind.id, ALIVE, created, now, None, held)
        self._store.save(survivor)
        for record in gone:
            self._lead(kind, record.id, survivor.id)
            self._store.execute("UPDATE history SET id = ? WHERE id = ?", (survivor.id, record.id))
            self._records.links.move(record, survivor)
        self._records.adopt(kind, survivor)
        self._records.told.merged(survivor, primary, other, moved, call.caller)
        for record in gone:
            self._records.told.deleted(record, call.caller)
        return survivor

    def _lead(self, kind: ObjectType, old: int, new: int) -> None:
        """Old ids, and those that led to them, lead to the new one."""
        self._store.execute("UPDATE alias SET now = ? WHERE now = ?", (new, old))
        self._store.keep("alias", old, kind.id, new)

    def forget(self, call: Call, name: str) -> Reply:
        """Delete a contact for good; 204."""
        kind = self._account.kind(name)
        if kind.id != CONTACT:
            raise HtmlRefusal(404, "Not Found")
        body = call.object()
        word = str(body.get("idProperty") or "")
        record = self._records.find(kind, str(body.get("objectId", "")), word)
        self._records.forget(kind, record, call.caller)
        return Reply(204)


def _merged(record: Record) -> list[str]:
    """The ids that a record stands for when it is merged."""
    return [*filter(None, record.properties.get("hs_merged_object_ids", "").split(";")), str(record.id)]


def _joined(kind: ObjectType, primary: Properties, other: Properties) -> tuple[Properties, int]:
    """The primary's values where set, else the other's; how many came from the other (§11)."""
    held = {**other, **primary}
    moved = sum(1 for name in other if name not in primary)
    if kind.id == CONTACT:
        listed = [
            *primary.get("hs_additional_emails", "").split(";"), other.get("email", ""), *other.get("hs_additional_emails", "").split(";"),
        ]  # fmt: skip
        more = [one for one in dict.fromkeys(listed) if one and one != held.get("email")]
        if more:
            held["hs_additional_emails"] = ";".join(more)
    return held, moved
