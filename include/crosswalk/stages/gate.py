"""gate: lets a plan through, keeps it in shadow, or stops it for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub.brake import brake, release_brake, was_released_by
from crosswalk.hub.gate import HeldIntent, held_intents, let_through, shadow
from crosswalk.hub.modes import Mode, mode_of
from crosswalk.hub.reading import living
from crosswalk.model.entities import ENTITIES
from crosswalk.pairing import Brake
from crosswalk.stages.context import StageContext


@dataclass(frozen=True, slots=True)
class Release:
    """A person's word that a plan beyond the brake's limits is meant; the ledger keeps both."""

    actor: str
    reason: str


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


def gate(ctx: StageContext, flow: str, *, dry_run: bool = False, release: Release | None = None) -> GateResult:
    """Judge everything of ``flow`` that waits at the gate.

    The mode decides whether anything is sent at all. The brake holds a plan that would write more than the pairing allows, until a person
    releases it: with ``release``, once in a run, or by answering the approvals' question.
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
        excess = next(excesses(connection, ctx.pairing.brake_of(flow), waiting), "")
        if not excess:
            passed = let_through(connection, keys, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now)
            return GateResult(passed, 0, 0, "live")
        if release is None or was_released_by(connection, flow, ctx.run_id):
            told = {"pairing": ctx.pairing.name, "flow": flow, "run_id": ctx.run_id}
            brake(connection, keys, excess=excess, now=ctx.now, **told)
            return GateResult(0, 0, len(waiting), excess)
        passed = release_brake(
            connection,
            pairing=ctx.pairing.name,
            flow=flow,
            plan_id=max(intent.plan_id for intent in waiting),
            actor=release.actor,
            reason=release.reason,
            run_id=ctx.run_id,
            now=ctx.now,
        )
        return GateResult(passed, 0, 0, excess)


def effective_mode(ctx: StageContext, connection: psycopg.Connection, flow: str) -> Mode:
    """Return the mode that holds: what a promotion or an operator set in the hub, else the pairing file's."""
    return mode_of(connection, ctx.pairing.name, flow) or ctx.pairing.mode_of(flow)


def excesses(connection: psycopg.Connection, brake: Brake, waiting: Sequence[HeldIntent]) -> Iterator[str]:
    """Yield each limit that a plan goes over, the gravest first: what is switched off, numbers, shares of what the target has."""
    updates = [intent for intent in waiting if intent.operation == "update"]
    counts = (
        (sum(map(switches_off, updates)), "deactivations", brake.most_deactivations),
        (len(waiting) - len(updates), "creates", brake.most_creates),
        (len(updates), "updates", brake.most_updates),
    )
    for count, what, most in counts:
        if count > most:
            yield f"mass-change brake: {count} {what} are more than the {most} this pairing allows in a run"
    for (system, entity), count in Counter((one.target_system, one.entity) for one in updates).items():
        known = living(connection, ENTITIES[entity], system) if count >= brake.share_from else 0
        if known and count > brake.most_share * known:
            kind = entity.replace("_", " ")
            yield (
                f"mass-change brake: updates of {count} of the {known} {kind} records in {system} are more than the "
                f"{brake.most_share:.0%} this pairing allows in a run"
            )


def switches_off(intent: HeldIntent) -> bool:
    """Tell whether an update makes a record inactive: the nearest thing to a deletion that is ever written (law 11)."""
    source = intent.payload.get("source")
    return isinstance(source, Mapping) and source.get("is_active") is False
