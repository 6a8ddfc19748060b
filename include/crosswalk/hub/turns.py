"""Who reads a system for the first time: one at a time, so that two pairings, or two phases, do not both read all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crosswalk.hub.database import Connection, Hub, connect

_TURN = "hashtextextended('first reading of ' || %s || ' ' || %s, 0)"


def is_first_read(connection: Connection, system: str, entity: str) -> bool:
    """Tell whether somebody is reading all of ``entity`` for the first time now; the watermark may be of the middle of it."""
    row = connection.execute(f"select pg_try_advisory_xact_lock_shared({_TURN})".encode(), (system, entity)).fetchone()
    return row is None or not row[0]


@contextmanager
def first_reader(hub: Hub, system: str, entity: str) -> Iterator[None]:
    """Wait until nobody else reads all of ``entity`` from ``system`` for the first time, and keep others waiting meanwhile.

    Held by a session of its own, outside any transaction, so that nothing else waits for it; it ends with the process, whatever ends that.
    """
    with connect(hub.dsn) as session:
        session.autocommit = True
        session.execute(f"select pg_advisory_lock({_TURN})".encode(), (system, entity))
        yield
