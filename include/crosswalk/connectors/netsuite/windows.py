"""The account's local time. SuiteQL gives and takes date-times without an offset, in one zone (NetSuite §8)."""

from __future__ import annotations

from datetime import datetime

from crosswalk.connectors.local_time import earliest_local, instant_of

__all__ = ["SQL_FORMAT", "earliest_local", "instant_of", "sql_text"]

SQL_FORMAT = "YYYY-MM-DD HH24:MI:SS"


def sql_text(local: datetime) -> str:
    """Return a naive local time as SuiteQL reads it with `SQL_FORMAT`, rounded down to the second."""
    return local.replace(microsecond=0).isoformat(sep=" ")
