"""The service behind ``/b1s``: which resource a path means, and who answers it (SAP Business One §4, §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import metadata
from .account import Account
from .calls import Call, Reply
from .entities import CLOSED_SETS, Entities
from .errors import Refusal, generic, unknown_path
from .operations import Operations
from .resources import Segment, read_key, segments
from .sessions import LANGUAGES, Session, Sessions

_WRITING: Final = ("POST", "PATCH", "PUT", "MERGE", "DELETE")
_HARMLESS: Final = (
    "QueryService_PostQuery", "OrdersService_Preview", "OrdersService_GetApprovalTemplates", "CompanyService_GetItemPrice",
    "CompanyService_GetAdminInfo", "CompanyService_GetCompanyInfo",
)  # fmt: skip
Handler = Callable[[Call], Reply]


class Service:
    """Answers calls below the service root; batches come back here part by part."""

    def __init__(self, account: Account, sessions: Sessions) -> None:
        self._account = account
        self._sessions = sessions
        self.entities = Entities(account)
        self.operations = Operations(account, self.entities)

    def login(self, call: Call) -> Reply:
        """POST Login: the only call without a session (§3)."""
        if call.method != "POST":
            raise unknown_path()
        session = self._sessions.login(call.object())
        return Reply(200, {**call.single("B1Sessions"), **self._told(session)}, cookies=self.cookies(session))

    def _told(self, session: Session) -> dict[str, Any]:
        options = self._account.options
        return {"SessionId": session.id, "Version": options.version, "SessionTimeout": options.session_minutes}

    def cookies(self, session: Session) -> tuple[str, str]:
        """What Login sets (§3)."""
        more = self._account.options.cookie_attributes
        return f"B1SESSION={session.id};HttpOnly;{more}", f"ROUTEID={session.route}; path=/b1s"

    def answer(self, call: Call) -> Reply:
        """The answer to a call of a signed-in user. Raises Refusal."""
        if call.path == "":
            document = metadata.service_document(self._account.model)
            told = call.context("")
            return Reply(200, {**{name: value.rstrip("#") for name, value in told.items()}, "value": document})
        parts = segments(call.path)
        first = parts[0]
        if first.name == "$metadata" and call.method == "GET":
            return Reply(
                200, metadata.document(self._account, call.version), content_type="application/xml;charset=utf-8"
            )
        if first.name == "Logout" and call.method == "POST":
            if call.session is not None:
                self._sessions.logout(call.session)
            return Reply(204)
        self._authorise(call, parts)
        if first.name in self._account.model.sets:
            return self._entity(call, parts)
        return self.operations.answer(call, parts)

    def _authorise(self, call: Call, parts: list[Segment]) -> None:
        """403 for a user who may only read (§10)."""
        if call.session is None or call.session.may_write or call.method not in _WRITING:
            return
        if parts[0].name not in _HARMLESS and parts[-1].name != "List":
            raise Refusal(403, -1000, "You are not authorized to perform this action")

    def _entity(self, call: Call, parts: list[Segment]) -> Reply:
        first, name = parts[0], parts[0].name
        if name in CLOSED_SETS:
            raise unknown_path()
        if first.inside is None:
            return self._set(call, name, parts[1:])
        key = read_key(first.inside, self._account.model.sets[name], self._account.model.type_of(name))
        if len(parts) > 1:
            return self._inside(call, name, key, parts[1:])
        handlers: dict[str, Callable[[], Reply]] = {
            "GET": lambda: self.entities.get(call, name, key),
            "PATCH": lambda: self.entities.change(call, name, key),
            "MERGE": lambda: self.entities.change(call, name, key),
            "PUT": lambda: self.entities.change(call, name, key, whole=True),
            "DELETE": lambda: self.entities.delete(call, name, key),
        }
        if call.method not in handlers:
            raise unknown_path()
        return handlers[call.method]()

    def _set(self, call: Call, name: str, rest: list[Segment]) -> Reply:
        if not rest and call.method == "GET":
            return self.entities.listing.answer(call, name)
        if not rest and call.method == "POST":
            return self.entities.create(call, name)
        if [part.name for part in rest] == ["$count"] and call.method == "GET":
            return self.entities.listing.count(call, name)
        raise unknown_path()

    def _inside(self, call: Call, name: str, key: tuple[str | int, ...], rest: list[Segment]) -> Reply:
        names = [part.name for part in rest]
        kind = self._account.model.sets[name].type
        if names[0] in self._account.model.bound.get(kind, frozenset()) or (name, names[0]) == ("SQLQueries", "List"):
            return self.operations.bound(call, name, key, names[0])
        if call.method != "GET" or rest[0].inside is not None or len(rest) > 2:
            raise unknown_path()
        if len(rest) == 2 and names[1] != "$value":
            raise generic("Properties of complex values cannot be addressed")
        return self.entities.property(call, name, key, names[0], raw=len(rest) == 2)


def language_of(session: Session | None) -> str:
    """The language of a session's error texts (§10)."""
    return LANGUAGES.get(session.language if session else 3, "en-us")
