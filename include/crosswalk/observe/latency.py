"""How long won deals took to become orders, from the intents that were done and the ledger.

Two times for each order. *In Crosswalk*: from the moment the hub saw the deal as it was planned, by the hub's own clock. *Since won*:
from the CRM's stamp of that version, where the CRM's versions are stamps; this compares two clocks and is for the eye only (law 6).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crosswalk.hub.database import Connection

WINDOW = timedelta(days=7)
_MOST = 500

# The deal's last change that the hub had seen when the order was planned; a deal that came new is first told by its plan.
_DONE = """
select i.source_version, coalesce(seen.at, i.created_at) as seen, i.finished_at
  from (select source_system, source_entity, source_key, source_version, created_at, finished_at from hub.intent
         where pairing = %(pairing)s and flow = 'orders' and status = 'done' and finished_at > %(since)s and entity = 'order'
           and operation = 'create'
         order by finished_at desc limit %(most)s) i
  left join lateral (
      select l.at from hub.ledger l
       where l.system = i.source_system and l.entity = i.source_entity and l.key = i.source_key
         and l.kind in ('observed', 'restored') and l.at <= i.created_at
       order by l.id desc limit 1) seen on true
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of so many orders."""

    orders: int
    median: float
    p95: float
    worst: float


@dataclass(frozen=True, slots=True)
class Latency:
    """The spreads of the last seven days; None where there was nothing to measure."""

    since_won: Spread | None
    in_crosswalk: Spread | None


def latency(connection: Connection, pairing: str, *, now: datetime) -> Latency:
    """Return how long the pairing's latest orders took, at most the last 500 of the last seven days."""
    wanted = {"pairing": pairing, "since": now - WINDOW, "most": _MOST}
    rows = connection.execute(_DONE, wanted).fetchall()
    stamps = [(stamp, finished) for version, _, finished in rows if (stamp := _stamp(version)) is not None]
    return Latency(
        since_won=spread([_seconds(stamp, finished) for stamp, finished in stamps]),
        in_crosswalk=spread([_seconds(seen, finished) for _, seen, finished in rows]),
    )


def spread(seconds: Sequence[float]) -> Spread | None:
    """Return median, 95th percentile (nearest rank: a time that was measured) and the worst; None for nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    rank = [ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95)]
    return Spread(len(ordered), rank[0], rank[1], ordered[-1])


def _seconds(began: datetime, ended: datetime) -> float:
    return max(0.0, (ended - began).total_seconds())


def _stamp(version: str | None) -> datetime | None:
    """Return a version that is an instant, with or without a zone (then UTC); None for any other."""
    if version is None or len(version) < len("2026-01-01T00:00:00"):
        return None
    try:
        found = datetime.fromisoformat(version)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
