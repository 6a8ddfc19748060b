"""Properties in the account: making those that are missing, in a group of our own, when somebody asks (HubSpot §12). Nothing here runs by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.deliver import KEY
from crosswalk.connectors.protocol import Creation, Finding
from crosswalk.model.errors import ConflictError

GROUP = "crosswalk"
GROUP_LABEL = "ERP (Crosswalk)"


def _choice(*values: str) -> dict[str, Any]:
    options = [
        {"label": value, "value": value, "displayOrder": number, "hidden": False} for number, value in enumerate(values)
    ]
    return {"type": "enumeration", "fieldType": "select", "options": options}


_TEXT = {"type": "string", "fieldType": "text"}
_NUMBER = {"type": "number", "fieldType": "number"}
UNIQUE: Mapping[str, Any] = {**_TEXT, "hasUniqueValue": True}
PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    KEY: UNIQUE,
    "erp_number": _TEXT,
    "erp_order_number": _TEXT,
    "erp_credit_status": _choice("OK", "Watch", "Hold"),
    "erp_credit_limit": _NUMBER,
    "erp_balance": _NUMBER,
    "erp_overdue": _NUMBER,
    "erp_approval": _choice("Requested", "Approved", "Refused", "Not required"),
    "erp_approval_note": {"type": "string", "fieldType": "textarea"},
    "erp_order_status": _choice("Waiting for approval", "Refused", "Made", "Cancelled"),
    "erp_order_note": {"type": "string", "fieldType": "textarea"},
    "account_currency": _TEXT,
    "shipping_address": _TEXT,
    "shipping_city": _TEXT,
    "shipping_state": _TEXT,
    "shipping_zip": _TEXT,
    "shipping_country": _TEXT,
    "po_number": _TEXT,
    "unit_of_measure": _TEXT,
}  # what our mapping and convention name; a property of the user's own has a type that only the user knows


@dataclass(frozen=True, slots=True)
class PropertyMissing(Finding):
    """A property that ``native`` does not have. ``key``: creates are found again by it."""

    native: str = ""
    name: str = ""
    key: bool = False

    @property
    def definition(self) -> Mapping[str, Any] | None:
        """What the property is to be; None for one whose type only the user knows."""
        return UNIQUE if self.key else PROPERTIES.get(self.name)


def creatable(findings: Sequence[Finding]) -> list[Creation]:
    """Return what :func:`create_missing` would do for these findings, told before anything is done. Pure."""
    return [
        Creation(one.subject, f"New property {one.subject}: {_words(definition)}, in the group {GROUP_LABEL}.")
        for one, definition in _wanted(findings)
    ]


def create_missing(client: Client, findings: Sequence[Finding]) -> Iterator[str]:
    """Create the properties that are missing, in our group, and yield what was done, a sentence each.

    What exists keeps its definition. Safe to run again, also after a lost reply. Raises PermissionDeniedError when the app may not
    change definitions (scopes crm.schemas.*.write), ReadOnlyError on a connection that may only read.
    """
    grouped: set[str] = set()
    for one, definition in _wanted(findings):
        if one.native not in grouped:
            grouped.add(one.native)
            if _made(client, f"{one.native}/groups", {"name": GROUP, "label": GROUP_LABEL, "displayOrder": -1}):
                yield f"Created the property group {GROUP_LABEL} of {one.native}."
        label = one.name.replace("_", " ").capitalize().replace("Erp", "ERP")
        body = {"name": one.name, "label": label, "groupName": GROUP, **definition}
        if _made(client, one.native, body):
            yield f"Created {one.subject}."


def _wanted(findings: Sequence[Finding]) -> list[tuple[PropertyMissing, Mapping[str, Any]]]:
    """The missing properties we can define, each once."""
    missing = {one.subject: one for one in findings if isinstance(one, PropertyMissing)}
    return [(one, definition) for one in missing.values() if (definition := one.definition) is not None]


def _made(client: Client, path: str, body: Mapping[str, Any]) -> bool:
    """Create a definition; False when it is there already."""
    try:
        client.define(path, body)
    except ConflictError:
        return False
    return True


def _words(definition: Mapping[str, Any]) -> str:
    kind = f"{definition['type']} ({definition['fieldType']})"
    if definition.get("options"):
        kind += f" of {', '.join(one['value'] for one in definition['options'])}"
    return f"{kind}, unique" if definition.get("hasUniqueValue") else kind
