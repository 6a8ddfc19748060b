"""The record service's requests (NetSuite §5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import (
    Refusal,
    invalid_parameter,
    invalid_value,
    method_not_allowed,
    permission,
    record_changed,
    required,
    unknown_record,
    unknown_type,
    user_error,
)
from crosswalk_sandbox.netsuite.exchange import Answer, Call
from crosswalk_sandbox.netsuite.records.deletion import Deletion
from crosswalk_sandbox.netsuite.records.draft import Draft, Drafter, Validation
from crosswalk_sandbox.netsuite.records.listing import Listing
from crosswalk_sandbox.netsuite.records.render import RECORDS, Renderer, Style
from crosswalk_sandbox.netsuite.records.rules import Rules, created_column
from crosswalk_sandbox.netsuite.records.sublists import Sublists
from crosswalk_sandbox.netsuite.records.subresources import Subresources
from crosswalk_sandbox.netsuite.records.values import Reader
from crosswalk_sandbox.netsuite.sales.desk import Desk
from crosswalk_sandbox.netsuite.suiteql.visibility import condition

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.language import RecordType
    from crosswalk_sandbox.netsuite.store import Row, Store

_NEEDED: Final = {"GET": "Edit", "POST": "Create", "PATCH": "Edit", "PUT": "Edit", "DELETE": "Full"}
_VENDOR_TAKES: Final = (
    "companyname",
    "altname",
    "isperson",
    "firstname",
    "lastname",
    "email",
    "phone",
    "subsidiary",
    "currency",
)
Handler = Callable[[Call, "RecordType"], Answer]


class Records:
    """Lists, reads and writes records."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.renderer = Renderer(store)
        self._listing = Listing(store)
        self._subresources = Subresources(store, self.renderer)
        self._drafter = Drafter(Reader(store), store.catalog.address)
        self._rules = Rules(store)
        self._sublists = Sublists(store)
        self._desk = Desk(store, self._sublists)
        self._deletion = Deletion(store, self._desk)
        self.conflicts = 0
        """How many of the next updates are to find that the record has been changed."""
        self._changes: dict[tuple[str, int], int] = {}

    # addresses of records

    def type_of(self, call: Call) -> RecordType:
        """The record type in the path; raises 404."""
        name = call.segments[4]
        kind = self._store.catalog.record_type(name)
        if kind is None:
            raise unknown_type(name, call.path)
        return kind

    def resolve(self, call: Call, kind: RecordType, ident: str) -> Row:
        """The stored record behind an id or ``eid:`` external id, as the role sees it; raises 404, or 400 for transactions."""
        number = self._number(kind, ident)
        row = self.renderer.row(kind, number) if number is not None else None
        if row is None or not self._visible(call, kind, row["id"]):
            raise unknown_record(is_transaction=kind.is_transaction)
        return row

    def allow(self, call: Call, kind: RecordType, level: str) -> None:
        """Raise 403 unless the role holds the type's permission at that level."""
        if not call.caller.role.may(kind.permission, level):
            raise permission(
                f"Lists -> {kind.permission}" if not kind.is_transaction else f"Transactions -> {kind.permission}"
            )

    def _number(self, kind: RecordType, ident: str) -> int | None:
        if ident.startswith("eid:"):
            return self._holder(kind, ident[4:])
        return int(ident) if ident.lstrip("-").isdigit() else None

    def _visible(self, call: Call, kind: RecordType, ident: int) -> bool:
        limited = condition(kind.table, call.caller.role)
        if limited is None:
            return True
        return self._store.value(f'SELECT 1 FROM "{kind.table}" WHERE id = ? AND {limited}', (ident,)) is not None

    # reading

    def list(self, call: Call, kind: RecordType) -> Answer:
        """``GET /{type}``."""
        self.allow(call, kind, "View")
        return self._listing.page(call, kind)

    def get(self, call: Call, kind: RecordType, ident: str) -> Answer:
        """``GET /{type}/{id}``; the record is opened in edit mode, so looking needs the edit permission (NetSuite §1)."""
        self.allow(call, kind, _NEEDED["GET"])
        row = self.resolve(call, kind, ident)
        self._check_lock(kind, row["id"])
        style = self.style(call)
        only = self._only(call, kind, style)
        body = self.renderer.record(kind, row, self.address(call, row["id"]), style, only)
        body["links"] = [{"rel": "self", "href": call.url, "method": "GET"}]
        return Answer(200, body)

    def subresource(self, call: Call, kind: RecordType, ident: str, rest: tuple[str, ...]) -> Answer:
        """``GET /{type}/{id}/{sub…}`` (NetSuite §5.4)."""
        if call.method != "GET":
            raise method_not_allowed(call.method)
        self.allow(call, kind, _NEEDED["GET"])
        row = self.resolve(call, kind, ident)
        return self._subresources.get(call, kind, row, rest, self.address(call, row["id"]), self.style(call))

    def style(self, call: Call) -> Style:
        """How the answer is wanted."""
        return Style(call.base_url + RECORDS, call.flag("expandSubResources"), call.flag("simpleEnumFormat"))

    def address(self, call: Call, ident: int) -> str:
        """URL of a record in the caller's spelling of the type."""
        return f"{call.base_url}{RECORDS}/{call.segments[4]}/{ident}"

    def _only(self, call: Call, kind: RecordType, style: Style) -> set[str] | None:
        given = call.query.get("fields")
        if given is None:
            return None
        if style.expand:
            raise invalid_parameter(
                "fields", "The parameters 'fields' and 'expandSubResources' cannot be used together."
            )
        names = {name.strip().lower() for name in given.split(",") if name.strip()}
        known = {*kind.fields, *kind.sublists, *kind.subrecords, "links"}
        for name in sorted(names - known):
            raise invalid_parameter("fields", f"Unknown field name '{name}' in the query parameter 'fields'.")
        return names

    def _check_lock(self, kind: RecordType, ident: int) -> None:
        if self._store.value("SELECT 1 FROM lock WHERE type = ? AND id = ?", (kind.name, ident)) is not None:
            raise user_error("This record has been locked by a user defined workflow.")

    # writing

    def create(self, call: Call, kind: RecordType) -> Answer:
        """``POST /{type}``."""
        self.allow(call, kind, _NEEDED["POST"])
        self._writable(call, kind)
        draft = self.draft(call, kind)
        with self._store.write():
            ident = self.insert(draft)
        return self._done(call, ident, draft)

    def update(self, call: Call, kind: RecordType, ident: str) -> Answer:
        """``PATCH /{type}/{id}``."""
        self.allow(call, kind, _NEEDED["PATCH"])
        self._writable(call, kind)
        draft = self.draft(call, kind)
        with self._store.write():
            row = self.resolve(call, kind, ident)
            self._check_lock(kind, row["id"])
            self._check_overtaken(call, kind, row["id"])
            self.change(draft, row)
            self._changes[kind.table, row["id"]] = self._store.version + 1
        return self._done(call, row["id"], draft)

    def _check_overtaken(self, call: Call, kind: RecordType, ident: int) -> None:
        """Two saves at once: the later one finds that the record has been changed (NetSuite §5.6)."""
        changed = self._changes.get((kind.table, ident), 0)
        if self.conflicts > 0 or (call.arrived is not None and changed > call.arrived):
            self.conflicts = max(self.conflicts - 1, 0)
            raise record_changed(self._store.options.changed_status)

    def upsert(self, call: Call, kind: RecordType, ident: str) -> Answer:
        """``PUT /{type}/eid:{externalId}``; an internal id is no upsert (NetSuite §5.7)."""
        self.allow(call, kind, _NEEDED["PUT"])
        self._writable(call, kind)
        if not ident.startswith("eid:") or not ident[4:]:
            raise Refusal(400, "INVALID_REQUEST", "Upsert needs an external ID: use PUT .../eid:{externalId}.")
        if "|" in ident:
            raise invalid_value(ident[4:], "externalId", "externalId")
        draft = self.draft(call, kind)
        with self._store.write():
            number = self._number(kind, ident)
            row = self.renderer.row(kind, number) if number is not None else None
            if number is not None and (row is None or not self._visible(call, kind, number)):
                raise self._rules.duplicate("This record already exists")
            if row is None:
                draft.values["externalid"] = ident[4:]
                number = self.insert(draft)
            else:
                draft.values.pop("externalid", None)
                self.change(draft, row)
        return self._done(call, int(number or 0), draft)

    def delete(self, call: Call, kind: RecordType, ident: str) -> Answer:
        """``DELETE /{type}/{id}``."""
        self.allow(call, kind, _NEEDED["DELETE"])
        self._writable(call, kind)
        with self._store.write():
            row = self.resolve(call, kind, ident)
            self._check_lock(kind, row["id"])
            reason = call.query.get("deletionReason") or call.json().get("deletionReason")
            if kind.is_transaction and self._store.options.deletion_reason and not reason:
                raise required("Deletion Reason")
            self._deletion.delete(kind, row)
        return Answer(204)

    def merge_customers(self, duplicate: int, master: int) -> None:
        """Merge a customer into another, which is done on no API; raises ValueError when either is not there."""
        kind = self._store.catalog.record_type("customer")
        row = self.renderer.row(kind, duplicate) if kind else None
        if kind is None or row is None or duplicate == master or self.renderer.row(kind, master) is None:
            raise ValueError(f"There are no two customers {duplicate} and {master}")
        self._deletion.merge(kind, row, master)

    def transform(self, call: Call, kind: RecordType, ident: str, target: str) -> Answer:
        """``POST /{source}/{id}/!transform/{target}``."""
        if call.method != "POST":
            raise method_not_allowed(call.method)
        goal = self._store.catalog.record_type(target)
        if goal is None or goal.name not in kind.transforms:
            raise unknown_type(target, call.path)
        self.allow(call, goal, "Create")
        draft = self.draft(call, goal)
        with self._store.write():
            row = self.resolve(call, kind, ident)
            if goal.table == "vendor":
                created = self._as_vendor(row["id"], draft)
            else:
                external = draft.get("externalid")
                self._check_form(draft, is_new=True)
                created = self._desk.transform(kind.name, row, draft).id
                self._claim(goal, external, created)
        headers = {"Location": f"{call.base_url}{RECORDS}/{goal.name}/{created}"} | self._hints(draft)
        return Answer(204, headers=headers)

    def _as_vendor(self, customer: int, draft: Draft) -> int:
        """A customer's company as a vendor too, with an id of its own (NetSuite §5.10)."""
        known = self._store.row("SELECT * FROM customer WHERE id = ?", (customer,)) or {}
        for column in _VENDOR_TAKES:
            draft.default(column, known.get(column))
        draft.default("entityid", known.get("altname"))
        return self.insert(draft)

    def draft(self, call: Call, kind: RecordType) -> Draft:
        """What the body wants written."""
        body = call.json()
        replaced = frozenset(name.strip().lower() for name in call.query.get("replace", "").split(",") if name.strip())
        if call.flag("replaceSelectedFields"):
            body = {name: value for name, value in body.items() if value is not None or name.lower() in replaced}
            replaced = frozenset()
        return self._drafter.draft(kind, body, Validation.of(call.headers), replaced)

    def insert(self, draft: Draft) -> int:
        """Save a new record; returns its id."""
        kind = draft.kind
        self._check_form(draft, is_new=True)
        self._free(kind, draft.get("externalid"), None)
        if kind.is_transaction:
            ident = self._desk.create(draft)
        else:
            self._rules.check(draft, None)
            ident = self._store.next_id(kind.family)
            values: dict[str, Any] = {
                **draft.values,
                **kind.match,
                "id": ident,
                "lastmodifieddate": self._store.stamp(),
            }
            created = created_column(kind)
            if created is not None:
                values[created] = self._store.stamp()
            self._store.insert(kind.table, values)
            self._sublists.write(draft, ident)
            self._rules.after(draft, ident, None)
        self._claim(kind, draft.get("externalid"), ident)
        return ident

    def change(self, draft: Draft, row: Row) -> None:
        """Save changes of a stored record."""
        kind, ident = draft.kind, row["id"]
        self._check_form(draft, is_new=False)
        if draft.has("externalid"):
            self._free(kind, draft.get("externalid"), ident)
        if kind.is_transaction:
            self._desk.change(draft, ident)
        else:
            before = self._store.row(f'SELECT * FROM "{kind.table}" WHERE id = ?', (ident,)) or row
            self._rules.check(draft, before)
            self._store.update(kind.table, "id", ident, {**draft.values, "lastmodifieddate": self._store.stamp()})
            self._sublists.write(draft, ident)
            self._rules.after(draft, ident, before)
            self._note(kind, ident, before, draft)
        if draft.has("externalid"):
            with self._store.write() as connection:
                connection.execute("DELETE FROM externalkey WHERE family = ? AND id = ?", (kind.family, ident))
            self._claim(kind, draft.get("externalid"), ident)

    def _check_form(self, draft: Draft, *, is_new: bool) -> None:
        """What the account's administrator made mandatory on the form, if it is to have a value and has none."""
        fields = (draft.kind.fields.get(name) for name in self._store.catalog.changes.required_of(draft.kind.name))
        labels = {custom.id: custom.label for custom in self._store.catalog.custom}
        missing = [
            labels.get(field.name) or field.name
            for field in fields
            if field is not None and (is_new or draft.has(field.column)) and draft.get(field.column) is None
        ]
        if missing:
            raise required(*sorted(missing))

    def _free(self, kind: RecordType, external: str | None, ident: int | None) -> None:
        """Refuse an external id that another record has."""
        if not external:
            return
        found = self._holder(kind, external)
        if found is not None and found != ident:
            raise self._rules.duplicate("This record already exists")

    def _holder(self, kind: RecordType, external: str) -> int | None:
        """The record that has an external id already, in the type's family or in the type alone (NetSuite §5.7)."""
        sql = "SELECT id FROM externalkey WHERE family = ? AND externalid = ?"
        if self._store.options.external_ids == "type":
            found = self._store.value(f"{sql} AND type = ?", (kind.family, external, kind.name))
        else:
            found = self._store.value(sql, (kind.family, external))
        return int(found) if found is not None else None

    def _claim(self, kind: RecordType, external: str | None, ident: int) -> None:
        if external:
            self._free(kind, external, ident)
            facts = {"family": kind.family, "externalid": external, "type": kind.name, "id": ident}
            self._store.insert("externalkey", facts)

    def _note(self, kind: RecordType, ident: int, before: Row, draft: Draft) -> None:
        for column, value in draft.values.items():
            old = before.get(column)
            if column in before and str(old or "") != str(value if value is not None else ""):
                facts = {"id": self._store.next_id("systemnote", 1), "record": kind.name, "recordid": ident, "field": column,
                         "oldvalue": old, "newvalue": value, "type": 4, "date": self._store.stamp(), "name": -5,
                         "context": "RST"}  # fmt: skip
                self._store.insert("systemnote", facts)

    def _writable(self, call: Call, kind: RecordType) -> None:
        if kind.read_only:
            raise method_not_allowed(call.method)

    def _done(self, call: Call, ident: int, draft: Draft) -> Answer:
        return Answer(204, headers={"Location": self.address(call, ident)} | self._hints(draft))

    def _hints(self, draft: Draft) -> dict[str, str]:
        return {"Warning": "; ".join(f'299 - "{text}"' for text in draft.warnings)} if draft.warnings else {}
