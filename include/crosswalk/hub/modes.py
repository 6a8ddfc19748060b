"""Modes: off, shadow or live, per pairing and flow. Changed only here, with evidence, and told to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from psycopg.types.json import Jsonb

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection

Mode = Literal["off", "shadow", "live"]

_SET = """
insert into hub.mode (pairing, flow, mode, changed_by, changed_at, evidence)
values (%(pairing)s, %(flow)s, %(mode)s, %(actor)s, coalesce(%(now)s, clock_timestamp()), %(evidence)s)
on conflict (pairing, flow) do update
   set mode = excluded.mode, changed_by = excluded.changed_by, changed_at = excluded.changed_at, evidence = excluded.evidence
"""


def mode_of(connection: Connection, pairing: str, flow: str) -> Mode | None:
    """Return the mode that was set; None when none ever was, and the pairing file's holds."""
    row = connection.execute("select mode from hub.mode where (pairing, flow) = (%s, %s)", (pairing, flow)).fetchone()
    return None if row is None else row[0]


def set_mode(
    connection: Connection,
    pairing: str,
    flow: str,
    mode: Mode,
    *,
    actor: str,
    evidence: Mapping[str, object],
    run_id: str | None = None,
    now: datetime | None = None,
) -> None:
    """Set the mode. Anything but live stops the sending of the flow's intents at the next one, planned or in doubt."""
    was = mode_of(connection, pairing, flow)
    connection.execute(
        _SET,
        {"pairing": pairing, "flow": flow, "mode": mode, "actor": actor, "evidence": Jsonb(dict(evidence)), "now": now},
    )
    detail = {"flow": flow, "from": was, "to": mode, "evidence": dict(evidence)}
    ledger.write(connection, [ledger.Entry("mode", pairing, run_id, actor, detail=detail)], now=now)
