"""What the pairing says about its checks: tolerances, what is compared, who is told. Every setting has a sensible default."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from crosswalk.model.entities import ENTITIES

Severity = Literal["info", "warning", "critical"]
Attachment = Literal["xlsx", "csv", "none"]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tuning(_Part):
    """One check as this pairing wants it; ``in_order`` is the share of the compared records that suffices to pass."""

    enabled: bool = True
    severity: Severity | None = None
    in_order: float | None = Field(default=None, ge=0, le=1)


class ReportMail(_Part):
    """The scheduled mail. Without recipients there is none, and no DAG for it."""

    recipients: tuple[Address, ...] = ()
    schedule: str = "0 6 * * 1-5"
    attach: Attachment = "xlsx"
    sender: Address | None = None  # else the connection's own
    connection: str = "smtp_default"


class CheckPolicy(_Part):
    """How far the two systems may be apart before a check fails, what is compared, and how long failing rows are kept."""

    count_share: float = Field(default=0.02, ge=0, le=1)
    order_total: Decimal = Field(default=Decimal("0.01"), ge=0)
    amount: Decimal = Field(default=Decimal("0.01"), ge=0)  # of amounts and quantities that are compared field by field
    grace_minutes: int = Field(default=30, ge=0)
    stale_minutes: int = Field(default=180, gt=0)
    approval_days: int = Field(default=3, ge=0)
    posting_days: int = Field(default=5, ge=0)
    intent_minutes: int = Field(default=120, gt=0)
    keep_runs: int = Field(default=20, gt=0)
    fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # compared instead of all that both sides map
    values: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)  # allowed, beside the model's own
    finance_fields: tuple[str, ...] = ()  # `customer.balance`: sensitive fields that analysts may see
    tune: dict[str, Tuning] = Field(default_factory=dict)
    report: ReportMail = ReportMail()

    @model_validator(mode="after")
    def _names_are_known(self) -> CheckPolicy:
        named = [(entity, field) for entity, fields in self.fields.items() for field in fields]
        named += [(entity, field) for entity, fields in self.values.items() for field in fields]
        for one in self.finance_fields:
            entity, dot, field = one.partition(".")
            if not dot:
                raise ValueError(f"finance_fields: write {one!r} as entity.field, such as customer.balance")
            named.append((entity, field))
        for entity, field in named:
            if entity not in ENTITIES:
                raise ValueError(f"{entity!r} is no entity; entities are: {', '.join(sorted(ENTITIES))}")
            if field not in ENTITIES[entity].field_names:
                raise ValueError(f"{field!r} is no field of {entity}")
        return self
