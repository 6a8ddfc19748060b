"""Counting the calls of one path."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import asdict, dataclass
from math import ceil

from benchmarks.emulators import Emulator


@dataclass(frozen=True, slots=True)
class Counted:
    """What one path cost, and the fewest calls it could have cost, with the reason (a section of the platform page)."""

    platform: str
    path: str
    records: int
    made: int
    least: int
    tokens: int
    why: str
    requests: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Calls made for each that was needed."""
        return self.made / self.least

    def as_dict(self) -> dict[str, object]:
        """Return everything, JSON-ready."""
        return {**asdict(self), "ratio": round(self.ratio, 3)}


def pages(records: int, size: int) -> int:
    """Return how many pages hold so many records; nothing is a page too."""
    return max(1, ceil(records / size))


class Counter:
    """Counts the paths of one emulator, one after the other."""

    def __init__(self, platform: str, emulator: Emulator) -> None:
        self.platform, self._emulator = platform, emulator
        self.counted: list[Counted] = []

    def count(
        self,
        path: str,
        walk: Callable[[], int | Sized],
        least: Callable[[int], int],
        why: str,
        *,
        expected: int | None = None,
    ) -> int:
        """Walk a path and count; ``walk`` returns its records or their number.

        Raises RuntimeError when it brought another number than ``expected``: cheap is only what is complete.
        """
        self._emulator.count_anew()
        brought = walk()
        records = brought if isinstance(brought, int) else len(brought)
        if expected is not None and records != expected:
            raise RuntimeError(f"{self.platform}, {path}: {records} records instead of {expected}.")
        found = self._emulator.requests()
        self.counted.append(
            Counted(self.platform, path, records, found.total, least(records), found.tokens, why, tuple(found.listed()))
        )
        return records
