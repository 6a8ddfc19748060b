"""Property definitions: those of the platform, read from ``properties.csv``, and those of the account (HubSpot §12)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from .types import DEAL, ObjectType

FIELD_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"text", "textarea", "html", "file", "phonenumber", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "phone_number": frozenset({"phonenumber"}),
}
LIFECYCLE: Final = (
    ("subscriber", "Subscriber"), ("lead", "Lead"), ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"), ("opportunity", "Opportunity"), ("customer", "Customer"),
    ("evangelist", "Evangelist"), ("other", "Other"),
)  # fmt: skip
"""In order: a stage only moves forward (§17)."""
_INDUSTRIES: Final = (
    "AUTOMOTIVE", "BUILDING_MATERIALS", "CHEMICALS", "COMPUTER_SOFTWARE", "CONSTRUCTION", "CONSUMER_ELECTRONICS",
    "CONSUMER_GOODS", "ELECTRICAL_ELECTRONIC_MANUFACTURING", "FOOD_BEVERAGES", "HOSPITAL_HEALTH_CARE",
    "INDUSTRIAL_AUTOMATION", "INFORMATION_TECHNOLOGY_AND_SERVICES", "LOGISTICS_AND_SUPPLY_CHAIN", "MACHINERY",
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "OIL_ENERGY", "PACKAGE_FREIGHT_DELIVERY", "PHARMACEUTICALS", "RETAIL",
    "TRANSPORTATION_TRUCKING_RAILROAD", "UTILITIES", "WHOLESALE",
)  # fmt: skip
_BILLING: Final = (
    "weekly", "biweekly", "monthly", "quarterly", "per_six_months", "annually", "per_two_years", "per_three_years",
    "per_four_years", "per_five_years",
)  # fmt: skip
_FIXED: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "@bool": (("true", "True"), ("false", "False")),
    "@lifecycle": LIFECYCLE,
    "@industry": tuple((name, name.replace("_", " ").title()) for name in _INDUSTRIES),
    "@billing": tuple((name, name.replace("_", " ").capitalize()) for name in _BILLING),
}
OLD: Final = "2019-08-06T02:41:08.029Z"
"""When the platform made its own definitions."""

Option = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """One property. ``values`` are the options by internal value, None where anything goes."""

    name: str
    type: str
    field: str
    read_only: bool
    calculated: bool
    unique: bool
    hubspot: bool
    values: Mapping[str, str] | None
    shown: Mapping[str, Any]
    """The definition as the API shows it."""

    @property
    def many(self) -> bool:
        """Whether the value is a list joined by semicolons."""
        return self.type == "enumeration" and self.field == "checkbox"


def of(shown: Mapping[str, Any], *, free: bool = False) -> Definition:
    """A definition from its shown form; ``free`` leaves an enumeration's values unchecked."""
    meta = shown["modificationMetadata"]
    options = shown["options"]
    return Definition(
        shown["name"], shown["type"], shown["fieldType"], bool(meta["readOnlyValue"]), bool(shown["calculated"]),
        bool(shown["hasUniqueValue"]), bool(shown["hubspotDefined"]),
        None if free or shown["type"] != "enumeration" or shown["externalOptions"] else {one["value"]: one["label"] for one in options},
        shown,
    )  # fmt: skip


def options(pairs: Sequence[tuple[str, str]]) -> list[Option]:
    """Options as the API shows them."""
    return [
        {"label": label, "value": value, "displayOrder": place, "hidden": False, "description": ""}
        for place, (value, label) in enumerate(pairs)
    ]


def platform(kind: ObjectType, lookup: Callable[[ObjectType, str], Sequence[tuple[str, str]]]) -> dict[str, Definition]:
    """The platform's definitions of a type; ``lookup`` tells the account's own choices behind a word like ``@stage``."""
    found: dict[str, Definition] = {}
    for row in _rows():
        if row["object"] not in ("*", kind.id) or (
            row["object"] == "*" and row["name"] == "hs_lastmodifieddate" != kind.modified
        ):
            continue
        found[row["name"]] = _definition(kind, row, lookup)
    if kind.schema is not None:
        for name, label in (("hs_pipeline", "Pipeline"), ("hs_pipeline_stage", "Pipeline stage")):
            word = "@pipeline" if name == kind.pipeline else "@stage"
            row = {"name": name, "label": label, "type": "enumeration", "field": "select", "flags": "", "options": word}
            found[name] = _definition(kind, row, lookup)
    if kind.id == DEAL:
        for stage, label in lookup(kind, "@stage"):
            for verb in ("entered", "exited"):
                for prefix in ("hs_date", "hs_v2_date"):
                    row = {"name": f"{prefix}_{verb}_{stage}", "label": f'Date {verb} "{label}"', "type": "datetime", "field": "calculation_read_time" if prefix == "hs_date" else "date", "flags": "c", "options": ""}  # fmt: skip
                    found[row["name"]] = _definition(kind, row, lookup)
    for code in lookup(kind, "@price"):
        row = {"name": f"hs_price_{code[0].lower()}", "label": f"Unit price ({code[0]})", "type": "number", "field": "number", "flags": "m", "options": ""}  # fmt: skip
        found[row["name"]] = _definition(kind, row, lookup)
    return found


def _definition(
    kind: ObjectType, row: Mapping[str, str], lookup: Callable[[ObjectType, str], Sequence[tuple[str, str]]]
) -> Definition:
    flags, words = row["flags"], row["options"]
    pairs: Sequence[tuple[str, str]] = ()
    if words.startswith("@"):
        pairs = _FIXED.get(words) or lookup(kind, words)
    elif words:
        pairs = [(part.partition(":")[0], part.partition(":")[2]) for part in words.split(";")]
    elif row["name"] == "hubspot_owner_id":
        pairs = ()
    read_only = "r" in flags or "c" in flags
    shown: dict[str, Any] = {
        "updatedAt": OLD, "createdAt": OLD, "name": row["name"], "label": row["label"], "type": row["type"],
        "fieldType": row["field"], "description": row["label"], "groupName": f"{kind.singular.replace('_', '')}information",
        "options": options(pairs), "displayOrder": -1, "calculated": "c" in flags,
        "externalOptions": "o" in flags or "x" in flags, "archived": False, "hasUniqueValue": "u" in flags,
        "hidden": False, "hubspotDefined": True,
        "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": read_only, "readOnlyOptions": read_only or words in ("@pipeline", "@stage", "@currency")},
        "formField": kind.id in ("0-1", "0-2", "0-5") and not read_only, "dataSensitivity": "non_sensitive",
    }  # fmt: skip
    if "o" in flags:
        shown["referencedObjectType"] = "OWNER"
    if "m" in flags:
        shown["showCurrencySymbol"] = True
    return of(shown, free="x" in flags)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files(__package__).joinpath("properties.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines(), delimiter="|"))
