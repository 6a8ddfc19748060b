"""What the pairing says about timelines: which events of invoices and payments the CRM is told, and from which day on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from crosswalk.pairing.products import Brake

TIMELINE = "timeline"
"""The flow that tells events."""

TimelineEvent = Literal["invoice_created", "invoice_paid", "invoice_overdue", "payment_received"]


class TimelinePolicy(BaseModel):
    """Which events are told, of documents dated ``since`` or later: what is older is never told, however new the pairing is.

    ``mode`` is that of the flow: off unless the file says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date
    events: tuple[TimelineEvent, ...] = Field(
        default=("invoice_created", "invoice_paid", "payment_received"), min_length=1
    )
    mode: Literal["off", "shadow", "live"] = "off"
    brake: Brake = Field(default_factory=lambda: Brake(most_creates=500))

    @property
    def entities(self) -> tuple[str, ...]:
        """The kinds of documents that are looked at."""
        return tuple(sorted({event.partition("_")[0] for event in self.events}))

    def hidden(self, shown: Collection[str]) -> str | None:
        """Return a fact that would be told though the pairing does not show it in the CRM; None where there is none."""
        return next((f"{entity}s" for entity in self.entities if f"{entity}s" not in shown), None)
