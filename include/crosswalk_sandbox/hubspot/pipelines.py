"""The pipelines that a new account has (HubSpot §13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .schema.definitions import OLD

_DEAL_STAGES: Final = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"), ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"), ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"), ("closedwon", "Closed Won", "1.0"), ("closedlost", "Closed Lost", "0.0"),
)  # fmt: skip
KEY_ACCOUNTS: Final = "75238411"
"""A pipeline of the demo company's own: numeric ids, labels in another language (§13)."""
KEY_ACCOUNT_STAGES: Final = (
    ("144260301", "Anfrage", "0.1"), ("144260302", "Muster geprüft", "0.3"), ("144260303", "Angebot abgegeben", "0.6"),
    ("144260304", "Verhandlung", "0.8"), ("144260305", "Gewonnen", "1.0"), ("144260306", "Verloren", "0.0"),
)  # fmt: skip
_TICKETS: Final = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)
_ORDERS: Final = (
    ("order-open", "Open", "OPEN"), ("order-processed", "Processed", "OPEN"), ("order-shipped", "Shipped", "OPEN"),
    ("order-delivered", "Delivered", "CLOSED"), ("order-cancelled", "Cancelled", "CLOSED"),
)  # fmt: skip
_PLAIN: Final = (("new", "New"), ("in_progress", "In progress"), ("closed", "Closed"))


def stage(ident: str, label: str, order: int, metadata: Mapping[str, str], at: str = OLD) -> dict[str, Any]:
    """A stage as the API shows it; metadata values are text."""
    return {
        "label": label, "displayOrder": order, "metadata": dict(metadata), "id": ident, "createdAt": at, "updatedAt": at,
        "archived": False, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }  # fmt: skip


def pipeline(ident: str, label: str, order: int, stages: list[dict[str, Any]], at: str = OLD) -> dict[str, Any]:
    """A pipeline as the API shows it."""
    return {
        "label": label, "displayOrder": order, "id": ident, "stages": stages, "createdAt": at, "updatedAt": at,
        "archived": False,
    }  # fmt: skip


def deal_metadata(probability: str) -> dict[str, str]:
    """Closed follows from probability 0 or 1 (§13)."""
    return {"isClosed": "true" if float(probability) in (0.0, 1.0) else "false", "probability": probability}


def defaults(kind: str) -> list[dict[str, Any]]:
    """The pipelines of a type in a new account."""
    if kind == "0-3":
        return [
            pipeline("default", "Sales Pipeline", 0, [stage(one, label, at, deal_metadata(share)) for at, (one, label, share) in enumerate(_DEAL_STAGES)]),
            pipeline(KEY_ACCOUNTS, "Großkunden", 1, [stage(one, label, at, deal_metadata(share)) for at, (one, label, share) in enumerate(KEY_ACCOUNT_STAGES)]),
        ]  # fmt: skip
    if kind == "0-5":
        return [
            pipeline(
                "0",
                "Support Pipeline",
                0,
                [stage(one, label, at, {"ticketState": state}) for at, (one, label, state) in enumerate(_TICKETS)],
            )
        ]
    if kind == "0-123":
        return [
            pipeline(
                "order-default",
                "Order Pipeline",
                0,
                [stage(one, label, at, {"state": state}) for at, (one, label, state) in enumerate(_ORDERS)],
            )
        ]
    return [
        pipeline(
            f"{kind}-default",
            "Pipeline",
            0,
            [stage(f"{kind}-{one}", label, at, {}) for at, (one, label) in enumerate(_PLAIN)],
        )
    ]
