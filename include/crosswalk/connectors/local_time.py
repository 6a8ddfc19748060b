"""A vendor's local time, where date-times come and go without an offset, in one zone of the account.

Two questions have no unique answer around a change of the clocks, and a wrong one loses records:

- *From which local time on must we read, to see everything since an instant?* When the clocks go back, records saved
  after the change carry an earlier local time than records saved before it. `earliest_local` answers with the smallest
  offset near the instant; it reads up to an hour too much, never too little.
- *Which instant was this local time?* In the repeated hour there are two. `instant_of` takes the later one unless it
  lies in the future, so that a record's stamp never goes back from one reading to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

_NEAR = timedelta(hours=3)  # clocks are changed by an hour, at most by three


def earliest_local(since: datetime, zone: tzinfo) -> datetime:
    """Return a local time (naive) that no instant from ``since`` on lies before.

    Every later instant t has local(t) = t + offset(t): near ``since`` the smallest offset bounds it, and further away
    three hours of progress outweigh any change of the clocks.
    """
    offsets = (_offset(since, zone), _offset(since + _NEAR, zone))
    return (since.astimezone(UTC) + min(offsets)).replace(tzinfo=None)


def instant_of(local: datetime, zone: tzinfo, now: Callable[[], datetime]) -> datetime:
    """Return the instant (UTC) of a naive local time; ``now`` is asked only in the repeated hour.

    Stamps read at different times stay in order: what is read later was saved later, and never gets a smaller instant.
    """
    first = local.replace(tzinfo=zone).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return first
    if second < first:  # an hour that was skipped; no clock showed it
        return second
    return second if second <= now() else first


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)
