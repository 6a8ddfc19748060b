"""What fields a record has, for drift detection: the service's metadata, and the sizes of user fields (SAP Business One §1, §11)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from crosswalk.connectors.protocol import EntityDescription, FieldDescription
from crosswalk.connectors.sap_business_one.fields import PREFIX, user_fields
from crosswalk.connectors.sap_business_one.sources import Source, source_of
from crosswalk.connectors.sap_business_one.values import SWITCHES
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError, RecordError, SchemaError, TransientError

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

COMPOUND = "compound"  # what no field of ours can hold
_COLLECTION = "Collection("
# All amounts, quantities and rates are doubles (§15): the wider kind. Days are instants by name only (§13).
_KINDS: Mapping[str, str] = {
    "Edm.String": Kind.TEXT,
    "Edm.Double": Kind.QUANTITY,
    "Edm.Decimal": Kind.QUANTITY,
    "Edm.Int16": Kind.INTEGER,
    "Edm.Int32": Kind.INTEGER,
    "Edm.Int64": Kind.INTEGER,
    "Edm.DateTimeOffset": Kind.DATE,
    "Edm.Date": Kind.DATE,
    "Edm.TimeOfDay": Kind.TEXT,
    "Edm.Boolean": Kind.BOOLEAN,
}
READ_ONLY = frozenset(
    {
        "CurrentAccountBalance", "OpenDeliveryNotesBalance", "OpenOrdersBalance", "OpenOpportunities", "OpenChecksBalance",
        "CreateDate", "CreateTime", "UpdateDate", "UpdateTime", "CreationDate", "DataVersion", "QuantityOnStock",
        "QuantityOrderedFromVendors", "QuantityOrderedByCustomers", "MovingAveragePrice", "DocumentStatus", "Cancelled",
        "CancelStatus", "AuthorizationStatus", "VatSum", "VatSumFc", "VatSumSys", "TotalDiscount", "BPLName", "InStock",
        "Committed", "Ordered", "RemainingOpenQuantity", "OpenAmount", "InternalCode", "PaidToDate", "PaidToDateFC",
    }
)  # fmt: skip
_KEPT = frozenset({"CardCode", "ItemCode", "DocEntry"})  # given once, or never
# Sizes the page names (§15); the metadata tells none
_LENGTHS: Mapping[tuple[str, str], int] = {
    ("BusinessPartner", "CardCode"): 15,
    ("BusinessPartner", "CardName"): 100,
    ("Item", "ItemCode"): 50,
    ("ContactEmployee", "Name"): 50,
    ("BPAddress", "AddressName"): 50,
}


class Model:
    """The service's metadata, read once for a connector."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._types: dict[str, dict[str, str]] | None = None
        self._enums: dict[str, tuple[str, ...]] = {}
        self._sets: dict[str, str] = {}
        self._base: dict[str, str] = {}

    def type_of(self, source: Source) -> str:
        """Return the name of the type an entity's records are of."""
        self._load()
        name = self._sets.get(source.native)
        if name is None:
            raise SchemaError(
                f"The Service Layer has no set called {source.native}.",
                hint="See that the server's schema file shows it, and that the user may see it.",
            )
        if source.rows is None:
            return name
        return _bare(self.properties(name).get(source.rows, ""))

    def properties(self, type_name: str) -> dict[str, str]:
        """Return a type's properties with their types."""
        self._load()
        types = self._types or {}
        inherited = self.properties(self._base[type_name]) if type_name in self._base else {}
        return {**inherited, **types.get(type_name, {})}

    def values(self, type_name: str) -> tuple[str, ...]:
        """Return the members of an enumeration; empty for anything else."""
        self._load()
        return self._enums.get(type_name, ())

    def _load(self) -> None:
        with self._lock:
            if self._types is not None:
                return
            try:
                root = ElementTree.fromstring(self._client.metadata())  # noqa: S314 - the answer of the connection's own server
            except ElementTree.ParseError:
                raise TransientError("The service's metadata is no XML.", hint="Try again later.") from None
            types: dict[str, dict[str, str]] = {}
            for element in root.iter():
                tag, name = element.tag.rpartition("}")[2], element.get("Name", "")
                if tag in ("EntityType", "ComplexType"):
                    types[name] = {
                        one.get("Name", ""): one.get("Type", "") for one in element if one.tag.endswith("}Property")
                    }
                    if base := element.get("BaseType"):
                        self._base[name] = _bare(base)
                elif tag == "EnumType":
                    self._enums[name] = tuple(one.get("Name", "") for one in element if one.tag.endswith("}Member"))
                elif tag == "EntitySet":
                    self._sets[name] = _bare(element.get("EntityType", ""))
            self._types = types


def describe(client: Client, model: Model, entity: str, native: str) -> EntityDescription:
    """Return the entity's fields as this user sees them."""
    source = source_of(entity)
    type_name = model.type_of(source)
    sizes = _sizes(client, source)
    fields = {
        name: _field(model, type_name, name, kind, sizes.get(name))
        for name, kind in sorted(model.properties(type_name).items())
    }
    for name, size in sizes.items():  # known already, and in the metadata only after a restart (§1)
        fields.setdefault(name, FieldDescription(name, Kind.TEXT, size))
    return EntityDescription(entity, native, fields)


def _field(model: Model, type_name: str, name: str, kind: str, size: int | None) -> FieldDescription:
    bare = _bare(kind)
    members = model.values(bare)
    is_switch = bool(members) and set(members) <= SWITCHES.keys()
    writable = name not in READ_ONLY and name != "DocEntry"
    return FieldDescription(
        name=name,
        type=COMPOUND if kind.startswith(_COLLECTION) else _kind(bare, members, is_switch),
        length=size or _LENGTHS.get((type_name, name)),
        unique=name in _KEPT,
        createable=writable,
        updateable=writable and name not in _KEPT,
        values=() if is_switch or kind.startswith(_COLLECTION) else members,
    )


def _kind(bare: str, members: tuple[str, ...], is_switch: bool) -> str:
    if is_switch:
        return Kind.BOOLEAN
    if members:
        return Kind.CHOICE
    return _KINDS.get(bare, COMPOUND)


def _sizes(client: Client, source: Source) -> dict[str, int | None]:
    """User fields need a right of their own to be listed; without it their sizes are not told."""
    if source.table is None:
        return {}
    try:
        found = user_fields(client, [source.table])[source.table]
    except (ConfigurationError, RecordError):
        return {}
    return {name: size for name, size in found.items() if name.startswith(PREFIX)}


def _bare(kind: str) -> str:
    """``Collection(SAPB1.BPAddress)`` → ``BPAddress``; ``Edm.String`` stays."""
    name = kind.removeprefix(_COLLECTION).removesuffix(")")
    return name if name.startswith("Edm.") else name.rpartition(".")[2]
