"""creation: what preflight found missing and a system's API can create, listed first, done when asked, and kept in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crosswalk.connectors.protocol import Connector, Creation, Creator, Finding
from crosswalk.hub import ledger
from crosswalk.model.errors import CrosswalkError
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext
from crosswalk.stages.preflight import PreflightResult

_NO_WAY = "Its connector creates nothing: do what the remedies say."


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be created in one system; ``nothing`` says why there is nothing."""

    system: str
    creations: tuple[Creation, ...]
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What was created in one system, a sentence each; ``trouble`` is what stopped it."""

    system: str
    done: tuple[str, ...]
    trouble: str = ""


def propose(ctx: StageContext, found: PreflightResult) -> list[Proposal]:
    """Return what :func:`create` would create for these findings, system by system. Writes nothing."""
    return [_proposal(ctx, side, _findings(ctx, side, found)) for side in SIDES]


def create(ctx: StageContext, found: PreflightResult) -> list[Made]:
    """Create what the systems' APIs allow of what is missing; safe to run again. One system's trouble stops no other."""
    wanted = {side: _findings(ctx, side, found) for side in SIDES}
    return [_made(ctx, side, findings) for side, findings in wanted.items() if _proposal(ctx, side, findings).creations]


def _findings(ctx: StageContext, side: Side, found: PreflightResult) -> list[Finding]:
    system = ctx.pairing.side(side).system
    return [place.finding for place in found.findings if place.where == system]


def _proposal(ctx: StageContext, side: Side, findings: Sequence[Finding]) -> Proposal:
    system = ctx.pairing.side(side).system
    if not findings:
        return Proposal(system, (), "Nothing is missing.")
    try:
        connector = ctx.open_connector(side)
    except CrosswalkError as error:
        return Proposal(system, (), error.message)
    if not isinstance(connector, Creator):
        return Proposal(system, (), connector.capabilities.creates_nothing or _NO_WAY)
    creations = tuple(connector.creatable(findings))
    return Proposal(
        system, creations, "" if creations else "Nothing of what it lacks can be created: do what the remedies say."
    )


def _made(ctx: StageContext, side: Side, findings: Sequence[Finding]) -> Made:
    connector: Connector = ctx.open_connector(side)
    system = ctx.pairing.side(side).system
    assert isinstance(connector, Creator)
    done: list[str] = []
    try:
        for sentence in connector.create_missing(findings):
            done.append(sentence)
            with ctx.hub.connection() as connection:
                ledger.write(connection, [_entry(ctx, system, sentence)])
    except CrosswalkError as error:
        return Made(system, tuple(done), " ".join(part for part in (error.message, error.hint) if part))
    return Made(system, tuple(done))


def _entry(ctx: StageContext, system: str, sentence: str) -> ledger.Entry:
    return ledger.Entry(
        "set_up",
        pairing=ctx.pairing.name,
        run_id=ctx.run_id,
        actor=ctx.actor,
        system=system,
        detail={"done": sentence},
    )


# --- What people read ----------------------------------------------------------------------------------


def listing(proposals: Sequence[Proposal]) -> str:
    """Return what would be created as a plain list, and for the other systems why nothing."""
    return "\n".join(line for proposal in proposals for line in _proposed(proposal))


def _proposed(proposal: Proposal) -> Iterator[str]:
    if not proposal.creations:
        yield f"In {proposal.system} nothing would be created. {proposal.nothing}"
        return
    yield f"In {proposal.system} would be created:"
    yield from (f"  - {creation.what}" for creation in proposal.creations)


def report(made: Sequence[Made]) -> str:
    """Return what was created as a plain list."""
    return "\n".join(line for one in made for line in _told(one)) or "Nothing was created."


def _told(made: Made) -> Iterator[str]:
    if made.done:
        yield f"In {made.system} was done:"
        yield from (f"  - {sentence}" for sentence in made.done)
    if made.trouble:
        yield f"In {made.system} not everything could be done: {made.trouble}"
    elif not made.done:
        yield f"In {made.system} everything was there already."
