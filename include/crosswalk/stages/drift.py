"""drift: look at the fields of what a pairing reads, tell what changed since the last look, and keep what they are now."""

from __future__ import annotations

from collections.abc import Iterator

from crosswalk.connectors.protocol import Connector, EntityDescription, Finding
from crosswalk.model.errors import CrosswalkError
from crosswalk.platforms import Side
from crosswalk.quality import drift
from crosswalk.stages.context import StageContext


def drifted(ctx: StageContext, side: Side, connector: Connector) -> Iterator[Finding]:
    """Yield what changed in the schema of one side since it was last looked at; a change is told once, and kept in the ledger.

    An object that cannot be described is left alone: preflight's own findings say why.
    """
    entities = dict.fromkeys(name for phase in ctx.pairing.phases.values() for name in phase.read.get(side, ()))
    for entity in entities:
        selection = ctx.mapper(side, entity).selection
        try:
            described = connector.describe(entity, selection.native)
        except CrosswalkError:
            continue
        yield from _compared(ctx, side, described, {field.path for field in selection.fields})


def _compared(ctx: StageContext, side: Side, described: EntityDescription, mapped: set[str]) -> list[Finding]:
    system, fields = ctx.pairing.side(side).system, drift.used(described, mapped)
    with ctx.hub.connection() as connection:
        before = drift.last(connection, system, described.entity, described.native)
        if before is not None and before.fields == fields:
            return []
        found = list(drift.changes(described.native, before, fields)) if before is not None else []
        drift.keep(
            connection,
            system,
            described,
            fields,
            pairing=ctx.pairing.name,
            run_id=ctx.run_id,
            actor=ctx.actor,
            changes=[finding.problem for finding in found],
        )
    return found
