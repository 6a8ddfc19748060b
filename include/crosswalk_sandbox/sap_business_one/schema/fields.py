"""User fields and user tables, and which type a database table is (SAP Business One §11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .model import EntitySet, Kind, Model, Property, Structure

_HEADERS: Final = [
    "OQUT",
    "ORDR",
    "ODLN",
    "ORDN",
    "OINV",
    "ORIN",
    "ODPI",
    "ODRF",
    "ORRR",
    "OPOR",
    "OPDN",
    "OPCH",
    "ORPC",
]
_ROWS: Final = ["QUT1", "RDR1", "DLN1", "RDN1", "INV1", "RIN1", "DPI1", "DRF1", "RRR1", "POR1", "PDN1", "PCH1", "RPC1"]
TABLES: Final[Mapping[str, str]] = {
    "OCRD": "BusinessPartner", "OCPR": "ContactEmployee", "CRD1": "BPAddress", "OITM": "Item", "OITW": "ItemWarehouseInfo",
    "ITM1": "ItemPrice", "ORCT": "Payment", "RCT2": "PaymentInvoice", "OCLG": "Activity", "OOPR": "SalesOpportunities",
    "OPR1": "SalesOpportunitiesLine", "OITT": "ProductTree", "ITT1": "ProductTreeLine", "OPLN": "PriceList", "OSPP": "SpecialPrice",
    "OSLP": "SalesPerson", "OCTG": "PaymentTermsType", "OWHS": "Warehouse", "OCRG": "BusinessPartnerGroup", "OITB": "ItemGroups",
    "OCRN": "Currency", "OUSR": "User", "OSHP": "ShippingType", "OPRJ": "Project", "OHEM": "EmployeeInfo",
    **dict.fromkeys(_HEADERS, "Document"), **dict.fromkeys(_ROWS, "DocumentLine"),
}  # fmt: skip
"""Database table → type; marketing documents share one."""
_KINDS: Final[Mapping[str, Kind]] = {
    "db_Alpha": "text", "db_Memo": "text", "db_Numeric": "integer", "db_Date": "date", "db_Float": "number",
}  # fmt: skip

_STAMPS: Final[Mapping[str, Property]] = {
    name: Property(name, kind, column=name, writable=False)
    for name, kind in (("CreateDate", "date"), ("CreateTime", "time"), ("UpdateDate", "date"), ("UpdateTime", "time"))
}


def type_of_table(table: str) -> str | None:
    """The type whose entities a table holds; user tables by ``@NAME``."""
    return f"U_{table[1:]}" if table.startswith("@") else TABLES.get(table)


def user_property(row: Mapping[str, Any]) -> Property:
    """The property that a row of ``UserFieldsMD`` makes."""
    kind = "time" if row.get("SubType") == "st_Time" else _KINDS[row.get("Type") or "db_Alpha"]
    choices = frozenset(str(one.get("Value")) for one in row.get("ValidValuesMD") or ())
    length = int(row.get("EditSize") or row.get("Size") or 50) if row.get("Type", "db_Alpha") == "db_Alpha" else None
    return Property(
        f"U_{row['Name']}", kind, column=f"U_{row['Name']}", length=length, choices=choices or None,
        required=row.get("Mandatory") == "tYES" and row.get("DefaultValue") is None,
    )  # fmt: skip


def user_table(row: Mapping[str, Any]) -> tuple[EntitySet, Structure]:
    """The set and type that a row of ``UserTablesMD`` makes: key ``Code``, and ``Name`` (§11)."""
    name = f"U_{row['TableName']}"
    numbered = str(row.get("TableType", "")).endswith("Increment")
    properties = {
        "Code": Property("Code", "integer" if numbered else "text", column="Code", length=50),
        "Name": Property("Name", "text", column="Name", length=100),
    }
    return EntitySet(name, name, ("Code",), etag=False), Structure(name, properties, ("Code",))


def user_object(row: Mapping[str, Any], table: Structure) -> tuple[EntitySet, Structure]:
    """The set and type that a row of ``UserObjectsMD`` makes of its table: the object's code names both (§11)."""
    name = str(row["Code"])
    entry = Property("DocEntry", "integer", column="DocEntry")
    document = row.get("ObjectType") == "boud_Document"
    own = {"DocEntry": entry} if document else dict(table.properties)
    fields = {name: one for name, one in table.properties.items() if name.startswith("U_")}
    key = ("DocEntry",) if document else ("Code",)
    return EntitySet(name, name, key, etag=False), Structure(name, {**own, **_STAMPS, **fields}, key)


def extended(
    model: Model,
    fields: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]],
    objects: Sequence[Mapping[str, Any]] = (),
) -> Model:
    """The model with a company's user fields, tables and objects."""
    types, sets = dict(model.types), dict(model.sets)
    for row in tables:
        made, kind = user_table(row)
        sets[made.name], types[kind.name] = made, kind
    added: dict[str, dict[str, Property]] = {}
    for row in fields:
        target = type_of_table(str(row["TableName"]))
        if target in types:
            added.setdefault(str(target), {})[f"U_{row['Name']}"] = user_property(row)
    for name, properties in added.items():
        types[name] = types[name].with_properties(properties)
    for row in objects:
        made, kind = user_object(row, types[str(type_of_table(f"@{row['TableName']}"))])
        sets[made.name], types[kind.name] = made, kind
    return Model(types, model.enums, sets, model.bound, model.actions, model.functions)
