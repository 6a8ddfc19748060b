"""What the pairing says about stages and kinds: which stage of the CRM makes which kind of customer in the ERP, and the other way round.

Both only go forward. The two tables must be at rest with each other: what one side is given by a table must not be a reason for the
other side to go further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.pairing.products import Brake

WON_DEAL = "won_deal"
"""The row of ``to_erp`` that holds for customers with a won deal, whatever their stage."""

LifecycleMode = Literal["off", "shadow", "live"]


class LifecyclePolicy(BaseModel):
    """The rule table. A row holds from its stage (or kind) on, up to the next row; without rows nothing goes that way.

    ``to_erp`` says which kind a customer is at least in the ERP, by its stage in the CRM or by a ``won_deal``; from the stage ``create_from`` on
    a company that the ERP does not have becomes one there, deal or no deal. ``to_crm`` says how far it is at least in the CRM, by its kind in the ERP; with ``traded``
    a ``customer`` counts as one there only with an order or an invoice. ``inactive`` customers of the ERP are left alone. A stage or kind that
    somebody took back after we moved it waits for a person (``ask``), or is moved again (``restore``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: LifecycleMode = "shadow"
    to_erp: dict[str, str] = Field(default_factory=dict)
    to_crm: dict[str, str] = Field(default_factory=dict)
    create_from: str | None = None
    traded: bool = True
    inactive: Literal["leave", "move"] = "leave"
    taken_back: Literal["ask", "restore"] = "ask"
    brake: Brake = Brake(most_creates=0, most_updates=500, share_from=100)

    @field_validator("to_erp")
    @classmethod
    def _stages_make_kinds(cls, rows: dict[str, str]) -> dict[str, str]:
        _refuse(_unknown(rows, (*STAGES, WON_DEAL), "stage", CUSTOMER_KINDS, "kind"))
        _refuse(_backwards({name: kind for name, kind in rows.items() if name in STAGES}, STAGES, CUSTOMER_KINDS))
        return rows

    @field_validator("to_crm")
    @classmethod
    def _kinds_make_stages(cls, rows: dict[str, str]) -> dict[str, str]:
        _refuse(_unknown(rows, CUSTOMER_KINDS, "kind", STAGES, "stage"))
        _refuse(_backwards(rows, CUSTOMER_KINDS, STAGES))
        return rows

    @model_validator(mode="after")
    def _is_at_rest(self) -> LifecyclePolicy:
        if not self.to_erp and not self.to_crm:
            raise ValueError("neither to_erp nor to_crm has a row: write one, or take `lifecycle` out")
        if self.create_from is not None and self.create_from not in STAGES:
            raise ValueError(f"create_from: {self.create_from!r} is no stage; stages are: {', '.join(STAGES)}")
        if self.create_from is not None and reached(self.stages_to_kinds, self.create_from, STAGES) is None:
            raise ValueError(f"create_from: to_erp does not say which kind a {self.create_from} is; write a row for it")
        _refuse(_restless(self))
        return self

    @property
    def stages_to_kinds(self) -> dict[str, str]:
        """The rows of ``to_erp`` that go by the stage."""
        return {stage: self.to_erp[stage] for stage in STAGES if stage in self.to_erp}

    @property
    def kinds_to_stages(self) -> dict[str, str]:
        """The rows of ``to_crm``, in the order of kinds."""
        return {kind: self.to_crm[kind] for kind in CUSTOMER_KINDS if kind in self.to_crm}


def reached(rows: Mapping[str, str], at: str, order: Sequence[str]) -> str | None:
    """Return what the last row up to ``at`` says; None before the first one."""
    passed = [name for name in order[: order.index(at) + 1] if name in rows]
    return rows[passed[-1]] if passed else None


def _refuse(mistakes: Iterator[str]) -> None:
    if found := list(mistakes):
        raise ValueError("; ".join(found))


def _unknown(
    rows: Mapping[str, str], known: Sequence[str], what: str, makes: Sequence[str], made: str
) -> Iterator[str]:
    for name, value in rows.items():
        if name not in known:
            yield f"{name!r} is no {what} a row can begin at; these are: {', '.join(known)}"
        if value not in makes:
            yield f"{name} makes {value!r}, which is no {made}; write one of: {', '.join(makes)}"


def _backwards(rows: Mapping[str, str], order: Sequence[str], makes: Sequence[str]) -> Iterator[str]:
    """Rows must not fall: who goes forward on one side would have to go back on the other."""
    written = [name for name in order if name in rows and rows[name] in makes]
    for before, after in pairwise(written):
        if makes.index(rows[after]) < makes.index(rows[before]):
            yield f"{after} makes a {rows[after]}, but {before}, which comes before it, a {rows[before]} already"


def _restless(policy: LifecyclePolicy) -> Iterator[str]:
    stages, kinds = policy.stages_to_kinds, policy.kinds_to_stages
    for kind, stage in kinds.items():
        back = reached(stages, stage, STAGES)
        if back and CUSTOMER_KINDS.index(back) > CUSTOMER_KINDS.index(kind):
            yield (
                f"to_crm moves a {kind} to {stage}, where to_erp makes it a {back}: every {kind} of the ERP would become a {back} by itself; "
                f"let to_crm.{kind} stop earlier, or to_erp begin {back} later"
            )
    for stage, kind in stages.items():
        back = reached(kinds, kind, CUSTOMER_KINDS)
        if back and STAGES.index(back) > STAGES.index(stage):
            yield (
                f"to_erp makes a {kind} at {stage}, which to_crm moves on to {back}: every {stage} of the CRM would become a {back} by itself; "
                f"let to_crm.{kind} stop earlier, or to_erp begin {kind} later"
            )
