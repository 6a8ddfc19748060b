"""gate: lets a plan through, keeps it in shadow, or stops it for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub.gate import HeldIntent, brake, held_intents, let_through, release_brake, shadow
from crosswalk.hub.modes import Mode, mode_of
from crosswalk.hub.reading import living
from crosswalk.model.entities import ENTITIES
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
        excess = _excess(connection, ctx.pairing.brake_of(flow), waiting)
        told = {"pairing": ctx.pairing.name, "flow": flow, "run_id": ctx.run_id}
        if excess and brake_released_by is None:
            brake(connection, keys, excess=excess, now=ctx.now, **told)
            return GateResult(0, 0, len(waiting), excess)
        if excess and brake_released_by is not None:
            passed = release_brake(connection, actor=brake_released_by, reason=excess, now=ctx.now, **told)
            return GateResult(passed, 0, 0, excess)
        return GateResult(let_through(connection, keys, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now), 0, 0, "live")


def effective_mode(ctx: StageContext, connection: psycopg.Connection, flow: str) -> Mode:
    """Return the mode that holds: what a promotion or an operator set in the hub, else the pairing file's."""
    phase = ctx.pairing.phase_of(flow)
    return mode_of(connection, ctx.pairing.name, flow) or (phase.mode if phase else "off")


def _excess(connection: psycopg.Connection, brake: Brake, waiting: Sequence[HeldIntent]) -> str:
    """Return which limit a plan goes over; empty when none."""
    updates = [intent for intent in waiting if intent.operation != "create"]
    creates, off = len(waiting) - len(updates), sum(map(_deactivates, updates))
    for count, what, most in (
        (creates, "creates", brake.most_creates),
        (len(updates), "updates", brake.most_updates),
        (off, "deactivations", brake.most_deactivations),
    ):
        if count > most:
            return f"mass-change brake: {count} {what} are more than the {most} this pairing allows in a run"
    for (system, entity), count in Counter((one.target_system, one.entity) for one in updates).items():
        known = living(connection, ENTITIES[entity], system) if count >= brake.share_from else 0
        if known and count > brake.most_share * known:
            return f"mass-change brake: {count} of {known} {entity} records are more than the {brake.most_share:.0%} allowed"
    return ""


def _deactivates(intent: HeldIntent) -> bool:
    source = intent.payload.get("source")
    return isinstance(source, Mapping) and source.get("is_active") is False
