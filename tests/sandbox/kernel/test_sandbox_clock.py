from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.kernel.clock import Clock

INSTANT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=5)


def test_an_untouched_clock_tells_real_time() -> None:
    assert near(Clock().now(), datetime.now(UTC))


def test_a_set_clock_goes_on_from_there_after_a_restart(tmp_path: Path) -> None:
    Clock(tmp_path / "clock.json").set(INSTANT)
    assert near(Clock(tmp_path / "clock.json").now(), INSTANT)


def test_a_frozen_clock_stands_still_after_a_restart_and_moves_only_when_advanced(tmp_path: Path) -> None:
    Clock(tmp_path / "clock.json").set(INSTANT, frozen=True)
    again = Clock(tmp_path / "clock.json")
    assert again.now() == again.now() == INSTANT
    again.advance(90)
    assert Clock(tmp_path / "clock.json").now() == INSTANT + timedelta(seconds=90)


def test_a_reset_is_kept_too(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.json")
    clock.set(INSTANT, frozen=True)
    clock.reset()
    assert near(Clock(tmp_path / "clock.json").now(), datetime.now(UTC))


def test_an_instant_of_another_zone_is_told_in_utc() -> None:
    clock = Clock()
    clock.set(datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2))), frozen=True)
    assert clock.now() == INSTANT
    assert clock.now().tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock().set(datetime(2026, 3, 29, 1, 30))  # noqa: DTZ001


@given(st.lists(st.integers(-(10**6), 10**6), max_size=8))
def test_steps_add_up(steps: list[int]) -> None:
    clock = Clock()
    clock.set(INSTANT, frozen=True)
    for step in steps:
        clock.advance(step)
    assert clock.now() == INSTANT + timedelta(seconds=sum(steps))
