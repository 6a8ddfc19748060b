"""Entities over HTTP: one by key, lists, creating, changing, deleting (SAP Business One §4 to §7)."""

from __future__ import annotations

from typing import Any, Final

from . import documents
from .account import Account
from .account_desk import AccountDesk
from .calls import Call, Reply
from .desk import Row
from .errors import Diverted, Refusal, exists, generic, logic, missing_entity, modified, unknown_path, unsupported
from .listing import Listing
from .payloads import Payloads
from .render import Renderer, etag
from .resources import shown_key
from .rules import Rules, first_rows, new_key
from .store import Key

DOCUMENT_SETS: Final = frozenset(
    {"Quotations", "Orders", "DeliveryNotes", "Returns", "ReturnRequest", "Invoices", "CreditNotes", "DownPayments", "Drafts",
     "IncomingPayments", "PaymentDrafts"}
)  # fmt: skip
CLOSED_SETS: Final = frozenset({"B1Sessions"})
_SERIES_SETS: Final = {"BusinessPartners": {"cCustomer": "C", "cLid": "L", "cSupplier": "V"}, "Items": {"": "I"}}
_SCHEMA_SETS: Final = ("UserFieldsMD", "UserTablesMD", "UserObjectsMD")


class Entities:
    """What can be done with the entities of every set."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._renderer: Renderer | None = None
        self.rules = Rules(account)
        self.listing = Listing(account, self)

    @property
    def renderer(self) -> Renderer:
        """Completes rows by the present model."""
        if self._renderer is None or not self._renderer.is_current:
            self._renderer = Renderer(self._account)
        return self._renderer

    # reading

    def found(self, entity_set: str, key: tuple[Key, ...]) -> tuple[int, Row]:
        """Version and row. Raises Refusal 404."""
        held = self._account.get(entity_set, key)
        if held is None:
            raise missing_entity(shown_key(self._account.model.sets[entity_set], key))
        return held

    def get(self, call: Call, entity_set: str, key: tuple[Key, ...]) -> Reply:
        """One entity; its ETag only where it is whole (§7)."""
        version, row = self.found(entity_set, key)
        chosen = call.option("$select") is not None
        shown = self.listing.shown(call, entity_set, [(0, version, row)])[0]
        tagged = self._account.model.sets[entity_set].etag and not chosen
        headers = {"ETag": etag(version)} if tagged else {}
        return Reply(200, {**call.single(entity_set), **shown}, headers)

    def property(self, call: Call, entity_set: str, key: tuple[Key, ...], name: str, *, raw: bool) -> Reply:
        """One simple property, as JSON or as bare text (§4)."""
        version, row = self.found(entity_set, key)
        kind = self._account.model.type_of(entity_set)
        one = kind.properties.get(name)
        if one is None:
            raise unknown_path()
        if one.kind == "complex" or one.collection:
            raise generic(f"Property '{name}' is not a simple property")
        [value] = self.renderer.shapes(call.version).chosen(kind.name, row, version, (name,)).values()
        if raw:
            return Reply(200, "" if value is None else str(value), content_type="text/plain;charset=utf-8")
        return Reply(
            200,
            {
                **call.context(f"{entity_set}({shown_key(self._account.model.sets[entity_set], key)})/{name}"),
                "value": value,
            },
        )

    # writing

    def create(self, call: Call, entity_set: str) -> Reply:
        """POST: 201 with the entity, or 204 without (§4)."""
        made = self.add(call, entity_set, call.object())
        if isinstance(made, Diverted):
            if call.wants_no_content:
                return Reply(204, None, {"Preference-Applied": "return-no-content"})
            raise Refusal(self._account.options.diverted_status, made.code, made.message)
        place = f"{entity_set}({shown_key(self._account.model.sets[entity_set], made)})"
        headers = {"Location": call.location(place)}
        if call.wants_no_content:
            return Reply(204, None, {**headers, "Preference-Applied": "return-no-content"})
        version, row = self.found(entity_set, made)
        if self._account.model.sets[entity_set].etag:
            headers["ETag"] = etag(version)
        bare = Call(call.method, call.path, call.version, call.root)
        shown = self.listing.shown(bare, entity_set, [(0, version, row)])[0]
        return Reply(201, {**call.single(entity_set), **shown}, headers)

    def add(self, call: Call, entity_set: str, given: Any) -> tuple[Key, ...] | Diverted:
        """Save a new entity; its key, or the draft that an approval procedure made of it."""
        if entity_set in CLOSED_SETS:
            raise unsupported()
        row = Payloads(self._account, call.version).read(self._account.model.sets[entity_set].type, given)
        desk = self.desk(call)
        with self._account.store.write():
            if entity_set in DOCUMENT_SETS:
                try:
                    made = documents.add(entity_set, row, desk)
                except Diverted as diverted:
                    return diverted
                self._account.notify(entity_set, "A", made)
                return self._account.key_of(entity_set, made)
            key = self._added(entity_set, row, desk)
            self._account.notify(entity_set, "A", desk.read(entity_set, *key) or {})
            return key

    def _added(self, entity_set: str, row: Row, desk: AccountDesk) -> tuple[Key, ...]:
        row = {name: value for name, value in row.items() if value is not None}
        kind = self._account.model.type_of(entity_set)
        if entity_set not in _SCHEMA_SETS:
            self._give_key(entity_set, row, desk)
        for name in [
            name for name in row if kind.properties[name].collection and kind.properties[name].kind == "complex"
        ]:
            row[name] = first_rows(name, row[name], str(row.get("CardCode", "")))
        row = self.rules.saved(entity_set, desk, row, None)
        absent = next((name for name in kind.key if row.get(name) in (None, "")), None)
        if absent is not None:
            raise Refusal(400, -5002, f"Enter a value in '{absent}'")
        key = self._account.key_of(entity_set, row)
        if self._account.get(entity_set, key) is not None:
            raise _taken(entity_set, key)
        desk.save(entity_set, row)
        if entity_set in _SCHEMA_SETS:
            self._account.forget()
        return key

    def _give_key(self, entity_set: str, row: Row, desk: AccountDesk) -> None:
        """Numbers are given by the company, codes by whoever creates or by a series (§15)."""
        if (
            entity_set in _SERIES_SETS
            and not row.get(self._account.model.sets[entity_set].key[0])
            and row.get("Series")
        ):
            row[self._account.model.sets[entity_set].key[0]] = new_key(entity_set, desk, row, _SERIES_SETS[entity_set])
        elif self._account.numbered(entity_set) and entity_set not in ("PaymentTermsTypes",):
            row[self._account.model.sets[entity_set].key[0]] = desk.next_entry(entity_set)
        elif self._account.numbered(entity_set):
            row.setdefault(self._account.model.sets[entity_set].key[0], desk.next_entry(entity_set))

    def change(self, call: Call, entity_set: str, key: tuple[Key, ...], *, whole: bool = False) -> Reply:
        """PATCH, MERGE: differential. PUT (``whole``): what is left out goes (§4). 204 without an ETag."""
        if entity_set in CLOSED_SETS:
            raise unsupported()
        structure = self._account.model.type_of(entity_set)
        given = Payloads(self._account, call.version).read(structure.name, call.object(), keys=False)
        replace = call.flag("b1s-replacecollectionsonpatch")
        desk = self.desk(call)
        diverted = None
        with self._account.store.write():
            version, before = self.found(entity_set, key)
            self._unmodified(call, entity_set, version)
            if entity_set in DOCUMENT_SETS:
                try:
                    documents.amend(entity_set, before, given, desk, replace=replace)
                except Diverted as refusal:
                    diverted = refusal
            elif entity_set == "ApprovalRequests":
                documents.decide(before, given, desk)
            else:
                base = _bare(before, structure.key) if whole else before
                row = self.rules.changed(entity_set, desk, base, given, replace=replace or whole)
                desk.save(entity_set, self.rules.saved(entity_set, desk, row, before))
            self._account.notify(entity_set, "U", desk.read(entity_set, *key) or {})
            if entity_set in _SCHEMA_SETS:
                self._account.forget()
        if diverted is not None and not call.wants_no_content:
            raise Refusal(self._account.options.diverted_status, diverted.code, diverted.message)
        return Reply(204)

    def delete(self, call: Call, entity_set: str, key: tuple[Key, ...]) -> Reply:
        """DELETE; never a posted document (§4)."""
        if entity_set in CLOSED_SETS:
            raise unsupported()
        desk = self.desk(call)
        with self._account.store.write():
            version, row = self.found(entity_set, key)
            self._unmodified(call, entity_set, version)
            if entity_set in DOCUMENT_SETS:
                documents.remove(entity_set, row, desk)
                return Reply(204)
            self.rules.check_delete(entity_set, desk, row)
            desk.delete(entity_set, *key)
            if entity_set in _SCHEMA_SETS:
                self._account.forget()
        return Reply(204)

    def desk(self, call: Call) -> AccountDesk:
        """The desk of the caller."""
        return self._account.desk(call.session.user if call.session else "manager")

    def _unmodified(self, call: Call, entity_set: str, version: int) -> None:
        """Raises Refusal 412 for an old ETag; inside a batch nobody looks (§7)."""
        given = call.headers.get("if-match")
        if given is None or given == "*" or (call.in_batch and not self._account.options.etag_in_batch):
            return
        if self._account.model.sets[entity_set].etag and given != etag(version):
            raise modified()

    def unmodified(self, call: Call, entity_set: str, version: int) -> None:
        """The same for actions."""
        self._unmodified(call, entity_set, version)


def _bare(row: Row, key: tuple[str, ...]) -> Row:
    kept = (*key, "CreateDate", "CreateTime", "CardType", "Currency")
    return {name: row[name] for name in kept if name in row}


def _taken(entity_set: str, key: tuple[Key, ...]) -> Refusal:
    if entity_set == "BusinessPartners":
        text = f"Business partner code '{key[0]}' already assigned to a business partner; enter a unique business partner code"
        return logic(1320000140, text)
    if entity_set == "Items":
        return Refusal(400, -10, f"Item code '{key[0]}' already exists")
    return exists()
