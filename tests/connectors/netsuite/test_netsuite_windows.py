from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.connectors.netsuite.windows import earliest_local, instant_of, sql_text

ZONES = [ZoneInfo(name) for name in ("America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "UTC")]
# Around every change of the clocks of 2025 and 2026 in these zones, and anywhere
CHANGES = [
    datetime(2025, 11, 2, 9, tzinfo=UTC), datetime(2026, 3, 8, 10, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2025, 10, 4, 15, 30, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
]  # fmt: skip
zones = st.sampled_from(ZONES)
near_changes = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds), st.sampled_from(CHANGES), st.integers(-18_000, 18_000)
)
anywhere = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
instants = near_changes | anywhere
spans = st.timedeltas(timedelta(0), timedelta(hours=8)) | st.timedeltas(timedelta(0), timedelta(days=400))


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What SuiteQL shows of an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@given(instants, spans, zones)
def test_no_save_since_an_instant_is_shown_before_the_lower_bound(
    start: datetime, span: timedelta, zone: ZoneInfo
) -> None:
    assert shown(start + span, zone) >= earliest_local(start, zone)


@given(instants, zones)
def test_a_lower_bound_reads_at_most_an_hour_too_much(start: datetime, zone: ZoneInfo) -> None:
    assert shown(start, zone) - earliest_local(start, zone) <= timedelta(hours=1)


@given(st.lists(instants, min_size=2, max_size=6), st.lists(st.integers(0, 7200), min_size=6, max_size=6), zones)
def test_a_stamp_read_later_never_goes_back(saves: list[datetime], delays: list[int], zone: ZoneInfo) -> None:
    """A record is saved several times and read some time after each save, before the next."""
    saves = sorted(saves)
    stamps = []
    for (save, following), delay in zip(
        [*pairwise(saves), (saves[-1], saves[-1] + timedelta(days=1))], delays, strict=False
    ):
        read = min(save + timedelta(seconds=delay), following)
        stamps.append(instant_of(shown(save, zone), zone, lambda read=read: read))
    assert stamps == sorted(stamps)


@given(instants, zones)
def test_an_instant_read_at_once_comes_back_exactly(instant: datetime, zone: ZoneInfo) -> None:
    assert instant_of(shown(instant, zone), zone, lambda: instant) == instant


@given(anywhere)
def test_the_clock_is_not_asked_where_the_answer_is_unique(instant: datetime) -> None:
    def never() -> datetime:
        raise AssertionError("asked")

    assert instant_of(shown(instant, ZoneInfo("UTC")), ZoneInfo("UTC"), never) == instant


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (datetime(2026, 11, 1, 8, 50, tzinfo=UTC), "2026-11-01 00:50:00"),  # 01:50 daylight time, ten minutes before
        (datetime(2026, 11, 1, 9, 10, tzinfo=UTC), "2026-11-01 01:10:00"),  # 01:10 standard time, ten minutes after
        (datetime(2026, 7, 1, 12, 0, 0, 999, tzinfo=UTC), "2026-07-01 05:00:00"),
    ],
)
def test_lower_bounds_in_los_angeles(since: datetime, expected: str) -> None:
    assert sql_text(earliest_local(since, ZoneInfo("America/Los_Angeles"))) == expected
