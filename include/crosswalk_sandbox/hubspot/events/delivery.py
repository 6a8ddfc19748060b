"""Sends queued webhooks: arrays of up to a hundred, in no order, again until they are taken (HubSpot §19)."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import deque
from typing import Any, Final

import orjson
import requests

from crosswalk_sandbox.hubspot.account import Account

from .signatures import version1, version3

MOST_EVENTS: Final = 100
MOST_TRIES: Final = 10
_FIRST_WAIT: Final = 60.0  # seconds before the first repeat; doubled each time, ten of them within a day
_POLL: Final = 0.1  # the clock may be turned while something waits
_REMEMBERED: Final = 200


class Delivery:
    """One sender of an account. It runs in a thread of its own as soon as there is something to send."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store
        self._dice = random.Random(account.options.portal_id)
        self._work = threading.Event()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = False
        self.log: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
        """What was sent lately: status, attempt, number of events."""

    def start(self) -> None:
        """Go on with what a killed process left behind."""
        if self._store.row("SELECT 1 FROM outbox LIMIT 1"):
            self.wake()

    def wake(self) -> None:
        """There is something to send."""
        with self._lock:
            if self._thread is None and not self._stop:
                self._thread = threading.Thread(target=self._run, name="hubspot-webhooks", daemon=True)
                self._thread.start()
        self._work.set()

    def close(self) -> None:
        """End the thread."""
        self._stop = True
        self._work.set()
        if self._thread is not None:
            self._thread.join(10)

    def pending(self) -> int:
        """Events that wait."""
        return int(self._store.value("SELECT count(*) FROM outbox"))

    def send_due(self) -> int:
        """Send everything that is due; returns how many requests were made."""
        made = 0
        with self._sending:
            while rows := self._due():
                self._dice.shuffle(rows)
                made += self._post(rows)
        return made

    # inside

    def _run(self) -> None:
        while not self._stop:
            self._work.wait(_POLL)  # not for longer: a wake may come before the events are committed
            self._work.clear()
            if not self._stop:
                self.send_due()

    def _due(self) -> list[tuple[int, int, str]]:
        if self._target() is None:
            return []
        sql = "SELECT number, attempt, event FROM outbox WHERE due <= ? ORDER BY attempt, number LIMIT ?"
        rows = self._store.rows(sql, (self._store.now(), MOST_EVENTS))
        return [(row[0], row[1], row[2]) for row in rows if row[1] == rows[0][1]]

    def _post(self, rows: list[tuple[int, int, str]]) -> int:
        attempt = rows[0][1]
        body = orjson.dumps([{**orjson.loads(event), "attemptNumber": attempt} for _, _, event in rows])
        status = self._request(body)
        times = 1
        if status is not None and self._dice.random() < self._account.options.webhook_repeat:
            self._request(body)
            times = 2
        self.log.append({"status": status, "attempt": attempt, "events": len(rows)})
        taken = status is not None and status < 400
        numbers = [(number,) for number, _, _ in rows]
        with self._store.write() as connection:
            if taken or attempt >= MOST_TRIES:
                connection.executemany("DELETE FROM outbox WHERE number = ?", numbers)
            else:
                wait = _FIRST_WAIT * 2**attempt * self._dice.uniform(0.8, 1.2)
                due = self._store.now() + int(wait * 1000)
                sql = "UPDATE outbox SET attempt = attempt + 1, due = ? WHERE number = ?"
                connection.executemany(sql, [(due, number) for (number,) in numbers])
        return times

    def _request(self, body: bytes) -> int | None:
        """The receiver's status; None when it could not be reached or took too long."""
        target = self._target()
        secret = str(self._account.credentials()["client_secret"])
        stamp = time.time_ns() // 1_000_000  # receivers compare it with real time
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) - WebHooks",
            "X-HubSpot-Signature": version1(secret, body),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature-v3": version3(secret, "POST", target or "", body, stamp),
            "X-HubSpot-Request-Timestamp": str(stamp),
        }
        with contextlib.suppress(requests.RequestException), requests.Session() as session:
            session.trust_env = False
            timeout = self._account.options.webhook_timeout
            return session.post(
                target or "", data=body, headers=headers, timeout=timeout, allow_redirects=False
            ).status_code
        return None

    def _target(self) -> str | None:
        found = self._store.shown("SELECT shown FROM app_document WHERE family = 'webhook_settings'")
        return str(found[0]["targetUrl"]) if found else None
