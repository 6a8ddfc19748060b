"""gate: lets a plan through, keeps it in shadow, or stops it for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub.intents import held_intents, let_through, shadow
from crosswalk.hub.modes import Mode, mode_of
from crosswalk.pairing import Brake
from crosswalk.stages.context import StageContext


@dataclass(frozen=True, slots=True)
class GateResult:
    """How many intents were let through, kept in shadow, or held, and why."""

    released: int
    shadowed: int
    held: int
    reason: str

    def as_dict(self) -> dict[str, object]:
        """Return counts and the reason, fit for XCom."""
        return {"released": self.released, "shadowed": self.shadowed, "held": self.held, "reason": self.reason}


def gate(ctx: StageContext, flow: str, *, dry_run: bool = False, brake_released_by: str | None = None) -> GateResult:
    """Judge everything of ``flow`` that waits at the gate.

    The mode decides whether anything is sent at all. The brake holds a plan that would write more than the pairing allows, until a person
    releases it (``brake_released_by``), which the ledger keeps.
    """
    with ctx.hub.connection() as connection:
        waiting = held_intents(connection, pairing=ctx.pairing.name, flow=flow, reason="gate")
        mode = "shadow" if dry_run else effective_mode(ctx, connection, flow)
        if mode == "off":
            return GateResult(0, 0, len(waiting), f"flow {flow} is off")
        keys = [intent.key for intent in waiting]
        if mode == "shadow":
            return GateResult(
                0, shadow(connection, keys, run_id=ctx.run_id, now=ctx.now), 0, "shadow: stored, not sent"
            )
        excess = _excess(ctx.pairing.brake_of(flow), [intent.operation for intent in waiting])
        if excess and brake_released_by is None:
            return GateResult(0, 0, len(waiting), excess)
        actor = brake_released_by or ctx.actor
        return GateResult(
            let_through(connection, keys, run_id=ctx.run_id, actor=actor, now=ctx.now), 0, 0, excess or "live"
        )


def effective_mode(ctx: StageContext, connection: psycopg.Connection, flow: str) -> Mode:
    """Return the mode that holds: what a promotion or an operator set in the hub, else the pairing file's."""
    phase = ctx.pairing.phase_of(flow)
    return mode_of(connection, ctx.pairing.name, flow) or (phase.mode if phase else "off")


def _excess(brake: Brake, operations: Sequence[str]) -> str:
    creates = sum(operation == "create" for operation in operations)
    updates = len(operations) - creates
    if creates > brake.most_creates:
        return (
            f"mass-change brake: {creates} creates are more than the {brake.most_creates} this pairing allows in a run"
        )
    if updates > brake.most_updates:
        return (
            f"mass-change brake: {updates} updates are more than the {brake.most_updates} this pairing allows in a run"
        )
    return ""
