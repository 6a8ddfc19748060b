"""Access tokens: who holds one, and until when it lives (Salesforce §2.7)."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from .org import Org

SAVE_EVERY = 60.0


@dataclass(slots=True)
class Session:
    """A living token: inactive for ``seconds`` it dies."""

    user_id: str
    used: float
    seconds: int
    saved: float
    flow: str


class Sessions:
    """All tokens of the org, in memory and in the store (they survive a restart)."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._guard = threading.Lock()
        self._known: dict[str, Session] = {}
        for token, user_id, used, seconds, flow in org.store.connection.execute("SELECT * FROM _session"):
            self._known[token] = Session(user_id, used, seconds, used, flow)

    def open(self, user_id: str, flow: str) -> str:
        """A new token: the 15-character org id, ``!`` and secret characters (§2.1)."""
        token = f"{self.org.fact('org_id')[:15]}!AQ{secrets.token_urlsafe(70)[:94].replace('-', '.')}"
        now = self.org.now().timestamp()
        session = Session(user_id, now, self.org.options.session_seconds, now, flow)
        with self._guard:
            self._known[token] = session
        with self.org.store.writing() as connection:
            connection.execute(
                "INSERT INTO _session VALUES (?, ?, ?, ?, ?)", (token, user_id, now, session.seconds, flow)
            )
        return token

    def user(self, token: str) -> str | None:
        """The user behind a living token, whose life it prolongs; None otherwise."""
        now = self.org.now().timestamp()
        with self._guard:
            session = self._known.get(token)
            if session is None:
                return None
            if now - session.used > session.seconds:
                del self._known[token]
                return None
            session.used = now
            save = now - session.saved > SAVE_EVERY
            if save:
                session.saved = now
        if save:
            with self.org.store.writing() as connection:
                connection.execute("UPDATE _session SET used = ? WHERE token = ?", (now, token))
        return session.user_id

    def expires(self, token: str) -> int | None:
        """Epoch second at which the token dies if unused; None when it is dead."""
        session = self._known.get(token)
        return None if session is None else int(session.used + session.seconds)

    def close(self, token: str) -> bool:
        """Ends one token; False when there is none."""
        with self._guard:
            known = self._known.pop(token, None)
        with self.org.store.writing() as connection:
            connection.execute("DELETE FROM _session WHERE token = ?", (token,))
        return known is not None

    def close_all(self) -> None:
        """Ends every token."""
        with self._guard:
            self._known.clear()
        with self.org.store.writing() as connection:
            connection.execute("DELETE FROM _session")
