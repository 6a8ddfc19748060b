"""What is known of HubSpot's objects without asking: stamps, merges, association types and their directions (HubSpot §7, §11, §16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ID = "hs_object_id"
MERGED = "hs_merged_object_ids"
DEFINED = "HUBSPOT_DEFINED"


@dataclass(frozen=True, slots=True)
class Native:
    """One object. ``modified`` is its property with the stamp of the last change; ``merges`` whether its records can be merged."""

    name: str
    modified: str = "hs_lastmodifieddate"
    merges: bool = False
    pipelines: bool = False
    reading: str = ""  # the scope that reads it
    writing: str = ""


def _native(
    name: str, modified: str = "hs_lastmodifieddate", *, merges: bool = False, pipelines: bool = False
) -> Native:
    return Native(name, modified, merges, pipelines, f"crm.objects.{name}.read", f"crm.objects.{name}.write")


_KNOWN: Mapping[str, Native] = {
    native.name: native
    for native in (
        _native("companies", merges=True),
        _native("contacts", "lastmodifieddate", merges=True),
        _native("deals", merges=True, pipelines=True),
        _native("products"),
        _native("line_items"),
        _native("orders", pipelines=True),
        _native("invoices"),
        Native("notes", reading="crm.objects.contacts.read", writing="crm.objects.contacts.write"),
    )
}
_SPELLINGS = {"company": "companies", "contact": "contacts", "deal": "deals", "product": "products", "line_item": "line_items",
              "line items": "line_items", "order": "orders", "invoice": "invoices", "note": "notes", "timeline_event": "notes"}  # fmt: skip
"""Association type ids from the left object to the right one; the second one, where there is one, is the primary's (HubSpot §16)."""
TYPES: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("contacts", "companies"): (279, 1),
    ("contacts", "deals"): (4,),
    ("companies", "contacts"): (280, 2),
    ("companies", "deals"): (342, 6),
    ("deals", "companies"): (341, 5),
    ("deals", "contacts"): (3,),
    ("deals", "line_items"): (19,),
    ("line_items", "deals"): (20,),
    ("orders", "companies"): (934, 509),
    ("orders", "contacts"): (507,),
    ("orders", "deals"): (512,),
    ("orders", "line_items"): (513,),
    ("invoices", "companies"): (179,),
    ("invoices", "contacts"): (177,),
    ("invoices", "deals"): (175,),
    ("notes", "companies"): (190,),
    ("notes", "contacts"): (202,),
    ("notes", "deals"): (214,),
}
PARENT = "Parent Company"
"""HubSpot's own label of the company above a company: the type id that goes from the child to its parent. A child has one (§16, §17)."""
CHILD_TO_PARENT = 14
COMPANY_TO_COMPANY = 450  # without a label; always there beside one
PRIMARY = frozenset(types[1] for types in TYPES.values() if len(types) > 1)


def native(name: str) -> Native:
    """Return what is known of an object, by any of its names; an unknown one is the account's own (HubSpot §15)."""
    plural = _SPELLINGS.get(name.lower(), name.lower())
    return _KNOWN.get(plural) or Native(name, reading="crm.objects.custom.read", writing="crm.objects.custom.write")


def associated(name: str) -> tuple[str, ...]:
    """Return the objects whose records this one's can be associated with, as far as we know."""
    return tuple(right for left, right in TYPES if left == name)
