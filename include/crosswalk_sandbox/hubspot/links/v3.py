"""Associations, version 3: batches with types by name (HubSpot §16)."""

from __future__ import annotations

from typing import Any, Final

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.records.service import Records

from .v4 import end_id, no_associations

_MANY: Final = "/crm/v3/associations/{name}/{other}"
_MOST: Final = 2_000
_SHOWN: Final = 1_000  # no paging of long lists in practice


class OldAssociationRoutes:
    """Serves associations of version 3."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._links = records.links
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("POST", f"{_MANY}/batch/create", self.create), ("POST", f"{_MANY}/batch/read", self.read),
            ("POST", f"{_MANY}/batch/archive", self.archive), ("GET", f"{_MANY}/types", self.types),
        ):  # fmt: skip
            routes.add(methods, path, handler, counted="associations")

    def types(self, call: Call, name: str, other: str) -> Reply:
        """The types of a direction by name."""
        found = self._links.types.between(self._account.kind(name), self._account.kind(other))
        return Reply(200, {"results": [{"id": str(one.id), "name": one.name} for one in found]})

    def create(self, call: Call, name: str, other: str) -> Reply:
        """Associations between many pairs: 201, 207 with errors."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started, results, errors = self._store.now(), [], []
        for item in call.inputs(_MOST):
            try:
                with self._store.write():
                    one = self._links.types.named(kind, far, str(item.get("type", "")))
                    source = self._links.counterpart(kind, end_id(item.get("from")))
                    target = self._links.counterpart(far, end_id(item.get("to")))
                    self._links.attach(source, target, [one])
            except Refusal as refusal:
                if refusal.category is None:
                    raise
                errors.append(refusal.entry())
            else:
                results.append({"from": {"id": str(source.id)}, "to": {"id": str(target.id)}, "type": one.name})
        return finished(self._account, started, results, errors, call.edition, 201)

    def read(self, call: Call, name: str, other: str) -> Reply:
        """What many records are associated with."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started, results, errors = self._store.now(), [], []
        for item in call.inputs(_MOST):
            ident = str(item.get("id", ""))
            found = self._links.page(int(ident), far.id, 0, _SHOWN)[0] if ident.isdigit() else []
            ends: list[dict[str, Any]] = []
            for target, numbers in found:
                ends += [
                    {"id": str(target), "type": one.name}
                    for number in numbers
                    if (one := self._links.types.by_id(number))
                ]
            if ends:
                results.append({"from": {"id": ident}, "to": ends})
            else:
                errors.append(no_associations(kind, far, ident))
        return finished(self._account, started, results, errors, call.edition)

    def archive(self, call: Call, name: str, other: str) -> Reply:
        """Types removed between many pairs: 204."""
        kind, far = self._account.kind(name), self._account.kind(other)
        for item in call.inputs(_MOST):
            one = self._links.types.named(kind, far, str(item.get("type", "")))
            source, target = (
                self._store.record(int(ident)) if ident.isdigit() else None
                for ident in (end_id(item.get("from")), end_id(item.get("to")))
            )
            if source is not None and target is not None:
                self._links.remove(source, target, [one])
        return Reply(204)
