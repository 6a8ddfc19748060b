"""Creating, changing, archiving and finding records (HubSpot §8, §11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Caller
from crosswalk_sandbox.hubspot.errors import (
    Refusal,
    bad_id,
    contact_exists,
    not_found,
    validation,
    value_taken,
    wrong_shape,
)
from crosswalk_sandbox.hubspot.links.service import Links
from crosswalk_sandbox.hubspot.schema.types import CONTACT, DEAL, INVOICE, LINE_ITEM, QUOTE, ObjectType
from crosswalk_sandbox.hubspot.schema.values import joined
from crosswalk_sandbox.hubspot.store import ALIVE, ARCHIVED, MERGED, Properties, Record, Store

from .checking import Checker
from .lateness import Index
from .rules import Rules

if TYPE_CHECKING:
    from crosswalk_sandbox.hubspot.links.types import AssociationType

ORIGIN: Final = {"private": "INTEGRATION", "access": "INTEGRATION"}
_MOST_DIGITS: Final = 18


class Told(Protocol):
    """Who hears of changed records."""

    def created(self, record: Record, caller: Caller) -> None:
        """Hear of a new record."""

    def changed(self, record: Record, old: Mapping[str, str | None], caller: Caller) -> None:
        """Hear of properties with their old values."""

    def deleted(self, record: Record, caller: Caller, *, forgotten: bool = False) -> None:
        """Hear of an archived or forgotten record."""

    def merged(self, survivor: Record, primary: Record, other: Record, moved: int, caller: Caller) -> None:
        """Hear of two records that became one."""

    def restored(self, record: Record) -> None:
        """Hear of a record that came back from the bin."""


@dataclass(slots=True)
class Written:
    """A record after a write; ``touched`` are the properties it named."""

    record: Record
    touched: set[str] = field(default_factory=set)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    new: bool = False


class Records:
    """The account's records."""

    def __init__(self, account: Account, links: Links, told: Told) -> None:
        self.account = account
        self.store: Store = account.store
        self.links = links
        self.index = Index(account)
        self.rules = Rules(account, links.linked)
        self._checker = Checker(account)
        self.told = told

    # finding

    def find(self, kind: ObjectType, text: str, id_property: str = "", *, archived: bool = False) -> Record:
        """A record by id or by a unique property; old ids of merged records lead to the surviving one (§8, §11).

        Raises Refusal 404, or 400 for a property that is not unique.
        """
        if id_property and id_property != "hs_object_id":
            if not self.account.unique_property(kind, id_property):
                raise validation(
                    f"Property {id_property} is not a unique property of {kind.id}", idProperty=[id_property]
                )
            ident = self.holder(kind, id_property, text)
            if ident is None:
                raise not_found()
        else:
            ident = self._number(text)
        record = self.store.record(self.store.value("SELECT now FROM alias WHERE id = ?", (ident,)) or ident)
        if record is None or record.type != kind.id or record.state != (ARCHIVED if archived else ALIVE):
            raise not_found()
        return record

    def holder(self, kind: ObjectType, name: str, value: str) -> int | None:
        """The living record that has a unique value; addresses are compared without case."""
        wanted = value.strip().lower() if (kind.id, name) == (CONTACT, "email") else value
        found: int | None = self.store.value(
            "SELECT id FROM taken WHERE type = ? AND property = ? AND value = ?", (kind.id, name, wanted)
        )
        return found

    @staticmethod
    def _number(text: str) -> int:
        if not text.lstrip("-").isdigit() or len(text) > _MOST_DIGITS or int(text) <= 0:
            raise bad_id(text)
        return int(text)

    # writing

    def create(self, kind: ObjectType, body: Mapping[str, Any], caller: Caller, edition: str = "") -> Written:
        """A new record with its associations, all or nothing. Raises Refusal 400 or 409."""
        given = body.get("properties")
        checked = self._checker.read(kind, {} if given is None else given, None, edition)
        values = self.rules.prepare(kind, checked.values, None)
        self._checker.required(kind, values, edition)
        ends = self._ends(kind, body.get("associations"))
        with self.store.write():
            self._free(kind, values, None)
            now, ident = self.store.now(), self.store.next_id()
            properties = {name: joined(None, value) for name, value in values.items() if value != ""}
            record = Record(ident, kind.id, ALIVE, now, now, None, properties)
            record.properties |= _origin(caller)
            self.rules.calculate(record, dict.fromkeys(values))
            self._take(kind, record)
            self.store.save(record)
            self._remember(record, dict.fromkeys(record.properties), caller)
            self.index.changed(None, record)
            self.told.created(record, caller)
            for target, types in ends:
                self.links.attach(record, target, types)
            record = self._issued(kind, self.store.record(ident) or record)
            self._after(kind, record, caller, created=True)
        return Written(self.store.record(ident) or record, set(properties), checked.warnings, new=True)

    def update(self, kind: ObjectType, record: Record, given: Any, caller: Caller, edition: str = "") -> Written:
        """Change a record. Raises Refusal 400 or 409."""
        checked = self._checker.read(kind, given if given is not None else {}, record, edition)
        self._checker.marks(kind, checked.values, {**record.properties, **checked.values}, edition)
        with self.store.write():
            record = self.store.record(record.id) or record
            values = self.rules.prepare(kind, checked.values, record)
            self._free(kind, values, record)
            self.apply(kind, record, values, caller)
            self._after(kind, record, caller, created=False)
        return Written(self.store.record(record.id) or record, set(checked.values), checked.warnings)

    def apply(self, kind: ObjectType, record: Record, values: Properties, caller: Caller) -> None:
        """Write checked values: history, calculated values, index and webhooks follow."""
        before = Record(
            record.id, record.type, record.state, record.created, record.modified, None, dict(record.properties)
        )
        for name, value in values.items():
            text = joined(record.properties.get(name), value)
            if text == "":
                record.properties.pop(name, None)
            else:
                record.properties[name] = text
        changed = _differences(before.properties, record.properties)
        self.rules.calculate(record, changed)
        self.rules.publishable(record, before.properties.get("hs_status" if kind.id == QUOTE else "hs_invoice_status"))
        changed = _differences(before.properties, record.properties)
        if not changed and not (values and self.account.options.noop_moves_modified):
            return
        record.modified = self.store.now()
        if caller.user_id is not None:
            record.properties["hs_updated_by_user_id"] = str(caller.user_id)
        self._release(record, before)
        self._take(kind, record)
        self.store.save(record)
        self._remember(record, changed, caller)
        self.index.changed(before, record)
        self.told.changed(record, changed, caller)

    def archive(self, kind: ObjectType, record: Record, caller: Caller) -> None:
        """Put a record into the bin; its associations hide (§11). Raises Refusal 400 where the object forbids it."""
        self.rules.deletable(record)
        with self.store.write() as connection:
            before = Record(
                record.id, record.type, record.state, record.created, record.modified, None, dict(record.properties)
            )
            record.state, record.archived = ARCHIVED, self.store.now()
            self.store.save(record)
            if self.account.options.archived_free_unique:
                connection.execute("DELETE FROM taken WHERE id = ?", (record.id,))
            self.index.changed(before, record)
            self.told.deleted(record, caller)
            self.links.settle(record)
            if kind.id == QUOTE or (kind.id == DEAL and not self.account.options.orphan_line_items):
                lines = [ident for ident, _ in self.links.page(record.id, LINE_ITEM, 0, 10_000)[0]]
                for line in self.store.records(LINE_ITEM, lines).values():
                    self.archive(self.account.types.by_id(LINE_ITEM), line, caller)

    def archive_by_id(self, kind: ObjectType, text: str, caller: Caller) -> None:
        """DELETE by id: an archived id is no error, one that never was as the option says (§5)."""
        ident = self._number(text)
        record = self.store.record(self.store.value("SELECT now FROM alias WHERE id = ?", (ident,)) or ident)
        if record is not None and record.type == kind.id and record.state == ALIVE:
            self.archive(kind, record, caller)
        elif (record is None or record.type != kind.id) and self.account.options.delete_missing != 204:
            raise not_found()

    def restore(self, kind: ObjectType, record: Record) -> None:
        """Take a record out of the bin under its old id, as the user interface does (§11)."""
        with self.store.write():
            self._free(kind, record.properties, record)
            before = Record(
                record.id, record.type, record.state, record.created, record.modified, None, dict(record.properties)
            )
            record.state, record.archived = ALIVE, None
            self._take(kind, record)
            self.store.save(record)
            self.index.changed(before, record)
            self.links.settle(record)
            self.told.restored(record)

    def forget(self, kind: ObjectType, record: Record, caller: Caller) -> None:
        """Delete for good, with everything known of it (§11)."""
        with self.store.write() as connection:
            self.store.touch()
            self.told.deleted(record, caller, forgotten=True)
            if self.account.options.gdpr_blocks_email and record.properties.get("email"):
                self.store.keep("taken", kind.id, "forgotten", record.properties["email"], record.id)
            for table, column in (
                ("record", "id"),
                ("history", "id"),
                ("association", "source"),
                ("association", "target"),
                ("late", "id"),
            ):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (record.id,))
            connection.execute("DELETE FROM taken WHERE id = ? AND property <> 'forgotten'", (record.id,))

    def retire(self, record: Record) -> None:
        """Take a merged-away record out of every view."""
        with self.store.write() as connection:
            before = Record(
                record.id, record.type, record.state, record.created, record.modified, None, dict(record.properties)
            )
            record.state = MERGED
            self.store.save(record)
            connection.execute("DELETE FROM taken WHERE id = ?", (record.id,))
            self.index.changed(before, record)

    def adopt(self, kind: ObjectType, record: Record) -> None:
        """Give a merged record its unique values and its place in the index."""
        self._take(kind, record)
        self.index.changed(None, record)

    # inside

    def _ends(self, kind: ObjectType, given: Any) -> list[tuple[Record, list[AssociationType]]]:
        """The other ends that a create names, all checked before anything is written (§8)."""
        if given is None:
            return []
        if not isinstance(given, list):
            raise wrong_shape("java.util.List<com.hubspot.PublicAssociationsForObject>", given)
        found = []
        for one in given:
            types = self.links.types.asked(kind, None, one.get("types") if isinstance(one, dict) else None)
            if not types:
                raise validation("An association needs at least one type")
            target = self.account.types.by_id(types[0].target)
            found.append((self.links.counterpart(target, str((one.get("to") or {}).get("id"))), types))
        return found

    def _free(self, kind: ObjectType, values: Mapping[str, str], record: Record | None) -> None:
        """Refuse values that another record has (§5)."""
        own = record.id if record else None
        if kind.id == CONTACT:
            for address in _addresses(values):
                holder = self.holder(kind, "email", address)
                if holder not in (None, own):
                    raise contact_exists(int(holder or 0))
                if self.holder(kind, "forgotten", address) is not None:
                    raise Refusal(409, "This email address was deleted for privacy reasons", "CONFLICT")
        for name, definition in self.account.definitions(kind).items():
            if definition.unique and values.get(name):
                holder = self.holder(kind, name, values[name])
                if holder not in (None, own):
                    raise value_taken(name, values[name], int(holder or 0), self.account.options.portal_id)

    def _take(self, kind: ObjectType, record: Record) -> None:
        for address in _addresses(record.properties) if kind.id == CONTACT else ():
            self.store.keep("taken", kind.id, "email", address, record.id)
        for name, definition in self.account.definitions(kind).items():
            if definition.unique and record.properties.get(name):
                self.store.keep("taken", kind.id, name, record.properties[name], record.id)

    def _release(self, record: Record, before: Record) -> None:
        if before.properties != record.properties:
            self.store.execute("DELETE FROM taken WHERE id = ? AND property <> 'forgotten'", (record.id,))

    def _remember(self, record: Record, changed: Iterable[str], caller: Caller) -> None:
        source, ident = ORIGIN.get(caller.kind, "CRM_UI"), str(caller.app_id or "")
        rows = [
            (record.id, name, record.modified, record.properties.get(name, ""), source, ident, caller.user_id)
            for name in changed
        ]
        with self.store.write() as connection:
            connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _issued(self, kind: ObjectType, record: Record) -> Record:
        """Quotes and invoices may be issued by their create; their sums come from the lines they were given."""
        if kind.id in (QUOTE, INVOICE):
            self.rules.publishable(record, None)
            self.rules.calculate(record, {})
            self.store.save(record)
        return record

    def _after(self, kind: ObjectType, record: Record, caller: Caller, *, created: bool) -> None:
        """What the platform does by itself, where the account has it switched on (§17)."""
        options = self.account.options
        if kind.id == LINE_ITEM and options.amount_from_lines:
            for deal in self.store.records(DEAL, self.links.linked(record.id, DEAL)).values():
                amount = self.rules.sum_of_lines(deal)
                self.apply(self.account.types.by_id(DEAL), deal, {"amount": amount}, Caller())
        if kind.id == CONTACT and created and options.company_automation:
            due = self.store.now() + int(options.automation_seconds * 1000)
            self.store.execute("INSERT INTO automation (due, contact) VALUES (?, ?)", (due, record.id))
        if kind.id == DEAL and options.lifecycle_automation:
            self._advance(
                record,
                "customer" if record.properties.get("hs_is_closed_won") == "true" else "opportunity" if created else "",
            )

    def _advance(self, deal: Record, stage: str) -> None:
        for ident in (CONTACT, "0-2") if stage else ():
            kind = self.account.types.by_id(ident)
            for record in self.store.records(ident, self.links.linked(deal.id, ident)).values():
                self.apply(kind, record, self.rules.prepare(kind, {"lifecyclestage": stage}, record), Caller())


def _addresses(values: Mapping[str, str]) -> list[str]:
    listed = [values.get("email", ""), *values.get("hs_additional_emails", "").split(";")]
    return [one.strip().lower() for one in listed if one.strip()]


def _origin(caller: Caller) -> Properties:
    source = {
        "hs_object_source": "INTEGRATION",
        "hs_object_source_label": "INTEGRATION",
        "hs_object_source_id": str(caller.app_id),
    }
    if caller.user_id is not None:
        source |= dict.fromkeys(
            ("hs_object_source_user_id", "hs_created_by_user_id", "hs_updated_by_user_id"), str(caller.user_id)
        )
    return source


def _differences(old: Properties, new: Properties) -> dict[str, str | None]:
    """Changed properties with their old values; who changed it last is no change by itself."""
    return {
        name: old.get(name)
        for name in {**old, **new}
        if old.get(name) != new.get(name) and name != "hs_updated_by_user_id"
    }
