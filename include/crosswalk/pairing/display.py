"""What of the ERP may be shown to people of the CRM, and where the customer card may be shown in a frame."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ShownFact = Literal[
    "credit_hold", "credit_limit", "balance", "overdue", "terms", "price_level",
    "orders", "shipments", "invoices", "payments", "stock", "prices",
]  # fmt: skip
"""Every ERP fact that can be shown. Costs, margins, bank accounts and tax ids are not among them, nor are fields added as extras."""

UNLESS_SAID_OTHERWISE: tuple[ShownFact, ...] = ("credit_hold", "terms", "orders", "shipments", "stock")
"""What is shown when a pairing does not say: nothing that the model marks as sensitive, and no money that is owed."""

_HOST = re.compile(r"https://(\*\.)?([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?|http://(localhost|127\.0\.0\.1)(:\d+)?")


def _is_host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f"{value!r} is no host to be framed by; write https://crm.example.com")
    if value.startswith("https://*.") and value.count(".") < 2:
        raise ValueError(f"{value!r} would let everybody under a whole top-level domain show the card")
    return value


FramingHost = Annotated[str, AfterValidator(_is_host)]


class CardPolicy(BaseModel):
    """The customer card: who signs its links, and whose pages may show it in a frame; a side without hosts has no card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str = "crosswalk_card"
    crm_hosts: tuple[FramingHost, ...] = Field(default=())
    erp_hosts: tuple[FramingHost, ...] = Field(default=())

    def hosts(self, side: Literal["crm", "erp"]) -> tuple[str, ...]:
        """Return the hosts of one side."""
        return self.crm_hosts if side == "crm" else self.erp_hosts
