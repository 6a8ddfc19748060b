"""Login, sliding sessions, nodes (SAP Business One §3)."""

from __future__ import annotations

import base64
import binascii
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from .account import Account
from .errors import HtmlRefusal, Refusal, no_session

LANGUAGES: Final[Mapping[int, str]] = {
    3: "en-us",
    8: "en-gb",
    9: "de-de",
    15: "nl-nl",
    22: "fr-fr",
    23: "es-es",
    25: "es-mx",
}
MANAGER: Final = "manager"
VIEWER: Final = "viewer"
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(slots=True)
class Session:
    """One user's session on one node."""

    id: str
    user: str
    language: int
    node: int
    seen: float
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Requests of one session wait for each other (§3)."""

    @property
    def route(self) -> str:
        """The value of ``ROUTEID``."""
        return f".node{self.node}"

    @property
    def may_write(self) -> bool:
        """Whether the user has more than read authorisation."""
        return self.user != VIEWER


class Sessions:
    """The sessions of all nodes; they are in the workers' memory and end with the process."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._turn = 0
        self.lost: dict[int, int | None] = {}
        """Nodes that are down → how many requests they will still miss; None: all."""

    def _now(self) -> float:
        return self._account.store.clock.now().timestamp()

    # signing in

    def login(self, given: Mapping[str, Any]) -> Session:
        """A new session. Raises Refusal 401 for anything wrong about the credentials."""
        if given.get("CompanyDB") != self._account.options.company_db:
            raise Refusal(401, -304, "Fail to get DB Credentials from SLD")
        self._check(str(given.get("UserName", "")), str(given.get("Password", "")))
        language = int(given.get("Language") or 3)
        return self._opened(str(given["UserName"]), language)

    def _check(self, user: str, password: str) -> None:
        known = self._account.credentials()["users"]
        if not secrets.compare_digest(known.get(user, "\0").encode(), password.encode()):
            raise Refusal(401, 100000027, "Login credential invalid")

    def _opened(self, user: str, language: int) -> Session:
        now = self._now()
        with self._lock:
            self._sessions = {key: one for key, one in self._sessions.items() if not self._is_over(one, now)}
            if len(self._sessions) >= self._account.options.sessions:
                raise Refusal(503, -1, "Too many sessions; log out of some or wait until they time out")
            self._turn = self._next_node()
            session = Session(_session_id(), user, language, self._turn, now)
            self._sessions[session.id] = session
            return session

    def _next_node(self) -> int:
        """Whose turn it is among the nodes that are up. Raises HtmlRefusal 503 where none is (§10)."""
        nodes = self._account.options.nodes
        turns = ((self._turn + ahead) % nodes + 1 for ahead in range(nodes))
        found = next((node for node in turns if node not in self.lost), None)
        if found is None:
            raise HtmlRefusal(503)
        return found

    def logout(self, session: Session) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(session.id, None)

    def expire_all(self) -> None:
        """End every session."""
        with self._lock:
            self._sessions.clear()

    def count(self) -> int:
        """How many sessions are alive."""
        now = self._now()
        with self._lock:
            return sum(not self._is_over(one, now) for one in self._sessions.values())

    # using

    def admit(self, headers: Mapping[str, str]) -> Session:
        """The session of a request, its time begun anew. Raises Refusal 401; HtmlRefusal where its node is down."""
        sent = headers.get("authorization", "")
        if sent.lower().startswith("basic ") and self._account.options.basic_authentication:
            return self._basic(sent[6:])
        found = self._sessions.get(cookies(headers.get("cookie", "")).get("B1SESSION", ""))
        now = self._now()
        if found is None or self._is_over(found, now):
            raise no_session()
        self._reach(found)
        found.seen = now
        return found

    def _reach(self, session: Session) -> None:
        """Let a session of a node that is down fail, and be gone (§3)."""
        if session.node not in self.lost:
            return
        left = self.lost[session.node]
        self.logout(session)
        if left is not None:
            self.lost[session.node] = left - 1
            if left <= 1:
                del self.lost[session.node]
        raise HtmlRefusal(502)

    def _basic(self, sent: str) -> Session:
        """HTTP Basic: the user part is a JSON text (§3, unsure); a session for one request."""
        try:
            user, _, password = base64.b64decode(sent, validate=True).decode().rpartition(":")
            named = orjson.loads(user)
        except (binascii.Error, UnicodeDecodeError, orjson.JSONDecodeError):
            raise no_session() from None
        if not isinstance(named, dict) or named.get("CompanyDB") != self._account.options.company_db:
            raise no_session()
        self._check(str(named.get("UserName", "")), password)
        return Session("", str(named["UserName"]), 3, 1, self._now())

    def _is_over(self, session: Session, now: float) -> bool:
        return not 0 <= now - session.seen < self._account.options.session_lifetime and now != session.seen


def cookies(header: str) -> dict[str, str]:
    """A request's cookies; pairs may follow each other without a blank (§3)."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name.rstrip(): value.strip(' "') for name, _, value in pairs if name}


def _session_id() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(size)) for size in (8, 4, 4, 4, 12))
