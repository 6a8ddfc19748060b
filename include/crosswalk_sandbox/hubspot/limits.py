"""Calls counted and, beyond the account's limits, refused (HubSpot §6)."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import orjson

from .errors import Refusal

if TYPE_CHECKING:
    from .account import Account
    from .calls import Caller
    from .options import Options

WINDOW: Final = 10.0
_OAUTH_BURST: Final = 110
_ASSOCIATIONS_BURST: Final = {"free": 100, "starter": 100, "professional": 150, "enterprise": 200}
_ASSOCIATIONS_DAILY: Final = 500_000
_KEPT_EVERY: Final = 20
POLICIES: Final = ("TEN_SECONDLY_ROLLING", "DAILY", "SECONDLY", "SEARCH")


class Limits:
    """The account's counters. Windows slide by the emulator's clock; the day ends at the account's midnight."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store
        self._lock = threading.Lock()
        self._windows: dict[str, deque[float]] = {}
        self._day, self._used, self._linked = self._kept()
        self.forced: tuple[str, int | None] | None = None
        """A policy that refuses the next so many calls (None: every call) whatever was used."""

    @property
    def _options(self) -> Options:
        return self._account.options

    def admit(self, caller: Caller, counted: str) -> None:
        """Count a call. Raises Refusal 429 in the words of the policy it breaks."""
        if counted == "none":
            return
        now = self._store.clock.now()
        with self._lock:
            self._turn(now)
            policy = self._force() or (
                self._broken(caller, counted, now.timestamp()) if self._options.rate_limits else None
            )
            if policy is not None:
                raise self._refusal(policy, caller, now)
            self._spend(caller, counted, now.timestamp())

    def headers(self, caller: Caller, counted: str) -> dict[str, str]:
        """What an answer tells: search answers only the daily pair, OAuth apps no daily line."""
        if counted == "none" or caller.kind not in ("private", "access"):
            return {}
        found: dict[str, str] = {}
        with self._lock:
            if caller.kind == "private":
                most = self._options.daily_limit
                found |= {
                    "X-HubSpot-RateLimit-Daily": str(most),
                    "X-HubSpot-RateLimit-Daily-Remaining": str(max(most - self._used, 0)),
                }
            if counted == "search":
                return {**found, "X-HubSpot-RateLimit-Exemptions": "SEARCH"}
            burst = self._burst(caller, counted)
            used = len(self._windows.get(f"{counted}:{caller.key}", ()))
            second = max(burst // 10, 1)
        return {
            **found, "X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": str(burst),
            "X-HubSpot-RateLimit-Remaining": str(max(burst - used, 0)), "X-HubSpot-RateLimit-Secondly": str(second),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(second - 1, 0)),
        }  # fmt: skip

    def usage(self) -> dict[str, Any]:
        """The day's calls of all private apps: used, limit, when it starts anew."""
        now = self._store.clock.now()
        with self._lock:
            self._turn(now)
            return {"used": self._used, "limit": self._options.daily_limit, "resets": self._midnight(now)}

    # inside

    def _broken(self, caller: Caller, counted: str, now: float) -> str | None:
        if counted == "search":
            if self._full("search", now, 1.0, self._options.search_per_second):
                return "SEARCH"
        elif self._full(f"{counted}:{caller.key}", now, WINDOW, self._burst(caller, counted)):
            return "TEN_SECONDLY_ROLLING"
        if counted == "associations" and self._linked >= _ASSOCIATIONS_DAILY:
            return "DAILY"
        return "DAILY" if caller.kind == "private" and self._used >= self._options.daily_limit else None

    def _full(self, key: str, now: float, seconds: float, most: int) -> bool:
        window = self._windows.setdefault(key, deque())
        while window and not now - seconds < window[0] <= now:
            window.popleft()
        return len(window) >= most

    def _spend(self, caller: Caller, counted: str, now: float) -> None:
        key = "search" if counted == "search" else f"{counted}:{caller.key}"
        self._full(key, now, 1.0 if counted == "search" else WINDOW, 0)
        self._windows[key].append(now)
        if counted == "associations":
            self._linked += 1
        if caller.kind == "private":
            self._used += 1
            if self._used % _KEPT_EVERY == 0:
                self._keep()

    def _burst(self, caller: Caller, counted: str) -> int:
        if counted == "associations":
            return _ASSOCIATIONS_BURST[self._options.tier]
        return self._options.burst_limit if caller.kind == "private" else self._options.burst or _OAUTH_BURST

    def _force(self) -> str | None:
        if self.forced is None:
            return None
        policy, left = self.forced
        self.forced = (policy, None) if left is None else (policy, left - 1) if left > 1 else None
        return policy

    def _refusal(self, policy: str, caller: Caller, now: datetime) -> Refusal:
        wait = 1
        if policy == "TEN_SECONDLY_ROLLING":
            wait = int(WINDOW)
        if policy == "DAILY":
            wait = int((self._midnight(now) - now).total_seconds()) + 1
        headers = {"Retry-After": str(wait)} if self._options.retry_after else {}
        if policy == "SEARCH":
            return Refusal(429, "You have reached your secondly limit.", "RATE_LIMITS", headers=headers)
        word = {"DAILY": "daily", "SECONDLY": "secondly"}.get(policy, "ten_secondly_rolling")
        family = "private-apps" if caller.kind == "private" else "oauth-apps"
        extra = {
            "errorType": "RATE_LIMIT", "policyName": policy,
            "groupName": f"publicapi:{family}:api-calls:{caller.app_id}:{self._options.portal_id}",
        }  # fmt: skip
        return Refusal(429, f"You have reached your {word} limit.", extra=extra, headers=headers)

    def _turn(self, now: datetime) -> None:
        today = now.astimezone(ZoneInfo(self._options.time_zone)).date().isoformat()
        if today != self._day:
            self._day, self._used, self._linked = today, 0, 0
            self._keep()

    def _midnight(self, now: datetime) -> datetime:
        local = now.astimezone(ZoneInfo(self._options.time_zone))
        return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def _kept(self) -> tuple[str, int, int]:
        kept = orjson.loads(self._store.setting("usage") or '["", 0, 0]')
        return kept[0], kept[1], kept[2]

    def _keep(self) -> None:
        self._store.set_setting("usage", orjson.dumps([self._day, self._used, self._linked]).decode())
