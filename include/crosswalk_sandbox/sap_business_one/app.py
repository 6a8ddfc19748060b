"""The front server and its workers: paths, sessions, headers, health (SAP Business One §1 to §4)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from crosswalk_sandbox.kernel.application import Application, Request, Response

from .account import Account
from .batches import Batches
from .calls import Call, Reply
from .errors import HtmlRefusal, Refusal, generic
from .service import Service, language_of
from .sessions import Sessions

_LOG: Final = logging.getLogger(__name__)
_METHODS: Final = ("GET", "POST", "PATCH", "PUT", "MERGE", "DELETE", "HEAD", "OPTIONS")
_ERROR_TYPE: Final = "application/json;charset=utf-8"
_JSON_TYPES: Final = {
    2: "application/json;odata.metadata=minimal;charset=utf-8",
    1: "application/json;odata=minimalmetadata;charset=utf-8",
}
_HTML: Final = "text/html; charset=iso-8859-1"
_LARGEST: Final = 16 * 1024 * 1024


class App(Application):
    """The app of one company."""

    workers = 12

    def __init__(self, account: Account, sessions: Sessions, service: Service) -> None:
        super().__init__()
        self._account = account
        self._sessions = sessions
        self._service = service
        self._batches = Batches(account, self.served)
        self.gate: Callable[[], Any] = nullcontext

    async def respond(self, request: Request) -> Response:
        """The answer as it goes out."""
        reply = await self.in_thread(lambda: self.answer(request))
        payload = self._payload(reply.body)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        headers += [(b"set-cookie", one.encode()) for one in reply.cookies]
        headers.append((b"server", b"Apache/2.4.65 (Unix)"))
        if reply.content_type:
            headers.append((b"content-type", reply.content_type.encode()))
        if reply.status != 204:
            headers.append((b"content-length", str(len(payload)).encode()))
        return Response(reply.status, headers, payload)

    def _payload(self, body: Any) -> bytes:
        if body is None:
            return b""
        if isinstance(body, bytes):
            return body
        if isinstance(body, str):
            return body.encode()
        written = orjson.dumps(body)
        if self._account.options.pretty:
            return json.dumps(orjson.loads(written), indent="\t", separators=(",", " : "), ensure_ascii=False).encode()
        return written

    # one request

    def answer(self, request: Request) -> Reply:
        """The answer to a request, whatever happens."""
        path = unquote(request.path)
        try:
            if path.startswith("/ping"):
                return self._ping(path)
            return self._below(request, path)
        except HtmlRefusal as refusal:
            return Reply(refusal.status, refusal.body, content_type=_HTML)

    def _below(self, request: Request, path: str) -> Reply:
        version = 2 if path.startswith("/b1s/v2") else 1 if path.startswith("/b1s/v1") else 0
        if not version or path[7:8] not in ("", "/"):
            raise HtmlRefusal(404)
        method = (
            request.headers.get("x-http-method-override", request.method).upper()
            if request.method == "POST"
            else request.method
        )
        if method not in _METHODS:
            raise HtmlRefusal(405)
        if len(request.body) > _LARGEST:
            raise HtmlRefusal(413)
        root = f"{request.base_url}/b1s/v{version}/"
        call = Call(
            "GET" if method == "HEAD" else method, path[8:].rstrip("/") if path[8:] != "/" else "", version, root,
            tuple(parse_qsl(request.query, keep_blank_values=True)), request.headers, request.body,
        )  # fmt: skip
        try:
            return self._admitted(call)
        except Refusal as refusal:
            return self.refused(call, refusal, path)

    def _admitted(self, call: Call) -> Reply:
        if call.path == "Login":
            reply = self._service.login(call)
            reply.content_type = _JSON_TYPES[call.version]
            return reply
        call.session = self._sessions.admit(call.headers)
        with call.session.turn:
            if call.path == "$batch":
                if call.method != "POST":
                    raise generic("A batch is sent with POST")
                return self._dressed(call, self._batches.answer(call))
            return self.served(call)

    def served(self, call: Call) -> Reply:
        """The answer to a call of a signed-in user, with the headers of its version. Raises Refusal, HtmlRefusal."""
        try:
            return self._dressed(call, self._service.answer(call))
        except (Refusal, HtmlRefusal):
            raise
        except Exception as error:  # the vendor answers its own failures without a word more
            _LOG.exception("%s %s failed", call.method, call.path)
            raise Refusal(500, -1, "Internal error") from error

    def _dressed(self, call: Call, reply: Reply) -> Reply:
        if call.version == 2:
            reply.headers["OData-Version"] = "4.0"
        if reply.body is not None and not reply.content_type:
            reply.content_type = _JSON_TYPES[call.version]
        return reply

    def refused(self, call: Call, refusal: Refusal, path: str = "") -> Reply:
        """A refusal as an answer (§10)."""
        body = refusal.body(call.version, language_of(call.session), in_batch=call.in_batch)
        reply = Reply(refusal.status, body, content_type=_ERROR_TYPE)
        if refusal.status == 401:
            reply.headers["WWW-Authenticate"] = f"Basic realm={path}".encode().decode("latin-1")
            reply.cookies = ("ROUTEID=.node1; path=/b1s",)
        elif call.version == 2:
            reply.headers["OData-Version"] = "4.0"
        if refusal.status == 400 and self._account.options.close_after_400 and not call.in_batch:
            reply.headers["Connection"] = "close"
        return reply

    def _ping(self, path: str) -> Reply:
        """Health, without a session (§1)."""
        parts = path.strip("/").split("/")
        stamp = str(int(self._account.store.clock.now().timestamp()))
        sender = "load balancer"
        if parts[1:2] == ["node"]:
            node = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else 1
            if node in self._sessions.lost or not 1 <= node <= self._account.options.nodes:
                raise HtmlRefusal(503)
            sender = f"node{node}"
        elif parts[1:] not in ([], ["load-balancer"]):
            raise HtmlRefusal(404)
        return Reply(200, {"message": "pong", "sender": sender, "timestamp": stamp}, content_type="application/json")


def error_body(status: int) -> tuple[bytes, str]:
    """The vendor's body for an injected status: the front server's page for what it answers itself (§3, §10)."""
    if status in (429, 502, 503, 504):
        return HtmlRefusal(status).body, _HTML
    told = {
        401: Refusal(401, 301, "Invalid session or session already timeout."),
        403: Refusal(403, -1000, "You are not authorized to perform this action"),
        404: Refusal(404, -2028, "No matching records found (ODBC -2028)"),
        412: Refusal(412, -2039, "Another user or another operation modified data; to continue, open the window again (ODBC -2039)"),
    }.get(status, Refusal(status, -1, "Internal error"))  # fmt: skip
    return orjson.dumps(told.body(2)), _ERROR_TYPE
