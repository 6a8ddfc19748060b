"""The rule table on one customer: how far it ought to be on either side. Pure; forward only.

A stage or kind that the hub does not know, or that stands beside the order (``other``), is never moved, nor is a reason to move anything;
an empty stage is before all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.model.records import Value
from crosswalk.pairing.lifecycle import WON_DEAL, LifecyclePolicy, reached

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Standing:
    """A linked customer: its stage in the CRM, its kind in the ERP, and what speaks for more. ``traded``: the ERP has an order or an invoice of it."""

    stage: str | None
    kind: str | None
    active: bool = True
    won: bool = False
    traded: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One step forward on one side, and why."""

    side: Literal["crm", "erp"]
    was: str | None
    to: str
    because: str


def kind_wanted(standing: Standing, policy: LifecyclePolicy) -> Move | None:
    """Return the kind that a customer ought to have become in the ERP; None where it is that, or more, or nothing may be said."""
    if standing.kind not in CUSTOMER_KINDS or _left_alone(standing, policy):
        return None
    reasons: list[tuple[str, str]] = []
    if standing.won and WON_DEAL in policy.to_erp:
        reasons.append((policy.to_erp[WON_DEAL], "a deal was won"))
    if standing.stage in STAGES and (kind := reached(policy.stages_to_kinds, standing.stage, STAGES)):
        reasons.append((kind, f"the CRM has it at stage {standing.stage}"))
    return _forward("erp", standing.kind, reasons, CUSTOMER_KINDS)


def stage_wanted(standing: Standing, policy: LifecyclePolicy) -> Move | None:
    """Return the stage that a customer ought to have reached in the CRM; None where it has, or nothing may be said."""
    if standing.kind not in CUSTOMER_KINDS or _left_alone(standing, policy):
        return None
    if standing.stage is not None and standing.stage not in STAGES:
        return None
    waits = policy.traded and not standing.traded
    rows = {kind: stage for kind, stage in policy.kinds_to_stages.items() if not (waits and kind == CUSTOMER)}
    stage = reached(rows, standing.kind, CUSTOMER_KINDS)
    bought = " with orders or invoices" if standing.traded and standing.kind == CUSTOMER else ""
    return _forward(
        "crm", standing.stage, [(stage, f"the ERP has it as {standing.kind}{bought}")] if stage else [], STAGES
    )


def moves(standing: Standing, policy: LifecyclePolicy) -> Iterator[Move]:
    """Yield what the table wants of either side; nothing where both are where they ought to be."""
    for move in (kind_wanted(standing, policy), stage_wanted(standing, policy)):
        if move is not None:
            yield move


def first_kind(stage: Value, won: bool, policy: LifecyclePolicy) -> str | None:
    """Return the kind that a customer is made as where the ERP has none; None where the table says nothing of it."""
    rows = policy.stages_to_kinds
    wanted = [
        reached(rows, str(stage), STAGES) if stage in STAGES else None,
        policy.to_erp.get(WON_DEAL) if won else None,
    ]
    known = [kind for kind in wanted if kind is not None]
    return max(known, key=CUSTOMER_KINDS.index, default=None)


def makers(policy: LifecyclePolicy) -> tuple[str, ...]:
    """Return the stages at which a company becomes a customer of the ERP that has none of it, whatever its deals."""
    return STAGES[STAGES.index(policy.create_from) :] if policy.create_from else ()


def _left_alone(standing: Standing, policy: LifecyclePolicy) -> bool:
    return policy.inactive == "leave" and not standing.active


def _forward(
    side: Literal["crm", "erp"], was: str | None, reasons: Sequence[tuple[str, str]], order: Sequence[str]
) -> Move | None:
    """Return the furthest step that the reasons give, if it is one."""
    now = -1 if was is None else order.index(was)
    to, because = max(reasons, key=lambda reason: order.index(reason[0]), default=("", ""))
    return Move(side, was, to, because) if to and order.index(to) > now else None
