"""The record endpoints: list, read, create, update, archive, and version 3's single associations (HubSpot §8)."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import validation
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import ALIVE, ARCHIVED, Record

from .render import Renderer, whole
from .service import Records

_BASE = "/crm/v3/objects/{name}"
_INLINE = 100  # associated ids shown within a record before its list is cut


class RecordRoutes:
    """Serves records one by one and by pages."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records

    def routes(self, routes: Routes) -> None:
        """Add the endpoints; call after those with fixed words in the id's place."""
        routes.add("GET", _BASE, self.page)
        routes.add("POST", _BASE, self.create)
        routes.add("GET", f"{_BASE}/{{ident}}", self.read)
        routes.add("PATCH", f"{_BASE}/{{ident}}", self.update)
        routes.add("DELETE", f"{_BASE}/{{ident}}", self.archive)
        routes.add("GET", f"{_BASE}/{{ident}}/associations/{{other}}", self.associated, counted="associations")
        routes.add(
            "PUT",
            f"{_BASE}/{{ident}}/associations/{{other}}/{{target}}/{{word}}",
            self.associate,
            counted="associations",
        )
        routes.add(
            "DELETE",
            f"{_BASE}/{{ident}}/associations/{{other}}/{{target}}/{{word}}",
            self.dissociate,
            counted="associations",
        )

    def page(self, call: Call, name: str) -> Reply:
        """A page in order of id; ``after`` is the next id (§8)."""
        kind = self._account.kind(name)
        history = call.listed("propertiesWithHistory")
        limit = call.number("limit", 10, 50 if history else 100)
        after = call.number("after", 0, 10**18, least=0)
        state = ARCHIVED if call.flag("archived") else ALIVE
        found = self._account.store.page(kind.id, state, after, limit + 1)
        renderer = Renderer(self._account, kind, call.listed("properties"), history)
        results = [renderer.show(record) for record in found[:limit]]
        self._with_associations(call, kind, found[:limit], results)
        answer: dict[str, Any] = {"results": results}
        if len(found) > limit:
            following = str(found[limit].id)
            answer["paging"] = {
                "next": {"after": following, "link": call.link(following, self._account.options.link_host)}
            }
        return Reply(200, answer)

    def read(self, call: Call, name: str, ident: str) -> Reply:
        """One record."""
        kind = self._account.kind(name)
        record = self._records.find(kind, ident, call.text("idProperty"), archived=call.flag("archived"))
        shown = Renderer(self._account, kind, call.listed("properties"), call.listed("propertiesWithHistory")).show(
            record
        )
        self._with_associations(call, kind, [record], [shown])
        return Reply(200, shown)

    def create(self, call: Call, name: str) -> Reply:
        """A new record: 201 with everything that has a value."""
        kind = self._account.kind(name)
        written = self._records.create(kind, call.object(), call.caller, call.edition)
        shown = whole(self._account, kind, written.record)
        if written.warnings:
            shown["warnings"] = written.warnings
        return Reply(201, shown, {"Location": f"{call.base_url}{call.path.rstrip('/')}/{written.record.id}"})

    def update(self, call: Call, name: str, ident: str) -> Reply:
        """A changed record: 200 with the system's and the touched properties."""
        kind = self._account.kind(name)
        record = self._records.find(kind, ident, call.text("idProperty"))
        written = self._records.update(kind, record, call.object().get("properties"), call.caller, call.edition)
        shown = whole(self._account, kind, written.record, sorted(written.touched))
        if written.warnings:
            shown["warnings"] = written.warnings
        return Reply(200, shown)

    def archive(self, call: Call, name: str, ident: str) -> Reply:
        """204, also for what is archived already."""
        self._records.archive_by_id(self._account.kind(name), ident, call.caller)
        return Reply(204)

    # version 3 associations of one record

    def associated(self, call: Call, name: str, ident: str, other: str) -> Reply:
        """Associated ids with the names of their types."""
        kind, target = self._account.kind(name), self._account.kind(other)
        record = self._records.find(kind, ident)
        entries, following = self._entries(
            record, target, call.number("after", 0, 10**18, least=0), call.number("limit", 500, 500)
        )
        answer: dict[str, Any] = {"results": entries}
        if following is not None:
            answer["paging"] = {
                "next": {"after": str(following), "link": call.link(str(following), self._account.options.link_host)}
            }
        return Reply(200, answer)

    def associate(self, call: Call, name: str, ident: str, other: str, target: str, word: str) -> Reply:
        """Add one association by type id or name; answers the record with its associations."""
        kind, far = self._account.kind(name), self._account.kind(other)
        record = self._records.find(kind, ident)
        named = self._records.links.types.named(kind, far, word)
        self._records.links.attach(record, self._records.links.counterpart(far, target), [named])
        shown = Renderer(self._account, kind).show(record)
        shown["associations"] = {far.association_key: {"results": self._entries(record, far, 0, _INLINE)[0]}}
        return Reply(200, shown)

    def dissociate(self, call: Call, name: str, ident: str, other: str, target: str, word: str) -> Reply:
        """Remove one association; 204 also when there is none."""
        kind, far = self._account.kind(name), self._account.kind(other)
        record = self._records.find(kind, ident)
        named = self._records.links.types.named(kind, far, word)
        self._records.links.remove(record, self._records.links.counterpart(far, target), [named])
        return Reply(204)

    # inside

    def _with_associations(
        self, call: Call, kind: ObjectType, records: list[Record], shown: list[dict[str, Any]]
    ) -> None:
        """Add ``associations`` where asked; long lists are cut and carry ``paging`` (§8)."""
        for word in call.listed("associations"):
            target = self._account.types.find(word)
            if target is None or not self._records.links.types.between(kind, target):
                raise validation(f"{word} is not a valid association type for {kind.path}", associations=[word])
            for record, entry in zip(records, shown, strict=True):
                entries, following = self._entries(record, target, 0, _INLINE)
                if entries:
                    found: dict[str, Any] = {"results": entries}
                    if following is not None:
                        link = f"{call.base_url}/crm/v3/objects/{kind.path}/{record.id}/associations/{target.path}?after={following}"
                        found["paging"] = {"next": {"after": str(following), "link": link}}
                    entry.setdefault("associations", {})[target.association_key] = found

    def _entries(
        self, record: Record, target: ObjectType, after: int, limit: int
    ) -> tuple[list[dict[str, str]], int | None]:
        found, following = self._records.links.page(record.id, target.id, after, limit)
        entries = []
        for ident, numbers in found:
            for number in numbers:
                one = self._records.links.types.by_id(number)
                if one is not None:
                    entries.append({"id": str(ident), "type": one.name})
        return entries, following
