"""What a deal is to say of something that people decide, and how often it was told so before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub.intent import OF_TARGET
from crosswalk.model.records import Value
from crosswalk.stages.context import StageContext

_WRITTEN = f"""
select target_key, count(*)
  from unnest(%(deals)s::text[]) k cross join lateral {OF_TARGET.format("%(crm)s", "k")} i
 where pairing = %(pairing)s and flow = 'write_back' and status = 'done' and payload ? %(status)s
 group by 1
"""


@dataclass(frozen=True, slots=True)
class DealStatus:
    """What a deal is to say, in canonical extras, and the version it says something else in. ``number`` counts what it was told."""

    deal: str
    version: str | None
    values: Mapping[str, Value]
    number: int


def numbered(
    ctx: StageContext,
    connection: psycopg.Connection,
    standing: Sequence[tuple[str, str | None, Mapping[str, Value]]],
    status: str,
) -> dict[str, DealStatus]:
    """Return what these deals (key, version, extras) are to say, by key: the extras that the pairing names, ``status`` among them."""
    crm, named = ctx.pairing.crm.system, ctx.pairing.write_back.get("deal", ())
    parameters = {"pairing": ctx.pairing.name, "crm": crm, "deals": [deal for deal, _, _ in standing], "status": status}
    told: dict[str, int] = dict(connection.execute(_WRITTEN.encode(), parameters).fetchall())
    return {
        deal: DealStatus(
            deal, version, {name: value for name, value in values.items() if name in named}, told.get(deal, 0) + 1
        )
        for deal, version, values in standing
    }
