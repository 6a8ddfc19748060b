"""What sObjects and fields the org has: packaged object files, features, custom fields added while it runs.

The files under ``objects/`` keep only what differs from the rules of Salesforce §4.2; ``describe`` fills in the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from .options import Options
from .places import country_codes, state_codes

TEXT = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "phone", "url", "email", "encryptedstring"}
)
NUMBERS = frozenset({"double", "currency", "percent"})
REAL_TYPES = NUMBERS
MONEY_OBJECTS = (
    "Account", "Contact", "Lead", "Opportunity", "OpportunityLineItem", "Product2", "PricebookEntry", "Order", "OrderItem",
    "Quote", "QuoteLineItem", "Contract", "Task", "User",
)  # fmt: skip
CREATE_ONLY_CURRENCY = frozenset({"PricebookEntry"})
DERIVED_CURRENCY = frozenset({"OpportunityLineItem", "OrderItem", "QuoteLineItem"})


@dataclass(frozen=True, eq=False)
class Field:
    """One field: the attributes the engine asks for often, and ``spec``, the compact describe."""

    name: str
    type: str
    spec: Mapping[str, Any]

    @cached_property
    def label(self) -> str:
        """Text that error messages name the field by."""
        return str(self.spec.get("label", self.name))

    @cached_property
    def length(self) -> int:
        """Longest text, in characters."""
        return int(self.spec.get("length", 18 if self.type in ("id", "reference") else 0))

    @cached_property
    def createable(self) -> bool:
        """May be given on create."""
        return bool(self.spec.get("createable", True))

    @cached_property
    def updateable(self) -> bool:
        """May be changed."""
        return bool(self.spec.get("updateable", True))

    @cached_property
    def nillable(self) -> bool:
        """May be empty."""
        return bool(self.spec.get("nillable", True))

    @cached_property
    def defaulted(self) -> bool:
        """Filled by the platform when left out on create."""
        return bool(self.spec.get("defaultedOnCreate", False))

    @cached_property
    def custom(self) -> bool:
        """A field the org's owner added."""
        return bool(self.spec.get("custom", False))

    @cached_property
    def unique(self) -> bool:
        """Two records may not share a value."""
        return bool(self.spec.get("unique", False))

    @cached_property
    def case_sensitive(self) -> bool:
        """Values that differ in case only are different."""
        return bool(self.spec.get("caseSensitive", False)) or self.type in ("id", "reference")

    @cached_property
    def external_id(self) -> bool:
        """May be named in an upsert."""
        return bool(self.spec.get("externalId") or self.spec.get("idLookup"))

    @cached_property
    def reference_to(self) -> tuple[str, ...]:
        """sObjects a reference may point at."""
        return tuple(self.spec.get("referenceTo", ()))

    @cached_property
    def relationship(self) -> str | None:
        """Name of the parent in SOQL paths."""
        return self.spec.get("relationshipName")

    @cached_property
    def compound(self) -> str | None:
        """The compound field this one is a part of."""
        return self.spec.get("compoundFieldName")

    @cached_property
    def formula(self) -> str | None:
        """Dotted path a formula field reads; such a field has no column and never moves a stamp (§11)."""
        return self.spec.get("formula")

    @cached_property
    def long_text(self) -> bool:
        """A text area too long to filter, sort or group by."""
        return self.type == "textarea" and self.length > 255

    @cached_property
    def filterable(self) -> bool:
        """May stand in WHERE."""
        return bool(self.spec.get("filterable", not self.long_text))

    @cached_property
    def permissionable(self) -> bool:
        """Whether field permissions decide who sees it: optional fields, and custom check boxes."""
        optional = self.nillable or (self.custom and self.type == "boolean")
        return bool(self.spec.get("permissionable", self.createable and optional))

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Active picklist values, in order."""
        found = []
        for value in self.spec.get("picklistValues", ()):
            if isinstance(value, str):
                found.append(value)
            elif value.get("active", True):
                found.append(value["value"])
        return tuple(found)

    @cached_property
    def default(self) -> str | None:
        """Picklist value a new record gets."""
        for value in self.spec.get("picklistValues", ()):
            if isinstance(value, Mapping) and value.get("defaultValue"):
                return str(value["value"])
        return None

    @cached_property
    def restricted(self) -> bool:
        """Only the listed picklist values are taken."""
        return bool(self.spec.get("restrictedPicklist", False))

    @cached_property
    def stored(self) -> bool:
        """Has a column of its own."""
        return self.formula is None and self.type not in ("address", "location")


@dataclass(frozen=True, eq=False)
class Child:
    """A child list of an sObject, seen from the parent."""

    relationship: str | None
    child: str
    field: Field
    cascade: bool
    restrict: bool


@dataclass(eq=False)
class SObject:
    """One kind of record: fields by lower-case name, in describe order."""

    name: str
    label: str
    label_plural: str
    prefix: str
    flags: frozenset[str]
    spec: Mapping[str, Any]
    fields: dict[str, Field] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    _stored: list[Field] = field(default_factory=list)
    _counted: int = -1

    def get(self, name: str) -> Field | None:
        """The field of this name, whatever its case."""
        return self.fields.get(name.lower())

    def has(self, name: str) -> bool:
        """Whether the field exists."""
        return name.lower() in self.fields

    def parent(self, relationship: str) -> Field | None:
        """The reference field behind a relationship name (``Account``, ``Parent__r``)."""
        wanted = relationship.lower()
        for item in self.fields.values():
            if item.relationship and item.relationship.lower() == wanted:
                return item
        return None

    def child(self, relationship: str) -> Child | None:
        """The child list of this name."""
        wanted = relationship.lower()
        return next((item for item in self.children if item.relationship and item.relationship.lower() == wanted), None)

    @property
    def stored(self) -> list[Field]:
        """Fields with a column, in describe order."""
        if len(self.fields) != self._counted:
            self._stored, self._counted = [item for item in self.fields.values() if item.stored], len(self.fields)
        return self._stored

    @property
    def name_field(self) -> str | None:
        """The field people call the record by."""
        return next((item.name for item in self.fields.values() if item.spec.get("nameField")), None)


class Schema:
    """All sObjects of the org. ``version`` moves when a custom field is added."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.objects: dict[str, SObject] = {}
        self.version = 0
        for spec in _packaged():
            if not spec.get("feature") or getattr(options, spec["feature"]):
                self._add_object(spec)
        if options.multi_currency:
            self._add_currency()
        if options.state_country_picklists:
            self._add_place_codes()
        if options.restricted_stage:
            self._restrict_stage()
        self._link_children()

    def get(self, name: str) -> SObject | None:
        """The sObject of this name, whatever its case."""
        return self.objects.get(name.lower())

    def by_prefix(self, record_id: str) -> SObject | None:
        """The sObject that an id belongs to."""
        return self._prefixes.get(record_id[:3])

    def add_field(self, object_name: str, spec: Mapping[str, Any]) -> Field:
        """Adds a custom field to the running org."""
        sobject = self.objects[object_name.lower()]
        item = Field(spec["name"], spec["type"], {**spec, "custom": True})
        sobject.fields[item.name.lower()] = item
        sobject._counted = -1
        self.version += 1
        if item.type == "reference":
            self._link_children()
        return item

    def override(self, sobject: SObject, item: Field, facts: Mapping[str, Any]) -> None:
        """Changes facts of a field."""
        sobject.fields[item.name.lower()] = Field(item.name, item.type, {**item.spec, **facts})
        sobject._counted = -1
        self.version += 1
        if item.type == "reference":
            self._link_children()

    def remove_field(self, object_name: str, name: str) -> None:
        """Takes a field away."""
        self.objects[object_name.lower()].fields.pop(name.lower(), None)
        self.version += 1
        self._link_children()

    def _add_object(self, spec: Mapping[str, Any]) -> None:
        head = {key: value for key, value in spec.items() if key != "fields"}
        sobject = SObject(
            spec["name"], spec["label"], spec["labelPlural"], spec["keyPrefix"], frozenset(spec["flags"]), head
        )
        for item in spec["fields"]:
            if not item.get("feature") or getattr(self.options, item["feature"]):
                sobject.fields[item["name"].lower()] = Field(item["name"], item["type"], item)
        self.objects[sobject.name.lower()] = sobject

    def _add_currency(self) -> None:
        for name in MONEY_OBJECTS:
            sobject = self.get(name)
            if sobject is not None:
                sobject.fields["currencyisocode"] = currency_field(name, self.options.currencies)
        entry = self.objects["currencytype"]
        entry.fields["isocode"] = Field(
            "IsoCode", "picklist", {**entry.fields["isocode"].spec, **_codes(self.options.currencies)}
        )

    def _add_place_codes(self) -> None:
        """``BillingStateCode``, ``BillingCountryCode`` and their siblings beside every address (§14)."""
        for sobject in self.objects.values():
            for field_ in [item for item in sobject.fields.values() if item.type == "address"]:
                prefix = field_.name.removesuffix("Address")
                for part in ("StateCode", "CountryCode"):
                    spec = {"label": f"{prefix} {part}", "length": 10, "compoundFieldName": field_.name, "restrictedPicklist": True,
                            "picklistValues": list(country_codes()) if part == "CountryCode" else list(state_codes())}  # fmt: skip
                    name = prefix + part
                    sobject.fields[name.lower()] = Field(name, "picklist", {"name": name, "type": "picklist", **spec})

    def _restrict_stage(self) -> None:
        stage = self.objects["opportunity"].fields["stagename"]
        self.objects["opportunity"].fields["stagename"] = Field(
            stage.name, stage.type, {**stage.spec, "restrictedPicklist": True}
        )

    def _link_children(self) -> None:
        self._prefixes = {item.prefix: item for item in self.objects.values()}
        for sobject in self.objects.values():
            sobject.children = []
        for sobject in self.objects.values():
            for item in sobject.fields.values():
                for target in item.reference_to:
                    parent = self.get(target)
                    if parent is not None:
                        parent.children.append(_child(sobject, item, target))


def _child(sobject: SObject, item: Field, parent: str) -> Child:
    facts = item.spec.get("childRelationships", {}).get(parent, {})
    return Child(facts.get("name"), sobject.name, item, bool(facts.get("cascade")), bool(facts.get("restrict")))


def _codes(currencies: Iterable[str]) -> dict[str, Any]:
    return {"picklistValues": list(currencies), "restrictedPicklist": True}


def currency_field(object_name: str, currencies: tuple[str, ...]) -> Field:
    """``CurrencyIsoCode`` as multi-currency orgs have it (§14)."""
    spec = {
        "name": "CurrencyIsoCode", "type": "picklist", "label": "Currency ISO Code", "length": 3, "defaultedOnCreate": True,
        "updateable": object_name not in CREATE_ONLY_CURRENCY | DERIVED_CURRENCY,
        "createable": object_name not in DERIVED_CURRENCY, "permissionable": False, **_codes(currencies),
    }  # fmt: skip
    return Field("CurrencyIsoCode", "picklist", spec)


@cache
def _packaged() -> list[dict[str, Any]]:
    """The packaged object files, read once; callers do not change them."""
    folder = files(__package__) / "objects"
    found = [json.loads(item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".json")]
    return sorted(found, key=lambda spec: spec["name"])
