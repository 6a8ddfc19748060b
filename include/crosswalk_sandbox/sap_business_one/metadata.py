"""The service document and ``$metadata`` of both versions, with the company's own fields and tables (SAP Business One §1, §2)."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from .account import Account
from .schema.model import EDM, Model, Property, Structure, read_data, vendor_model

_OLD: Final = "{http://schemas.microsoft.com/ado/2009/11/edm}"
_TYPES: Final = {
    2: {"text": "Edm.String", "integer": "Edm.Int32", "number": "Edm.Double", "date": "Edm.DateTimeOffset", "time": "Edm.TimeOfDay"},
    1: {"text": "Edm.String", "integer": "Edm.Int32", "number": "Edm.Double", "date": "Edm.DateTime", "time": "Edm.Time"},
}  # fmt: skip


def service_document(model: Model) -> list[dict[str, str]]:
    """The sets, as the service root lists them."""
    return [{"name": name, "kind": "EntitySet", "url": name} for name in sorted(model.sets)]


def document(account: Account, version: int) -> bytes:
    """``$metadata`` as XML."""
    root = etree.fromstring(read_data(f"metadata_v{version}.xml"))
    schema = next(one for one in root.iter() if str(one.tag).endswith("}Schema") and one.get("Namespace") == "SAPB1")
    space = schema.tag.removesuffix("Schema")
    assert space in (EDM, _OLD) or version == 1
    vendor = vendor_model()
    for name, kind in account.model.types.items():
        known = vendor.types.get(name)
        if known is None:
            _add_type(schema, space, kind, version)
        elif known is not kind:
            _change_type(schema, space, kind, known, version)
    container = schema.find(f"{space}EntityContainer")
    for name, made in account.model.sets.items():
        if name not in vendor.sets:
            etree.SubElement(container, f"{space}EntitySet", Name=name, EntityType=f"SAPB1.{made.type}")
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _add_type(schema: Any, space: str, kind: Structure, version: int) -> None:
    made = etree.Element(f"{space}EntityType", Name=kind.name)
    key = etree.SubElement(made, f"{space}Key")
    for name in kind.key:
        etree.SubElement(key, f"{space}PropertyRef", Name=name)
    for one in kind.properties.values():
        _add_property(made, space, one, version, required=one.name in kind.key)
    schema.insert(0, made)


def _change_type(schema: Any, space: str, kind: Structure, known: Structure, version: int) -> None:
    found = next(
        one
        for tag in ("EntityType", "ComplexType")
        for one in schema.iterfind(f"{space}{tag}")
        if one.get("Name") == kind.name
    )
    old = {new: name for name, new in known.old_names.items()} if version == 1 else {}
    for name in known.properties.keys() - kind.properties.keys():
        for one in found.iterfind(f"{space}Property"):
            if one.get("Name") == old.get(name, name):
                found.remove(one)
    present = {one.get("Name"): one for one in found.iterfind(f"{space}Property")}
    for one in kind.properties.values():
        if one.name not in known.properties:
            _add_property(found, space, one, version, place=len(present))
        elif one is not known.properties[one.name] and one.kind in _TYPES[version]:
            present[old.get(one.name, one.name)].set("Type", _TYPES[version][one.kind])


def _add_property(
    parent: Any, space: str, one: Property, version: int, *, required: bool = False, place: int | None = None
) -> None:
    made = etree.Element(f"{space}Property", Name=one.name, Type=_TYPES[version].get(one.kind, "Edm.String"))
    if required:
        made.set("Nullable", "false")
    parent.insert(len(parent) if place is None else place + 1, made)
