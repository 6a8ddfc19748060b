"""Associations, version 4 and dated: labels, directions, batches (HubSpot §16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation, wrong_shape
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.records.service import Records
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import Record

from .types import USER, AssociationType

_ONE: Final = "/crm/v4/objects/{name}/{ident}/associations"
_MANY: Final = "/crm/v4/associations/{name}/{other}"
_READ_MOST, _WRITE_MOST, _PAGE = 1_000, 2_000, 500


class AssociationRoutes:
    """Serves associations of version 4."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._links = records.links
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("PUT", "/crm/v4/objects/{name}/{ident}/associations/default/{other}/{target}", self.default),
            ("GET", f"{_ONE}/{{other}}", self.page),
            ("PUT", f"{_ONE}/{{other}}/{{target}}", self.put),
            ("DELETE", f"{_ONE}/{{other}}/{{target}}", self.delete),
            ("POST", f"{_MANY}/batch/read", self.read_many),
            ("POST", f"{_MANY}/batch/create", self.create_many),
            ("POST", f"{_MANY}/batch/associate/default", self.default_many),
            ("POST", f"{_MANY}/batch/archive", self.archive_many),
            ("POST", f"{_MANY}/batch/labels/archive", self.archive_labels),
        ):
            routes.add(methods, path, handler, counted="associations")

    # one record

    def page(self, call: Call, name: str, ident: str, other: str) -> Reply:
        """A page of what a record is associated with."""
        kind, far = self._account.kind(name), self._account.kind(other)
        record = self._records.find(kind, ident)
        found, following = self._links.page(
            record.id, far.id, call.number("after", 0, 10**18, least=0), call.number("limit", _PAGE, _PAGE)
        )
        answer: dict[str, Any] = {"results": [self._shown(target, numbers) for target, numbers in found]}
        if following is not None:
            answer["paging"] = {
                "next": {"after": str(following), "link": call.link(str(following), self._account.options.link_host)}
            }
        return Reply(200, answer)

    def default(self, call: Call, name: str, ident: str, other: str, target: str) -> Reply:
        """The unlabelled association; both directions are told."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started = self._store.now()
        results = self._default(kind, far, self._records.find(kind, ident), target)
        return finished(self._account, started, results, [], "")

    def put(self, call: Call, name: str, ident: str, other: str, target: str) -> Reply:
        """Set the labels between two records: 201."""
        kind, far = self._account.kind(name), self._account.kind(other)
        specs = call.json()
        types = self._links.types.asked(kind, far, specs)
        record = self._records.find(kind, ident)
        counterpart = self._links.counterpart(far, target)
        now = self._links.replace(record, counterpart, types)
        return Reply(201, self._labels(kind, far, record, counterpart, now))

    def delete(self, call: Call, name: str, ident: str, other: str, target: str) -> Reply:
        """Remove all labels between two records: 204, also when there are none."""
        kind, far = self._account.kind(name), self._account.kind(other)
        record = self._records.find(kind, ident)
        found = self._store.record(int(target)) if target.isdigit() else None
        if found is not None and found.type == far.id:
            self._links.detach(record, found)
        return Reply(204)

    # many

    def read_many(self, call: Call, name: str, other: str) -> Reply:
        """What many records are associated with; those without are errors of a 207, which is normal."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started, results, errors = self._store.now(), [], []
        for item in call.inputs(_READ_MOST):
            ident = str(item.get("id", ""))
            after = str(item.get("after") or "0")
            found, following = (
                self._links.page(int(ident), far.id, int(after) if after.isdigit() else 0, _PAGE)
                if ident.isdigit()
                else ([], None)
            )
            if not found:
                errors.append(no_associations(kind, far, ident))
                continue
            entry: dict[str, Any] = {
                "from": {"id": ident},
                "to": [self._shown(target, numbers) for target, numbers in found],
            }
            if following is not None:
                link = f"{call.base_url}/crm/v4/objects/{kind.path}/{ident}/associations/{far.path}?after={following}"
                entry["paging"] = {"next": {"after": str(following), "link": link}}
            results.append(entry)
        return finished(self._account, started, results, errors, call.edition)

    def create_many(self, call: Call, name: str, other: str) -> Reply:
        """Labels added between many pairs."""
        kind, far = self._account.kind(name), self._account.kind(other)

        def add(item: Mapping[str, Any]) -> list[Any]:
            types = self._links.types.asked(kind, far, item.get("types"))
            source, target = self._pair(kind, far, item)
            return [self._labels(kind, far, source, target, self._links.attach(source, target, types))]

        return self._each(call, add, status=201)

    def default_many(self, call: Call, name: str, other: str) -> Reply:
        """The unlabelled association between many pairs."""
        kind, far = self._account.kind(name), self._account.kind(other)

        def add(item: Mapping[str, Any]) -> list[Any]:
            source, target = self._pair(kind, far, item)
            return self._default(kind, far, source, str(target.id))

        return self._each(call, add)

    def archive_many(self, call: Call, name: str, other: str) -> Reply:
        """Everything removed between many pairs: 204; dated versions answer 200 with a body."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started = self._store.now()
        with self._store.write():
            for item in call.inputs(_WRITE_MOST):
                ends = item.get("to")
                if not isinstance(ends, list):
                    raise wrong_shape("java.util.List<com.hubspot.PublicObjectId>", ends)
                for end in ends:
                    source, target = self._loose(kind, item.get("from")), self._loose(far, end)
                    if source is not None and target is not None:
                        self._links.detach(source, target)
        return finished(self._account, started, [], [], call.edition) if call.edition else Reply(204)

    def archive_labels(self, call: Call, name: str, other: str) -> Reply:
        """Some labels removed between many pairs: 204."""
        kind, far = self._account.kind(name), self._account.kind(other)
        with self._store.write():
            for item in call.inputs(_WRITE_MOST):
                types = self._links.types.asked(kind, far, item.get("types"))
                source, target = self._loose(kind, item.get("from")), self._loose(far, item.get("to"))
                if source is not None and target is not None:
                    self._links.remove(source, target, types)
        return Reply(204)

    # inside

    def _each(self, call: Call, step: Callable[[Mapping[str, Any]], list[Any]], status: int = 200) -> Reply:
        started, results, errors = self._store.now(), [], []
        for item in call.inputs(_WRITE_MOST):
            try:
                with self._store.write():
                    results += step(item)
            except Refusal as refusal:
                if refusal.status != 400 or refusal.category is None:
                    raise
                errors.append(refusal.entry())
        if errors and not results and len(errors) == 1:
            first = errors[0]
            raise Refusal(400, first["message"], first["category"], context=first["context"], errors=first["errors"])
        return finished(self._account, started, results, errors, call.edition, status)

    def _default(self, kind: ObjectType, far: ObjectType, source: Record, target: str) -> list[Any]:
        plain = self._links.types.plain(kind, far)
        counterpart = self._links.counterpart(far, target)
        self._links.attach(source, counterpart, [plain])
        back = self._links.types.by_id(plain.inverse)
        return [
            _direction(one, two, way)
            for one, two, way in ((source, counterpart, plain), (counterpart, source, back))
            if way is not None
        ]

    def _pair(self, kind: ObjectType, far: ObjectType, item: Mapping[str, Any]) -> tuple[Record, Record]:
        return self._links.counterpart(kind, end_id(item.get("from"))), self._links.counterpart(
            far, end_id(item.get("to"))
        )

    def _loose(self, kind: ObjectType, end: Any) -> Record | None:
        ident = end_id(end)
        found = self._store.record(int(ident)) if ident.isdigit() else None
        return found if found is not None and found.type == kind.id else None

    def _number(self, ident: int) -> int | str:
        return ident if self._account.options.association_ids == "number" else str(ident)

    def _shown(self, target: int, numbers: list[int]) -> dict[str, Any]:
        types = [one.shown() for number in numbers if (one := self._links.types.by_id(number))]
        return {"toObjectId": self._number(target), "associationTypes": types}

    def _labels(
        self, kind: ObjectType, far: ObjectType, source: Record, target: Record, types: list[AssociationType]
    ) -> dict[str, Any]:
        return {
            "fromObjectTypeId": kind.id, "fromObjectId": self._number(source.id), "toObjectTypeId": far.id,
            "toObjectId": self._number(target.id), "labels": [one.label for one in types if one.label is not None],
        }  # fmt: skip


def end_id(end: Any) -> str:
    """The id of one end of an association. Raises Refusal 400 for another shape."""
    if not isinstance(end, dict):
        raise wrong_shape("com.hubspot.PublicObjectId", end)
    return str(end.get("id", ""))


def _direction(source: Record, target: Record, way: AssociationType) -> dict[str, Any]:
    return {
        "from": {"id": str(source.id)}, "to": {"id": str(target.id)},
        "associationSpec": {"associationCategory": way.category, "associationTypeId": way.id},
    }  # fmt: skip


def no_associations(kind: ObjectType, far: ObjectType, ident: str) -> dict[str, Any]:
    """The entry for a record without associations, which is no failure (§16)."""
    refusal = missing(
        f"No {far.singular} is associated with {kind.singular} {ident}.",
        fromObjectId=[ident],
        fromObjectType=[kind.singular],
        toObjectType=[far.singular],
    )
    refusal.sub_category = "crm.associations.NO_ASSOCIATIONS_FOUND"
    return refusal.entry()


class LabelRoutes:
    """Serves labels and cardinality limits."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._types = records.links.types
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints; call before those of the associations."""
        limits = "/crm/v4/associations/definitions/configurations"
        for methods, path, handler in (
            ("GET", f"{limits}/all", self.all_limits),
            ("GET", f"{limits}/{{name}}/{{other}}", self.limits),
            ("POST", f"{limits}/{{name}}/{{other}}/batch/create", self.set_limits),
            ("POST", f"{limits}/{{name}}/{{other}}/batch/update", self.set_limits),
            ("POST", f"{limits}/{{name}}/{{other}}/batch/purge", self.purge_limits),
            ("GET", f"{_MANY}/labels", self.labels),
            ("POST", f"{_MANY}/labels", self.add),
            ("PUT", f"{_MANY}/labels", self.rename),
            ("DELETE", f"{_MANY}/labels/{{number:d}}", self.remove),
        ):
            routes.add(methods, path, handler, counted="associations")

    def labels(self, call: Call, name: str, other: str) -> Reply:
        """The types of a direction; the unlabelled one has ``label`` null."""
        found = self._types.between(self._account.kind(name), self._account.kind(other))
        return Reply(200, {"results": [one.shown() for one in found]})

    def add(self, call: Call, name: str, other: str) -> Reply:
        """A label: both directions' types."""
        made = self._types.add_label(self._account.kind(name), self._account.kind(other), call.object())
        return Reply(200, {"results": [one.shown() for one in made]})

    def rename(self, call: Call, name: str, other: str) -> Reply:
        """A label's new text: 204."""
        body = call.object()
        one = self._own(name, other, str(body.get("associationTypeId", "")))
        with self._store.write() as connection:
            connection.execute(
                "UPDATE association_type SET label = ? WHERE id = ?", (body.get("label") or one.label, one.id)
            )
            if body.get("inverseLabel"):
                connection.execute(
                    "UPDATE association_type SET label = ? WHERE id = ?", (body["inverseLabel"], one.inverse)
                )
        return Reply(204)

    def remove(self, call: Call, name: str, other: str, number: str) -> Reply:
        """Delete a label and take it off every pair: 204."""
        one = self._own(name, other, number)
        with self._store.write() as connection:
            for ident in {one.id, one.inverse}:
                connection.execute("DELETE FROM association WHERE type = ?", (ident,))
                connection.execute("DELETE FROM association_type WHERE id = ?", (ident,))
        return Reply(204)

    def limits(self, call: Call, name: str, other: str) -> Reply:
        """The limits set between two objects."""
        wanted = {one.id for one in self._types.between(self._account.kind(name), self._account.kind(other))}
        return Reply(200, {"results": [one for one in self._limits() if one["typeId"] in wanted]})

    def all_limits(self, call: Call) -> Reply:
        """Every limit of the account."""
        return Reply(200, {"results": self._limits()})

    def set_limits(self, call: Call, name: str, other: str) -> Reply:
        """Limits, new (201) or changed (200)."""
        kind, far = self._account.kind(name), self._account.kind(other)
        started, results = self._store.now(), []
        with self._store.write():
            for item in call.inputs():
                spec = {"associationCategory": item.get("category"), "associationTypeId": item.get("typeId")}
                [one] = self._types.asked(kind, far, [spec])
                most = item.get("maxToObjectIds")
                if not isinstance(most, int) or most < 1:
                    raise validation("maxToObjectIds must be a positive number")
                self._store.keep("association_limit", one.id, one.category, most)
                results.append(
                    {"typeId": one.id, "category": one.category, "userEnforcedMaxToObjectIds": most, "label": one.label}
                )
        return finished(
            self._account, started, results, [], call.edition, 201 if call.path.rstrip("/").endswith("create") else 200
        )

    def purge_limits(self, call: Call, name: str, other: str) -> Reply:
        """Limits taken away: 204."""
        for item in call.inputs():
            self._store.execute(
                "DELETE FROM association_limit WHERE type = ? AND category = ?",
                (item.get("typeId"), item.get("category")),
            )
        return Reply(204)

    def _limits(self) -> list[dict[str, Any]]:
        found = []
        for number, category, most in self._store.rows(
            "SELECT type, category, most FROM association_limit ORDER BY type"
        ):
            one = self._types.by_id(number)
            found.append(
                {
                    "typeId": number,
                    "category": category,
                    "userEnforcedMaxToObjectIds": most,
                    "label": one.label if one else None,
                }
            )
        return found

    def _own(self, name: str, other: str, number: str) -> AssociationType:
        kind, far = self._account.kind(name), self._account.kind(other)
        one = self._types.by_id(int(number)) if number.isdigit() else None
        if one is None or (one.source, one.target) != (kind.id, far.id):
            raise missing(f"Association type {number} does not exist", associationTypeId=[number])
        if one.category != USER:
            raise validation("Only labels of the account can be changed", associationTypeId=[number])
        return one
