"""Sessions: one for each request that runs at once, a sliding time-out, Logout when the process ends (SAP Business One §3).

The requests of one session wait for each other on the server, so that a process opens another session when all it has are busy. Every
Login costs seconds, memory and, by licence, a seat: connectors of one process to the same company and user share theirs, and who does
one thing after the other has one.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.pages import date_of
from crosswalk.connectors.transport import RenewableAuthenticator, Transport, decoded
from crosswalk.model.errors import AuthenticationError, CrosswalkError, TransientError

if TYPE_CHECKING:
    import requests

ROOT = "/b1s/v2"
LOGIN = f"{ROOT}/Login"
LOGOUT = f"{ROOT}/Logout"
EARLY = 60.0  # seconds before a session ends of itself at which it is not used any more
DEFAULT_MINUTES = 30  # §3


class Session(RenewableAuthenticator):
    """B1SESSION and ROUTEID of one user in one company database; ``monotonic`` tells seconds."""

    def __init__(
        self,
        login_host: Transport,
        company: str,
        user: str,
        password: str,
        *,
        language: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._host = login_host
        self._body = {"CompanyDB": company, "UserName": user, "Password": password}
        if language:
            self._body["Language"] = language
        self._monotonic = monotonic
        self._cookie = ""
        self._lasts = 0.0
        self._used = 0.0
        self.version = ""
        self._told: tuple[datetime, float] | None = None
        self.busy = 0  # requests that run or wait in it, counted by its pool

    @property
    def is_open(self) -> bool:
        """Whether a Login was answered, and no Logout was sent since."""
        return bool(self._cookie)

    @property
    def clock(self) -> tuple[datetime, float] | None:
        """The server's time at a moment of ours (monotonic seconds), by the login, which is made when there was none; None: it did not say."""
        with self._lock:
            if self._generation == 0:
                self._renew()
            return self._told

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign with the session; one that lay idle for longer than it lasts is not tried first."""
        with self._lock:
            if self._generation and self._monotonic() - self._used > self._lasts:
                self._renew()
        return super().apply(request)

    def renew(self) -> None:
        """Log in. Raises AuthenticationError for bad credentials, RateLimitedError when no session is free."""
        response = self._host.call("POST", LOGIN, json=self._body, idempotent=True)
        answer = decoded(response)
        session = answer.get("SessionId") if isinstance(answer, dict) else None
        if not session:
            raise TransientError("The login was answered without a session.", hint="Try again later.")
        route = response.cookies.get("ROUTEID")
        self._cookie = f"B1SESSION={session}" + (f"; ROUTEID={route}" if route else "")
        minutes = answer.get("SessionTimeout")
        self._lasts = max(EARLY, 60.0 * float(minutes or DEFAULT_MINUTES) - EARLY)
        self._used = self._monotonic()
        date = date_of(response)
        self._told = (date, self._used - response.elapsed.total_seconds()) if date else None
        self.version = str(answer.get("Version") or "")

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the session's cookies on the request."""
        self._used = self._monotonic()
        request.headers["Cookie"] = self._cookie
        return request

    def close(self) -> None:
        """Log out, if logged in; nobody minds when that fails."""
        with self._lock:
            if not self._generation or not self._cookie:
                return
            cookie, self._cookie, self._generation = self._cookie, "", 0
        self._host.attempts = 1  # no process stays for it: sessions end of themselves
        with suppress(CrosswalkError):
            self._host.call("POST", LOGOUT, headers={"Cookie": cookie})


class Pool:
    """The sessions of one user in one company database. ``most``: as many requests as run at once.

    A thread has a session from the moment it signs a request until :meth:`answered`, or until it signs another: a request that broke
    off is not answered. Nobody waits for a free one: when there may be no more, requests share the least busy.
    """

    def __init__(self, make: Callable[[], Session], most: int = 1) -> None:
        self._make = make
        self.most = most
        self._lock = threading.Lock()
        self._sessions: list[Session] = []
        self._mine = threading.local()

    @property
    def clock(self) -> tuple[datetime, float] | None:
        """The server's time as a login told it; see :attr:`Session.clock`."""
        with self._lock:
            session = self._sessions[0] if self._sessions else self._choose()
        return session.clock

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign with a session that is free, logging in where it must be."""
        self.answered()
        with self._lock:
            session = self._mine.session = self._choose()
            session.busy += 1
            self._mine.holds = True
        return session.apply(request)

    def refresh(self) -> None:
        """Log in anew where this thread's session was refused, unless another thread has done so."""
        self._mine.session.refresh()

    def answered(self, *_: object, **__: object) -> None:
        """Leave this thread's session to others: its request was answered."""
        with self._lock:
            if getattr(self._mine, "holds", False):
                self._mine.session.busy -= 1
            self._mine.holds = False

    def close(self) -> None:
        """Log out of all of them."""
        for session in self._sessions:
            session.close()

    def _choose(self) -> Session:
        """Return the session to use; a second one only beside one that is logged in, so that wrong credentials are tried once."""
        least = min(self._sessions, key=lambda session: session.busy, default=None)
        if least is None or (least.busy and len(self._sessions) < self.most and self._sessions[0].is_open):
            least = self._make()
            self._sessions.append(least)
        return least


class Sessions:
    """The sessions of this process, by company, user and password; a process that was forked begins anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], Pool] = {}
        self._owner = os.getpid()

    def of(self, place: tuple[str, ...], password: str, make: Callable[[], Session], most: int = 1) -> Pool:
        """Return the sessions to a place, ``most`` at one time or as many as others asked for."""
        key = (*place, hashlib.sha256(password.encode()).hexdigest())
        with self._lock:
            if self._owner != os.getpid():
                self._known, self._owner = {}, os.getpid()  # the parent's sessions stay the parent's
            pool = self._known.setdefault(key, Pool(make))
            pool.most = max(pool.most, most)
            return pool

    def close(self) -> None:
        """Log out of every session that this process opened."""
        with self._lock:
            mine, self._known = (self._known if self._owner == os.getpid() else {}), {}
        for pool in mine.values():
            pool.close()


SESSIONS = Sessions()
atexit.register(SESSIONS.close)


class Bearer(RenewableAuthenticator):
    """A token of the company's identity provider, given ready (SAP Business One §3); it cannot be renewed from here."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def renew(self) -> None:
        """Take the token as it is, once."""
        if self._generation:
            raise AuthenticationError(
                "The Service Layer refused the bearer token.", hint="Put a new token into the connection.", code="401"
            )

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
