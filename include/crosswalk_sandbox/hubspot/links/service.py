"""Associations between records, both directions kept, with primaries, parents and counts (HubSpot §16)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from crosswalk_sandbox.hubspot.errors import Refusal, validation
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, ObjectType
from crosswalk_sandbox.hubspot.store import ALIVE, Record

from .types import CHILD_OF, PARENT_OF, PRIMARY, AssociationType, AssociationTypes

if TYPE_CHECKING:
    from crosswalk_sandbox.hubspot.account import Account

_PARENTS: Final = ("0-3", "0-14", "0-123", "0-53", "0-142", "0-69")
"""What a line item may belong to: one of these (§17)."""


class Told(Protocol):
    """Who hears of changed associations."""

    def linked(self, source: Record, target: Record, kind: AssociationType, *, removed: bool) -> None:
        """Hear of one direction of one type."""


class Links:
    """Reads and writes associations. ``told`` hears of every change of a type between two records."""

    def __init__(self, account: Account, told: Told) -> None:
        self.types = AssociationTypes(account)
        self._account = account
        self._store = account.store
        self._told = told

    # reading

    def linked(self, ident: int, kind: str) -> list[int]:
        """Ids of the living records of a type that a record is associated with."""
        rows = self._store.rows(
            "SELECT DISTINCT target FROM association JOIN record ON record.id = target WHERE source = ? AND kind = ?"
            " AND state = 0 ORDER BY target",
            (ident, kind),
        )
        return [row[0] for row in rows]

    def page(self, ident: int, kind: str, after: int, limit: int) -> tuple[list[tuple[int, list[int]]], int | None]:
        """Associated ids with their type numbers from ``after`` on, and where the next page begins."""
        rows = self._store.rows(
            "SELECT target, group_concat(association.type) FROM association JOIN record ON record.id = target"
            " WHERE source = ? AND kind = ? AND target >= ? AND state = 0 GROUP BY target ORDER BY target LIMIT ?",
            (ident, kind, after, limit + 1),
        )
        found = [(row[0], sorted(int(one) for one in str(row[1]).split(","))) for row in rows]
        return (found[:limit], found[limit][0]) if len(found) > limit else (found, None)

    def between(self, source: int, kind: str, target: int) -> list[int]:
        """Type numbers from one record to another."""
        rows = self._store.rows(
            "SELECT type FROM association WHERE source = ? AND kind = ? AND target = ?", (source, kind, target)
        )
        return [row[0] for row in rows]

    def counterpart(self, kind: ObjectType, text: str) -> Record:
        """A record named by the other end of an association. Raises Refusal 400 (§16)."""
        found = self._store.record(int(text)) if str(text).isdigit() else None
        if found is None or found.type != kind.id or found.state != ALIVE:
            told = {"INVALID_OBJECT_IDS": [f"{kind.upper}={text} is not valid"]}
            raise Refusal(400, "One or more associations are invalid", "VALIDATION_ERROR", context=told)
        return found

    # writing

    def attach(self, source: Record, target: Record, types: Iterable[AssociationType]) -> list[AssociationType]:
        """Add types between two records; the unlabelled one is always there with them. Returns what is there now."""
        with self._store.write():
            wanted = list(types)
            plain = self.types.plain(self._account.types.by_id(source.type), self._account.types.by_id(target.type))
            self._one_parent(source, target)
            self._one_parent(target, source)
            present = set(self.between(source.id, target.type, target.id))
            for one in dict.fromkeys([plain, *wanted]):
                self._allowed(source, one, one.id in present)
                self._hierarchy(source, target, one)
                if one.id in PRIMARY or one.inverse in PRIMARY:
                    self._demote(source, target, one)
                self._add(source, target, one)
            self._first_primary(source, target)
            self._counted(source, target)
        present_now = (self.types.by_id(ident) for ident in self.between(source.id, target.type, target.id))
        return [one for one in present_now if one is not None]

    def replace(self, source: Record, target: Record, types: Sequence[AssociationType]) -> list[AssociationType]:
        """Set the labels between two records: what is not among ``types`` goes, the unlabelled one stays (§0)."""
        with self._store.write():
            kept = {one.id for one in types}
            for ident in self.between(source.id, target.type, target.id):
                one = self.types.by_id(ident)
                if one is not None and one.label is not None and ident not in kept:
                    self._drop(source, target, one)
            return self.attach(source, target, types)

    def detach(self, source: Record, target: Record) -> None:
        """Remove everything between two records."""
        with self._store.write():
            for ident in self.between(source.id, target.type, target.id):
                one = self.types.by_id(ident)
                if one is not None:
                    self._drop(source, target, one)
            self._counted(source, target)

    def remove(self, source: Record, target: Record, types: Iterable[AssociationType]) -> None:
        """Remove some types; without the unlabelled one nothing is left (§16)."""
        wanted = list(types)
        if any(one.label is None for one in wanted):
            self.detach(source, target)
            return
        with self._store.write():
            for one in wanted:
                self._drop(source, target, one)
            self._counted(source, target)

    def move(self, old: Record, new: Record) -> None:
        """Give all of a merged record's associations to the surviving one (§11)."""
        with self._store.write() as connection:
            rows = connection.execute(
                "SELECT kind, target, type FROM association WHERE source = ?", (old.id,)
            ).fetchall()
            held = {row[0] for row in connection.execute("SELECT type FROM association WHERE source = ?", (new.id,))}
            for kind, target, number in rows:
                one = self.types.by_id(number)
                if target == new.id or one is None or (number in PRIMARY and number in held):
                    continue
                other = self._store.record(target)
                if other is not None:
                    self._insert(new.id, kind, target, number)
                    if one.inverse:
                        self._insert(target, new.type, new.id, one.inverse)
                    self._counted(other, other)
            connection.execute(
                "DELETE FROM association WHERE source = ? OR (target = ? AND kind = ?)", (old.id, old.id, old.type)
            )
            self._counted(new, new)

    def settle(self, record: Record) -> None:
        """Count anew around a record that was archived or restored; its associations hide and come back with it."""
        for (ident,) in self._store.rows("SELECT DISTINCT target FROM association WHERE source = ?", (record.id,)):
            other = self._store.record(ident)
            if other is not None and other.state == ALIVE:
                self._counted(other, other)

    # inside

    def _add(self, source: Record, target: Record, one: AssociationType) -> None:
        if not self._insert(source.id, target.type, target.id, one.id):
            return
        self._told.linked(source, target, one, removed=False)
        back = self.types.by_id(one.inverse)
        if back is not None and self._insert(target.id, source.type, source.id, back.id):
            self._told.linked(target, source, back, removed=False)

    def _insert(self, source: int, kind: str, target: int, number: int) -> bool:
        with self._store.write() as connection:
            sql = "INSERT INTO association VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            return connection.execute(sql, (source, kind, target, number, self._store.now())).rowcount > 0

    def _drop(self, source: Record, target: Record, one: AssociationType) -> None:
        due = self._store.now() + int(self._account.options.search_delay * 1000)
        for first, second, kind in ((source, target, one), (target, source, self.types.by_id(one.inverse))):
            if kind is None:
                continue
            with self._store.write() as connection:
                sql = "DELETE FROM association WHERE source = ? AND kind = ? AND target = ? AND type = ?"
                if connection.execute(sql, (first.id, second.type, second.id, kind.id)).rowcount:
                    connection.execute(
                        "INSERT INTO parted VALUES (?, ?, ?, ?)", (first.id, second.type, second.id, due)
                    )
                    self._told.linked(first, second, kind, removed=True)

    def _first_primary(self, source: Record, target: Record) -> None:
        """The first company associated becomes primary (§16)."""
        for one, other in ((source, target), (target, source)):
            if other.type != COMPANY or one.type == COMPANY:
                continue
            kinds = self._account.types
            number = next(
                (
                    kind
                    for kind in self.types.between(kinds.by_id(one.type), kinds.by_id(COMPANY))
                    if kind.id in PRIMARY
                ),
                None,
            )
            if number is not None and not self._primaries(one.id, number.id):
                self._add(one, other, number)

    def _primaries(self, ident: int, number: int) -> list[int]:
        return [
            row[0]
            for row in self._store.rows(
                "SELECT target FROM association WHERE source = ? AND kind = ? AND type = ?", (ident, COMPANY, number)
            )
        ]

    def _demote(self, source: Record, target: Record, one: AssociationType) -> None:
        """A new primary takes the old one's place."""
        holder, company = (source, target) if one.id in PRIMARY else (target, source)
        number = one if one.id in PRIMARY else self.types.by_id(one.inverse)
        if number is None:
            return
        for ident in self._primaries(holder.id, number.id):
            other = self._store.record(ident)
            if ident != company.id and other is not None:
                self._drop(holder, other, number)

    def _one_parent(self, line: Record, parent: Record) -> None:
        if line.type != LINE_ITEM or parent.type not in _PARENTS:
            return
        others = [ident for kind in _PARENTS for ident in self.linked(line.id, kind) if ident != parent.id]
        if others:
            self._account.misuse("shared line item", f"{line.id} of {others[0]} and {parent.id}")
            if self._account.options.shared_line_items == "refuse":
                raise validation(
                    f"Line item {line.id} already belongs to {others[0]}; a line item has one parent", id=[str(line.id)]
                )
        currency, wanted = (
            line.properties.get("hs_line_item_currency_code"),
            parent.properties.get("deal_currency_code"),
        )
        if parent.type == DEAL and currency and wanted and currency != wanted:
            raise validation(
                f"The line item's currency {currency} must equal the deal's currency {wanted}", id=[str(line.id)]
            )

    def _hierarchy(self, source: Record, target: Record, one: AssociationType) -> None:
        if one.id not in (PARENT_OF, CHILD_OF):
            return
        parent, child = (source, target) if one.id == PARENT_OF else (target, source)
        if parent.id == child.id:
            raise validation("A company cannot be its own parent", id=[str(child.id)])
        rows = self._store.rows(
            "SELECT target FROM association WHERE source = ? AND kind = ? AND type = ?", (child.id, COMPANY, CHILD_OF)
        )
        if any(row[0] != parent.id for row in rows):
            raise validation(f"Company {child.id} has a parent company already", id=[str(child.id)])

    def _allowed(self, source: Record, one: AssociationType, present: bool) -> None:
        most = self._store.value(
            "SELECT most FROM association_limit WHERE type = ? AND category = ?", (one.id, one.category)
        )
        if most is None or present:
            return
        used = self._store.value(
            "SELECT count(*) FROM association WHERE source = ? AND kind = ? AND type = ?",
            (source.id, one.target, one.id),
        )
        if used >= most:
            raise validation(
                f"The limit of {most} associations of type {one.id} is reached for {source.id}", id=[str(source.id)]
            )

    def _counted(self, *records: Record) -> None:
        """Set what is calculated from associations (§17); the modified date moves only where the option says so."""
        for record in {one.id: one for one in records}.values():
            current = self._store.record(record.id)
            if current is None:
                continue
            held, found = current.properties, self._figures(current)
            changed = {name: value for name, value in found.items() if held.get(name) != value}
            if not changed and not self._account.options.associations_move_modified:
                continue
            current.properties = {name: value for name, value in {**held, **changed}.items() if value is not None}
            if self._account.options.associations_move_modified:
                current.modified = self._store.now()
            self._store.save(current)
            record.properties, record.modified = current.properties, current.modified

    def _figures(self, record: Record) -> dict[str, str | None]:
        count = {kind: str(len(self.linked(record.id, kind))) for kind in _COUNTED.get(record.type, ())}
        if record.type == CONTACT:
            first = next(iter(self._primaries(record.id, 1)), None)
            return {"associatedcompanyid": None if first is None else str(first), "num_associated_deals": count[DEAL]}
        if record.type == DEAL:
            found: dict[str, str | None] = {
                "num_associated_contacts": count[CONTACT],
                "hs_num_of_associated_line_items": count[LINE_ITEM],
            }
            return found
        if record.type != COMPANY:
            return {}
        rows = self._store.rows(
            "SELECT target, type FROM association WHERE source = ? AND kind = ? AND type IN (13, 14)",
            (record.id, COMPANY),
        )
        parent = next((str(target) for target, number in rows if number == CHILD_OF), None)
        return {
            "num_associated_contacts": count[CONTACT], "num_associated_deals": count[DEAL], "hs_parent_company_id": parent,
            "hs_num_child_companies": str(sum(number == PARENT_OF for _, number in rows)),
        }  # fmt: skip


_COUNTED: Final = {CONTACT: (DEAL,), COMPANY: (CONTACT, DEAL), DEAL: (CONTACT, LINE_ITEM)}
