"""The account's HTTP face: admits, counts, routes, answers."""

from __future__ import annotations

import logging
import secrets
import string
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.kernel.application import Application, Request, Response
from crosswalk_sandbox.netsuite.auth import Gate, Signed
from crosswalk_sandbox.netsuite.errors import Refusal, invalid_login, method_not_allowed, unexpected, unknown_url
from crosswalk_sandbox.netsuite.exchange import Answer, Call, segments_of
from crosswalk_sandbox.netsuite.governance import Busy, Governor, Overloaded
from crosswalk_sandbox.netsuite.oauth2 import TOKEN_PATH, OAuth2, TokenError
from crosswalk_sandbox.netsuite.restlets import RESTLET_PATH, too_many

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options

Service = Callable[[Call], Answer]

_LOG: Final = logging.getLogger(__name__)
_REVOKE_PATH: Final = TOKEN_PATH.replace("/token", "/revoke")
_LARGEST_BODY: Final = 104 * 1024 * 1024
_JSON_TYPES: Final = ("application/json", "application/vnd.oracle.resource+json")
_READABLE: Final = (*_JSON_TYPES, "application/*", "*/*", "application/swagger+json", "application/schema+json")


class App(Application):
    """The app of one account. ``services`` are keyed by the first two path parts after ``/services/rest``."""

    def __init__(
        self,
        gate: Gate,
        oauth2: OAuth2,
        governor: Governor,
        options: Options,
        services: Mapping[str, Service],
        commits: Callable[[], int],
    ) -> None:
        super().__init__()
        self._gate = gate
        self._oauth2 = oauth2
        self._governor = governor
        self._options = options
        self._services = services
        self._commits = commits

    async def respond(self, request: Request) -> Response:
        """The answer as it goes out."""
        answer = await self._answer(request)
        headers, payload = answer.wire(gzipped="gzip" in request.headers.get("accept-encoding", ""))
        return Response(answer.status, headers, payload)

    async def _answer(self, request: Request) -> Answer:
        try:
            if request.path in (TOKEN_PATH, _REVOKE_PATH):
                return await self.in_thread(lambda: self._token(request))
            return await self._governed(request)
        except Refusal as refusal:
            return Answer.of(refusal, self._options)

    async def _governed(self, request: Request) -> Answer:
        signed = Signed(
            request.method,
            request.scheme,
            request.host,
            request.path,
            request.query,
            request.headers.get("authorization", ""),
        )
        call = _call(request, self._commits(), self._options.bad_page_code)
        try:
            async with self._governor.slot():
                return await self.in_thread(lambda: self._serve(signed, call))
        except Busy:
            if request.path == RESTLET_PATH:
                return too_many()
            raise
        except Overloaded as overloaded:
            self._gate.note_overload(signed)
            raise invalid_login() from overloaded

    def _serve(self, signed: Signed, call: Call) -> Answer:
        admitted = call.with_caller(self._gate.admit(signed))
        parts = admitted.segments
        if call.path == RESTLET_PATH:
            return self._services["restlet"](admitted)
        _check_media(admitted)
        service = self._services.get("/".join(parts[2:4])) if parts[:2] == ("services", "rest") else None
        if parts == ("rest", "tokeninfo"):
            return self._token_info(admitted)
        if service is None:
            raise unknown_url(call.path)
        try:
            return service(admitted)
        except Refusal:
            raise
        except Exception as error:  # the vendor answers its own failures with an Error ID and no word more
            ident = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
            _LOG.exception("%s %s failed, Error ID %s", call.method, call.path, ident)
            raise unexpected(ident) from error

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            raise method_not_allowed(request.method)
        try:
            if request.path == _REVOKE_PATH:
                self._oauth2.revoke(request.body)
                return Answer(200, {}, "json")
            return Answer(200, self._oauth2.grant(request.body, request.base_url), "json")
        except TokenError as error:
            word = "invalid_grant" if self._options.oauth_errors == "invalid_grant" else str(error)
            return Answer(400, {"error": word}, "json")

    def _token_info(self, call: Call) -> Answer:
        facts = {
            "companyName": self._options.realm,
            "companyId": self._options.realm,
            "userId": call.caller.entity,
            "roleName": call.caller.role.name,
            "roleId": call.caller.role.id,
        }
        return Answer(200, facts, "json")


def _call(request: Request, arrived: int, page_code: str) -> Call:
    if len(request.body) > _LARGEST_BODY:
        raise Refusal(413, "INVALID_REQUEST", "The request is larger than 104 MB.")
    return Call(
        request.method,
        request.base_url,
        request.path,
        request.query,
        segments_of(request.path),
        request.headers,
        request.body,
        arrived,
        page_code=page_code,
    )


def _check_media(call: Call) -> None:
    """415 and 406; no Content-Type at all is accepted, as some clients send none (NetSuite §4)."""
    sent = call.header("content-type").split(";")[0].strip().lower()
    if call.body and sent and sent not in _JSON_TYPES:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"The media type '{sent}' is not supported. Use application/json.")
    wanted = [word.split(";")[0].strip().lower() for word in call.header("accept").split(",") if word.strip()]
    if wanted and not any(word in _READABLE for word in wanted):
        raise Refusal(406, "NOT_ACCEPTABLE", f"The media type '{', '.join(wanted)}' cannot be produced.")
