"""How fast the connector asks: the whole window of ten seconds, and not a call more (HubSpot §6)."""

from __future__ import annotations

import heapq
import math
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from requests import Response

from crosswalk.connectors.hubspot.pace import Call, Pace


class RollingWindow:
    """HubSpot's window of ten seconds, by a clock of its own that is ``late`` behind; ``others`` spend of it, too."""

    def __init__(self, most: int, late: float, others: list[float]) -> None:
        self.most, self.late, self.refused = most, late, 0
        self.taken = deque(sorted(others))

    def admit(self, begun: float) -> Response:
        at = begun + self.late
        used = sum(at - 10 < one <= at for one in self.taken)
        if used >= self.most:
            self.refused += 1
        else:
            self.taken.append(at)
        response = Response()
        response.headers["X-HubSpot-RateLimit-Max"] = str(self.most)
        response.headers["X-HubSpot-RateLimit-Remaining"] = str(max(self.most - used - 1, 0))
        return response


@settings(deadline=None, max_examples=30)
@given(
    most=st.integers(40, 100),
    calls=st.integers(1, 300),
    slots=st.integers(1, 40),
    seconds=st.floats(0.1, 3.0),
    late=st.floats(0, 0.1),
)
def test_calls_use_the_whole_window_and_none_is_refused(
    most: int, calls: int, slots: int, seconds: float, late: float
) -> None:
    now = [100.0]

    def sleep(pause: float) -> None:
        now[0] += pause

    pace, window = Pace(sleep=sleep, clock=lambda: now[0]), RollingWindow(most, late, [])
    taken: list[float] = []
    running: list[tuple[float, int, Call, Response]] = []
    for number in range(calls):
        if len(running) == slots:
            now[0] = max(now[0], running[0][0])
        while running and running[0][0] <= now[0]:
            _, _, call, answer = heapq.heappop(running)
            pace.observe(answer, call)
        call = pace.call()
        ends = call.at + seconds * (1 + number * 37 % 100 / 1_000)
        heapq.heappush(running, (ends, number, call, window.admit(call.at)))
        now[0] += 0.001  # no two calls begin at once
        taken.append(call.at)
    assert window.refused == 0
    ours = most - math.ceil(0.05 * most)  # the rest is left to others
    for number, begun in enumerate(taken):
        window_opens = taken[number - ours] + 10 if number >= ours else 0.0
        slot_frees = taken[number - slots] + seconds * 1.1 if number >= slots else 100.0
        assert begun <= max(window_opens, slot_frees, taken[number - 1] if number else 100.0) + seconds * 0.1 + 0.1


def test_what_other_processes_spend_is_left_to_them_until_it_is_free_again() -> None:
    now = [100.0]

    def sleep(pause: float) -> None:
        now[0] += pause

    pace, window = Pace(sleep=sleep, clock=lambda: now[0]), RollingWindow(100, 0.0, [99.0] * 97)
    first = pace.call()
    pace.observe(window.admit(first.at), first)
    assert pace.call().at >= 109.0
    assert window.refused == 0
