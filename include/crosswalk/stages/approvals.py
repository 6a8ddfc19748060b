"""approvals: what is to be asked of people, the question in words, and what the answer does.

An item names what is asked about, as it is now: an order's intent with the hash of its payload (``order:KEY@HASH``), everything a
flow planned up to a plan (``brake:FLOW@PLAN``), or what a whole read missed (``census:SYSTEM.ENTITY@BEGINNING``). What has become another thing since is not what was answered for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from crosswalk.hub import approvals, brake, census, quarantine
from crosswalk.hub.census import HeldCensus
from crosswalk.hub.database import Connection
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ConfigurationError
from crosswalk.stages.approval_facts import approval_facts
from crosswalk.stages.approval_words import LinkTo, Question, brake_question, census_question, order_question
from crosswalk.stages.context import StageContext
from crosswalk.stages.pull import CENSUS, CENSUS_KEY


@dataclass(frozen=True, slots=True)
class Asked:
    """The items a run asks about."""

    items: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {"asked": len(self.items)}


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer: ``approved``, ``refused``, ``lapsed`` (it was about something else by then) or ``open``."""

    outcome: str

    def as_dict(self) -> dict[str, object]:
        """Return the outcome, fit for XCom."""
        return {"outcome": self.outcome}


def ask(ctx: StageContext, *, again: bool = False) -> Asked:
    """Return what nobody is being asked about yet (with ``again``: all that waits); repeated in the same run it returns the same."""
    again_after = timedelta(hours=0 if again else ctx.pairing.orders.approvals.ask_again_hours)
    name, run = ctx.pairing.name, ctx.run_id
    with ctx.hub.connection() as connection:
        orders = approvals.ask(connection, name, run_id=run, again_after=again_after)
        plans = brake.ask_about(connection, name, run_id=run, again_after=again_after)
        reads = census.ask_about(connection, name, run_id=run, again_after=again_after)
    items = [f"order:{one.key}@{one.payload_hash}" for one in orders]
    first = [f"census:{one.name}" for one in reads] + [f"brake:{one.flow}@{one.plan_id}" for one in plans]
    return Asked((*first, *items))


def question(ctx: StageContext, item: str, link: LinkTo = lambda side, entity, key: None) -> Question | None:
    """Return the question in words; None when nothing waits for the answer any more."""
    kind, subject, version = _parts(item)
    with ctx.hub.connection() as connection:
        if kind == "census":
            read = _held_census(connection, ctx, item)
            return census_question(read) if read else None
        if kind == "brake":
            waiting = brake.held_plan(connection, ctx.pairing.name, subject, int(version))
            held = brake.braked(connection, ctx.pairing.name, flow=subject)
            return brake_question(ctx.pairing, held[0], waiting, link) if held and waiting else None
        found = approvals.waiting(connection, ctx.pairing.name, keys=[subject])
        for one in found:
            if one.payload_hash == version:
                facts = approval_facts(connection, ctx.pairing, one.source_key, one.payload)
                return order_question(ctx.pairing, one, facts, link)
    return None


def answer(ctx: StageContext, item: str, *, approved: bool, actor: str, comment: str) -> Answered:
    """Record a person's answer in the ledger and act on it; it lapses when what it was about does not wait any more."""
    kind, subject, version = _parts(item)
    if kind == "census":
        return _answer_census(ctx, item, approved=approved, actor=actor, comment=comment)
    if kind == "brake":
        return _answer_brake(ctx, subject, int(version), approved=approved, actor=actor, comment=comment)
    with ctx.hub.connection() as connection:
        taken = approvals.decide(
            connection,
            ctx.pairing.name,
            key=subject,
            payload_hash=version,
            approved=approved,
            actor=actor,
            comment=comment,
            run_id=ctx.run_id,
        )
    return Answered(("approved" if approved else "refused") if taken else "lapsed")


def _answer_brake(ctx: StageContext, flow: str, plan_id: int, *, approved: bool, actor: str, comment: str) -> Answered:
    if approved:
        _need_reason("Releasing the mass-change brake", comment)
    pairing, run_id = ctx.pairing.name, ctx.run_id
    with ctx.hub.connection() as connection:
        if not approved:
            brake.refuse_brake(
                connection, pairing=pairing, flow=flow, plan_id=plan_id, actor=actor, reason=comment, run_id=run_id
            )
            return Answered("refused")
        if not brake.held_plan(connection, pairing, flow, plan_id):
            again = brake.was_released_by(connection, flow, run_id)
            return Answered("approved" if again else "lapsed")
        brake.release_brake(
            connection, pairing=pairing, flow=flow, plan_id=plan_id, actor=actor, reason=comment, run_id=run_id
        )
    return Answered("approved")


def _answer_census(ctx: StageContext, item: str, *, approved: bool, actor: str, comment: str) -> Answered:
    """Mark what a whole read missed as deleted, or leave it: then the next whole read is judged anew."""
    if approved:
        _need_reason("Taking records for deleted", comment)
    said = {"actor": actor, "reason": comment, "run_id": ctx.run_id}
    with ctx.hub.connection() as connection:
        one = _held_census(connection, ctx, item)
        if one is None:
            return Answered("lapsed")
        if approved:
            census.release(connection, ctx.pairing.name, one, ENTITIES[one.entity], **said)
        else:
            census.refuse(connection, ctx.pairing.name, one, **said)
        quarantine.resolve_keys(
            connection,
            pairing=ctx.pairing.name,
            system=one.system,
            entity=one.entity,
            stage=CENSUS,
            keys=[CENSUS_KEY],
            actor=actor,
            run_id=ctx.run_id,
        )
    return Answered("approved" if approved else "refused")


def _held_census(connection: Connection, ctx: StageContext, item: str) -> HeldCensus | None:
    return next((one for one in census.held(connection, ctx.pairing.name) if f"census:{one.name}" == item), None)


def _need_reason(deed: str, comment: str) -> None:
    """A release without a reason is no release: the question is put again."""
    if not comment.strip():
        raise ConfigurationError(
            f"{deed} needs a reason, and the comment is empty.",
            hint="Clear the task `ask` and answer again, with the reason as comment.",
            field="comment",
        )


def _parts(item: str) -> tuple[str, str, str]:
    """Return an item's kind, what it is about, and as which version of it."""
    kind, _, rest = item.partition(":")
    subject, _, version = rest.rpartition("@")
    return kind, subject, version
