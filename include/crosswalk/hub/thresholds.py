"""The thresholds that the scored matching went by last, and why: what people's decisions made of the pairing's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.watermarks import read_watermark, write_watermark

_SINCE = """
select m.entity, count(*) - min((w.value ->> 'decisions')::int) from hub.match_candidate m
  join hub.watermark w on w.system = %(owner)s and w.entity = m.entity
 where m.pairing = %(pairing)s and m.status <> 'open'
 group by m.entity
"""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From how many bits on pairs are linked unasked (``auto``) and shown to a person (``review``), and what so many decisions say of it."""

    auto: float
    review: float
    says: str
    decisions: int


def keep_threshold(
    connection: Connection, pairing: str, entity: str, threshold: Threshold, *, run_id: str, now: datetime
) -> None:
    """Note what a matching went by; the ledger is told when it is another than the last one went by."""
    owner = _owner(pairing)
    before = read_watermark(connection, owner, entity)
    write_watermark(connection, owner, entity, asdict(threshold), run_id=run_id, now=now)
    if before is not None and before["auto"] != threshold.auto:
        told = {"auto": [before["auto"], threshold.auto], "reason": threshold.says}
        ledger.write(connection, [ledger.Entry("calibrated", pairing, run_id, entity=entity, detail=told)], now=now)


def thresholds(connection: Connection, pairing: str) -> dict[str, Threshold]:
    """Return what the last matching of each entity went by."""
    rows = connection.execute(
        "select entity, value from hub.watermark where system = %s order by entity", (_owner(pairing),)
    )
    return {entity: Threshold(**value) for entity, value in rows}


def decisions_since(connection: Connection, pairing: str) -> dict[str, int]:
    """Return how many decisions the next matching of each entity will learn from."""
    rows = connection.execute(_SINCE, {"owner": _owner(pairing), "pairing": pairing})
    return dict(rows.fetchall())


def _owner(pairing: str) -> str:
    return f"thresholds of {pairing}"
