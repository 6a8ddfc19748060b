"""Which request shall go wrong, and how: ordered rules, decided with seeded dice so that a run can be repeated."""

from __future__ import annotations

import dataclasses
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """The ways to go wrong."""

    STATUS = "status"  # answer `status` in the vendor's error form; the vendor did nothing
    HTML = "html"  # 503 with a gateway's HTML page; the vendor did nothing
    REFUSE = "refuse"  # cut the connection before the vendor sees the request
    LOST_REPLY = "lost_reply"  # the vendor does the work, then the connection is cut
    STATUS_AFTER_COMMIT = "status_after_commit"  # the vendor does the work; its front answers `status` all the same
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"  # the vendor does the work; silence for `seconds`, then cut
    SLOW = "slow"  # the answer comes `seconds` later
    TRUNCATE = "truncate"  # Content-Length of the whole answer, half of it sent
    EXPIRE_SESSIONS = "expire_sessions"  # every session and token is dropped before the request is handled
    CLOCK_SKEW = (
        "clock_skew"  # the vendor's clock jumps by `seconds` (back when negative) before the request is handled
    )
    ACTION = "action"  # the emulator's own `action` is run with `values` before the request is handled


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One rule. It applies to requests whose path matches ``path`` (regular expression, searched) and ``method``.

    The first ``after`` matching requests pass; then each is hit with ``probability``, at most ``count`` times in all
    (None: without end). ``retry_after`` (seconds) goes with ``status``; ``body`` replaces the vendor's error body;
    ``chunked`` makes ``truncate`` cut a chunked answer, which tells no length; ``action`` and ``values`` go with ``action``.
    """

    kind: FaultKind
    path: str = ""
    method: str | None = None
    probability: float = 1.0
    count: int | None = None
    after: int = 0
    seed: int = 0
    status: int = 503
    retry_after: int | None = None
    seconds: float = 1.0
    body: str | None = None
    content_type: str | None = None
    chunked: bool = False
    action: str | None = None
    values: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        re.compile(self.path)
        if (self.action is None) == (self.kind is FaultKind.ACTION):
            raise ValueError("A fault of kind action names the action to run, and no other kind does")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"A fault's probability lies between 0 and 1, not at {self.probability}")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FaultRule:
        """A rule from its JSON form; raises ValueError naming what is wrong."""
        known = {one.name for one in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"Unknown fault setting(s) {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if "kind" not in values:
            raise ValueError(f"A fault needs a kind: {', '.join(FaultKind)}")
        try:
            return cls(**{**values, "kind": FaultKind(values["kind"])})
        except (TypeError, re.error) as error:
            raise ValueError(f"This fault rule cannot be read: {error}") from error


@dataclass(slots=True)
class _Armed:
    number: int
    rule: FaultRule
    pattern: re.Pattern[str]
    dice: random.Random
    seen: int = 0
    fired: int = 0

    def hits(self, method: str, path: str) -> bool:
        if self.rule.method not in (None, method) or not self.pattern.search(path):
            return False
        self.seen += 1
        if self.seen <= self.rule.after or (self.rule.count is not None and self.fired >= self.rule.count):
            return False
        if self.dice.random() >= self.rule.probability:
            return False
        self.fired += 1
        return True

    def snapshot(self) -> dict[str, Any]:
        return {"number": self.number, "seen": self.seen, "fired": self.fired, **dataclasses.asdict(self.rule)}


@dataclass(slots=True)
class Faults:
    """The rules in force, first match wins, and a constant ``latency`` in seconds for every request. Thread-safe."""

    latency: float = 0.0
    _armed: list[_Armed] = field(default_factory=list)
    _numbers: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: FaultRule) -> int:
        """Put ``rule`` behind the others; returns its number."""
        with self._lock:
            self._numbers += 1
            self._armed.append(_Armed(self._numbers, rule, re.compile(rule.path), random.Random(rule.seed)))
            return self._numbers

    def remove(self, number: int) -> bool:
        """Take one rule away; False when there is none of that number."""
        with self._lock:
            before = len(self._armed)
            self._armed = [one for one in self._armed if one.number != number]
            return len(self._armed) < before

    def clear(self) -> None:
        """Take all rules and the latency away."""
        with self._lock:
            self._armed = []
            self.latency = 0.0

    def decide(self, method: str, path: str) -> FaultRule | None:
        """The rule that hits this request, or None; counts it."""
        if not self._armed:
            return None
        with self._lock:
            return next((one.rule for one in self._armed if one.hits(method, path)), None)

    def snapshot(self) -> list[dict[str, Any]]:
        """The rules with how many requests each has seen and hit."""
        with self._lock:
            return [one.snapshot() for one in self._armed]
