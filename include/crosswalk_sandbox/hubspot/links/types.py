"""Association types: the platform's, with their direction, and the account's labels (HubSpot §16)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.hubspot.errors import Refusal, validation, wrong_shape
from crosswalk_sandbox.hubspot.schema.types import PRODUCT, ObjectType

if TYPE_CHECKING:
    from crosswalk_sandbox.hubspot.account import Account

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
CATEGORIES: Final = frozenset({HUBSPOT, USER, "INTEGRATOR_DEFINED", "WORK"})
PRIMARY: Final = frozenset({1, 5, 26, 509})
"""Types from a record to its one primary company."""
PARENT_OF, CHILD_OF = 13, 14
MOST_LABELS: Final = 10
_FIRST_OWN: Final = 10_001
_WORDS: Final = {
    "primary": "Primary", "billing": "Billing", "signer": "Signer", "parent_to_child": "Child Company",
    "child_to_parent": "Parent Company", "upcoming": "Upcoming", "abandoned": "Abandoned",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One direction of one kind of association; ``inverse`` is the type of the way back, 0 where none is known."""

    id: int
    source: str
    target: str
    category: str
    label: str | None
    inverse: int
    name: str
    """What version 3 calls it."""

    def shown(self) -> dict[str, Any]:
        """As version 4 shows it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


class AssociationTypes:
    """The account's association types."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._platform = self._read()

    def by_id(self, ident: int) -> AssociationType | None:
        """A type by its number."""
        return self._platform.get(ident) or next((one for one in self._own() if one.id == ident), None)

    def between(self, source: ObjectType, target: ObjectType) -> list[AssociationType]:
        """Every type from one object to another, the unlabelled one first."""
        found = [
            one
            for one in (*self._platform.values(), *self._own())
            if (one.source, one.target) == (source.id, target.id)
        ]
        return sorted(found, key=lambda one: (one.label is not None, one.id))

    def plain(self, source: ObjectType, target: ObjectType) -> AssociationType:
        """The unlabelled type. Raises Refusal 400 where the two cannot be associated."""
        found = next((one for one in self.between(source, target) if one.label is None), None)
        if found is None:
            raise validation(f"No association type exists from {source.id} to {target.id}")
        return found

    def asked(self, source: ObjectType, target: ObjectType | None, specs: Any) -> list[AssociationType]:
        """The types a client names. Raises Refusal 400: unreadable, unknown, or of another direction (§16)."""
        if not isinstance(specs, list):
            raise wrong_shape("java.util.HashSet<com.hubspot.AssociationSpec>", specs)
        found = []
        for spec in specs:
            category, ident = (
                (spec.get("associationCategory"), spec.get("associationTypeId"))
                if isinstance(spec, dict)
                else (None, None)
            )
            one = self.by_id(int(str(ident))) if str(ident).isdigit() else None
            if one is None or category != one.category:
                raise validation(f"Association type {category}:{ident} does not exist")
            if one.source != source.id or (target is not None and one.target != target.id):
                self._account.misuse("association in wrong direction", f"{ident} from {source.id}")
                wrong, right = (
                    (source.id, one.source) if one.source != source.id else (target.id if target else "", one.target)
                )
                side = "from" if one.source != source.id else "to"
                raise validation(
                    f"invalid {side} object type {wrong} for associations to be created. expected: {right}"
                )
            found.append(one)
        return found

    def named(self, source: ObjectType, target: ObjectType, name: str) -> AssociationType:
        """A type by its version 3 name or its number. Raises Refusal 400."""
        for one in self.between(source, target):
            if name.lower() in (one.name, str(one.id)):
                return one
        raise validation(f"The association type {name} does not exist from {source.id} to {target.id}")

    def add_label(self, source: ObjectType, target: ObjectType, given: Mapping[str, Any]) -> list[AssociationType]:
        """A label of the account's own, with its way back. Raises Refusal 400."""
        label, name = given.get("label"), given.get("name")
        if not label or not name:
            raise validation("name and label are required")
        own = [one for one in self.between(source, target) if one.category == USER and one.label is not None]
        if any(one.label == label for one in own):
            raise Refusal(400, f"An association label {label} already exists", "VALIDATION_ERROR")
        if len(own) >= MOST_LABELS:
            raise validation(f"At most {MOST_LABELS} labels are allowed between two objects")
        back = given.get("inverseLabel") or label
        return self.add(source, target, str(name), str(label), str(back))

    def add(
        self, source: ObjectType, target: ObjectType, name: str, label: str | None, back: str | None
    ) -> list[AssociationType]:
        """Keep a type and its way back; between records of one object and without another label they are one type."""
        store = self._account.store
        with store.write():
            first = store.next_id("association_type", _FIRST_OWN)
            one_way = source.id == target.id and label == back
            second = first if one_way else store.next_id("association_type", _FIRST_OWN)
            store.keep("association_type", first, source.id, target.id, USER, name, label, second)
            if not one_way:
                store.keep("association_type", second, target.id, source.id, USER, f"{name}_inverse", back, first)
        made = [self.by_id(first), self.by_id(second)] if not one_way else [self.by_id(first)]
        return [one for one in made if one is not None]

    def _own(self) -> list[AssociationType]:
        rows = self._account.store.rows(
            "SELECT id, source, target, category, label, inverse, name FROM association_type"
        )
        return [AssociationType(*row) for row in rows]

    def _read(self) -> dict[int, AssociationType]:
        types = self._account.types
        text = files(__package__).joinpath("association_types.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        with_primary = {(row["from"], row["to"]) for row in rows if row["label"] == "primary"}
        found: dict[int, AssociationType] = {}
        for row in rows:
            source, target = types.find(row["from"]), types.find(row["to"])
            if source is None or target is None or PRODUCT in (source.id, target.id):
                continue
            pair = (row["from"], row["to"])
            name = f"{row['from']}_to_{row['to']}"
            if row["label"] and row["label"] != "primary":
                name = f"{row['label']}_{name}" if "_to_" not in row["label"] else f"{row['label']}_company"
            elif not row["label"] and pair in with_primary:
                name = f"{name}_unlabeled"
            label = _WORDS[row["label"]] if row["label"] else None
            found[int(row["id"])] = AssociationType(
                int(row["id"]), source.id, target.id, HUBSPOT, label, int(row["inverse"]), name
            )
        return found
