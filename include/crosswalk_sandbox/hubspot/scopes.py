"""Which scopes a call accepts: any one of them is enough (HubSpot §3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .schema.types import Types

_FAMILIES: Final = (
    "contacts", "companies", "deals", "products", "line_items", "quotes", "orders", "invoices", "owners", "custom", "carts",
    "commercepayments", "subscriptions", "leads", "users", "services", "courses", "listings", "appointments", "projects",
    "goals", "marketing_events", "feedback_submissions",
)  # fmt: skip
READING: Final = frozenset(
    {f"crm.objects.{family}.read" for family in _FAMILIES}
    | {f"crm.schemas.{family}.read" for family in _FAMILIES}
    | {"multi-currency-read", "settings.currencies.read", "tax_rates.read", "oauth"}
)
ALL: Final = READING | {
    *(name.replace(".read", ".write") for name in READING if name.startswith(("crm.", "settings."))),
    "tickets", "e-commerce", "timeline",
}  # fmt: skip
JOURNAL: Final = frozenset(
    {"developer.webhooks_journal.read"}
    | {f"developer.webhooks_journal.subscriptions.{verb}" for verb in ("read", "create", "update", "delete")}
    | {f"developer.webhooks_journal.snapshots.{verb}" for verb in ("read", "create")}
)
_WITH_CONTACTS: Final = frozenset(
    {"notes", "tasks", "calls", "meetings", "emails", "communications", "postal_mail", "quote_templates"}
)
_SPECIAL: Final = {"commerce_payments": "commercepayments", "goal_targets": "goals", "discounts": "line_items", "fees": "line_items", "taxes": "line_items"}  # fmt: skip
_READS: Final = re.compile(r".*/(batch/read|search)/?")
_RECORDS: Final = re.compile(r"/crm/v[34]/objects/([^/]+)(?:/.*)?")
_BETWEEN: Final = re.compile(r"/crm/v[34]/associations/(?:definitions/configurations/)?([^/]+)/([^/]+)/.*")
_SCHEMA: Final = re.compile(r"/crm/v3/(?:properties|pipelines)/([^/]+)(?:/.*)?")
_OTHERS: Final = (
    (re.compile(r"/crm/v3/owners.*"), ("crm.objects.owners.read",), ("crm.objects.owners.read",)),
    (re.compile(r"/crm-object-schemas/.*"), ("crm.schemas.custom.read",), ("crm.schemas.custom.write",)),
    (re.compile(r"/integrators/timeline/.*/?events.*"), ("timeline",), ("timeline",)),
    (
        re.compile(r"/settings/v3/currencies/.*"),
        ("multi-currency-read", "settings.currencies.read", "settings.currencies.write"),
        ("settings.currencies.write",),
    ),
    (re.compile(r"/tax-rates/.*"), ("tax_rates.read",), ("tax_rates.read",)),
)


def accepted(method: str, path: str, types: Types) -> tuple[str, ...]:
    """The scopes of which one is needed; none where a token alone is enough."""
    reading = method in ("GET", "HEAD") or _READS.fullmatch(path) is not None
    verb = "read" if reading else "write"
    if match := _RECORDS.fullmatch(path):
        return _of("objects", match[1], verb, types)
    if match := _BETWEEN.fullmatch(path):
        return tuple(dict.fromkeys((*_of("objects", match[1], verb, types), *_of("objects", match[2], verb, types))))
    if match := _SCHEMA.fullmatch(path):
        return _of("schemas", match[1], verb, types)
    for pattern, read, write in _OTHERS:
        if pattern.fullmatch(path):
            return read if reading else write
    return ()


def _of(area: str, name: str, verb: str, types: Types) -> tuple[str, ...]:
    kind = types.find(name)
    if kind is None:
        return ()
    if kind.family == "tickets":
        return ("tickets",) if verb == "write" else ("tickets", "crm.objects.contacts.read")
    if kind.family in _WITH_CONTACTS:
        return (f"crm.{area}.contacts.{verb}",)
    family = _SPECIAL.get(kind.family, kind.family)
    own = (f"crm.{area}.{family}.{verb}",)
    return (*own, "e-commerce") if family in ("products", "line_items") else own
