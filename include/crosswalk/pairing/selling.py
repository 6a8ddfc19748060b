"""What the pairing says about selling: amendments of orders, credit, discounts. Every setting has a sensible default."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Answer = Literal["block", "approve", "warn"]
Share = Decimal

ORDER_STATUSES_OPEN = ("pending_approval", "open")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AmendPolicy(_Part):
    """What happens when a deal is changed whose order was made.

    ``statuses`` are those of orders that may still be changed. ``line_key`` is the native field that names a line inside its document, so
    that lines nobody changed stay as they are in the ERP; without it every line is written anew. ``days`` is how long after its close
    date a deal is watched.
    """

    changes: Literal["amend", "flag", "ignore"] = "amend"
    on_reopen: Literal["flag", "ignore"] = "flag"
    statuses: tuple[str, ...] = ORDER_STATUSES_OPEN
    line_key: str | None = None
    days: int = Field(default=180, ge=0)


class CreditPolicy(_Part):
    """What happens when an order exceeds what its customer may owe, or the customer is late.

    ``block`` quarantines the deal, ``approve`` holds the order until a person agrees, ``warn`` lets it go and tells the ledger.
    ``tolerance`` is a share of the limit. ``rates`` gives what one unit of a currency is worth in another: ``{EUR: {USD: "1.08"}}``;
    without a rate nothing is converted and a person looks at it. ``consolidated`` counts the whole family of a parent company against
    the topmost one's limit.
    """

    over_limit: Answer | Literal["ignore"] = "ignore"
    tolerance: Share = Field(default=Decimal(0), ge=0)
    overdue_days: int | None = Field(default=None, ge=0)
    overdue: Answer = "block"
    consolidated: bool = False
    rates: dict[str, dict[str, Decimal]] = Field(default_factory=dict)


class DiscountPolicy(_Part):
    """The largest discount on the list price that nobody has to approve, as a share; None: any.

    ``by_owner`` (the deal's owner) and ``by_product`` (the line's stock-keeping unit) stand instead of ``most``; a product's limit holds
    for its lines whoever sells it, and is not counted in the limit of the whole deal.
    """

    most: Share | None = Field(default=None, ge=0, le=1)
    by_product: dict[str, Share] = Field(default_factory=dict)
    by_owner: dict[str, Share] = Field(default_factory=dict)


class ApprovalPolicy(_Part):
    """Who approves and how it is asked: ``approvers`` are Airflow users (empty: whoever may answer), ``schedule`` when it is looked
    for what waits, ``ask_again_hours`` how long a question stands. ``note_field`` is the order's canonical field (or extra) that bears
    who approved it; it is written with every approved revision. What the CRM shows is among ``write_back`` of the deal.
    """

    schedule: str | None = "*/5 * * * *"
    approvers: tuple[str, ...] = ()
    ask_again_hours: int = Field(default=24, gt=0)
    note_field: str | None = None
