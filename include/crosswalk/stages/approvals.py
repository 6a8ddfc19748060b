"""approvals: what is to be asked, the question in words, and what the answer does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from crosswalk.hub import approvals
from crosswalk.hub.approvals import Waiting
from crosswalk.hub.codec import decode
from crosswalk.orders.ordered import lines_of
from crosswalk.stages.context import StageContext


@dataclass(frozen=True, slots=True)
class Asked:
    """The orders a run asks about, each as ``intent key@payload hash``."""

    items: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {"asked": len(self.items)}


@dataclass(frozen=True, slots=True)
class Question:
    """What a person reads: a headline, and the numbers as Markdown."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer."""

    outcome: str  # approved, rejected, lapsed or open

    def as_dict(self) -> dict[str, object]:
        """Return the outcome, fit for XCom."""
        return {"outcome": self.outcome}


def ask(ctx: StageContext) -> Asked:
    """Return what nobody is being asked about yet; the same again when it is repeated in the same run."""
    again_after = timedelta(hours=ctx.pairing.orders.approvals.ask_again_hours)
    with ctx.hub.connection() as connection:
        found = approvals.ask(connection, ctx.pairing.name, run_id=ctx.run_id, again_after=again_after)
    return Asked(tuple(f"{one.key}@{one.payload_hash}" for one in found))


def question(ctx: StageContext, item: str) -> Question | None:
    """Return the question in words; None when nothing waits for the answer any more."""
    key, _, payload_hash = item.partition("@")
    with ctx.hub.connection() as connection:
        found = approvals.waiting(connection, ctx.pairing.name, keys=[key])
    return next((_worded(ctx, one) for one in found if one.payload_hash == payload_hash), None)


def _worded(ctx: StageContext, one: Waiting) -> Question:
    payload = one.payload
    currency, what = (
        payload.get("currency") or "",
        "Amendment of the order" if payload.get("revision", 1) > 1 else "Order",
    )
    rows = [
        f"| {line.get('label') or key} | {_plain(line.get('quantity'))} | {_plain(line.get('unit_price'))} {currency} |"
        for key, line in lines_of(decode(payload["ordered"])).items()
    ]
    body = [
        f"**Why:** {one.message or ', '.join(payload.get('approval', ()))}",
        "",
        f"Deal {one.source_key} in {ctx.pairing.crm.system}; waits since {one.since:%Y-%m-%d %H:%M} UTC as `{one.key}`.",
        "",
        "| line | quantity | price |",
        "| --- | --- | --- |",
        *rows,
    ]
    if payload.get("changes"):
        body += ["", "**Changes:** " + "; ".join(payload["changes"])]
    subject = f"{what} for {payload.get('label') or one.source_key}: {payload.get('adds')} {currency}"
    return Question(subject, "\n".join(body))


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def answer(ctx: StageContext, item: str, *, approved: bool, actor: str, comment: str) -> Answered:
    """Record a person's answer; it lapses when what it was about does not wait any more."""
    key, _, payload_hash = item.partition("@")
    with ctx.hub.connection() as connection:
        taken = approvals.decide(
            connection,
            ctx.pairing.name,
            key=key,
            payload_hash=payload_hash,
            approved=approved,
            actor=actor,
            comment=comment,
            run_id=ctx.run_id,
        )
    return Answered(("approved" if approved else "rejected") if taken else "lapsed")
