"""The account's HTTP face: finds the resource, admits, counts, answers (HubSpot §4)."""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from crosswalk_sandbox.kernel.application import Application, Request, Response

from .auth import Gate
from .calls import JSON_TYPE, Call, Reply, Routes
from .errors import NOT_JSON, HtmlRefusal, Refusal
from .limits import Limits
from .paths import numbered

_LOG: Final = logging.getLogger(__name__)
_LONGEST_URL: Final = 8_192
_JSON: Final = "application/json"


class App(Application):
    """The app of one account."""

    def __init__(self, gate: Gate, limits: Limits, routes: Routes, before: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._before = before
        self._gate = gate
        self._limits = limits
        self._routes = routes

    async def respond(self, request: Request) -> Response:
        """The answer as it goes out."""
        answer = await self.in_thread(lambda: self.answer(request))
        payload = (
            b"" if answer.body is None else answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
        )
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        if payload:
            headers.append((b"content-type", answer.content_type.encode()))
        if answer.status != 204:
            headers.append((b"content-length", str(len(payload)).encode()))
        return Response(answer.status, headers, payload)

    def answer(self, request: Request) -> Reply:
        """The answer to a request, whatever happens; every one carries the correlation id (§4)."""
        correlation = correlation_id()
        told: dict[str, str] = {}
        try:
            reply = self._served(request, told)
        except HtmlRefusal as refusal:
            reply = Reply(refusal.status, refusal.body, content_type=NOT_JSON)
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body(correlation), dict(refusal.headers))
        reply.headers = {**told, **reply.headers, "X-HubSpot-Correlation-Id": correlation}
        return reply

    def _served(self, request: Request, told: dict[str, str]) -> Reply:
        if len(request.path) + len(request.query) + 1 > _LONGEST_URL:
            raise HtmlRefusal(414, "URI Too Long")
        inside, edition = numbered(request.path)
        resource, names = self._routes.find(request.method, inside)
        call = _call(request, edition)
        if request.body and resource.guard != "open":
            _check_media(call)
            call.json()
        self._before()
        call.caller = self._gate.admit(call, resource.guard, inside)
        try:
            self._limits.admit(call.caller, resource.counted)
            return resource.handler(call, **names)
        except (Refusal, HtmlRefusal):
            raise
        except Exception as error:  # the vendor answers its own failures without a word more
            _LOG.exception("%s %s failed", request.method, request.path)
            raise Refusal(500, "internal error") from error
        finally:
            told |= self._limits.headers(call.caller, resource.counted)


def _call(request: Request, edition: str) -> Call:
    parameters = tuple(parse_qsl(request.query, keep_blank_values=True))
    return Call(
        request.method, request.path, parameters, request.headers, request.body, request.base_url, edition
    )  # fmt: skip


def _check_media(call: Call) -> None:
    """415 for a body that says it is no JSON (§5); none said is taken for JSON."""
    sent = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if sent and sent != _JSON:
        raise Refusal(
            415, f"Unsupported Media Type: the content type {sent} is not supported, use {_JSON}", "VALIDATION_ERROR"
        )


def correlation_id() -> str:
    """A time-ordered UUID (version 7)."""
    stamp = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=stamp << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def error_body(status: int, portal: int) -> tuple[bytes, str]:
    """The platform's body for an injected status (§5, §6)."""
    correlation = correlation_id()
    known: dict[int, dict[str, Any]] = {
        401: {"message": "Authentication credentials not found.", "category": "INVALID_AUTHENTICATION"},
        403: {"message": "This app hasn't been granted all required scopes to make this call.", "category": "MISSING_SCOPES"},
        404: {"message": "resource not found"},
        409: {"message": "conflict", "category": "CONFLICT"},
        423: {"message": "The resource is locked by another operation. Wait and try again.", "category": "LOCKED"},
        429: {
            "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT",
            "policyName": "TEN_SECONDLY_ROLLING", "groupName": f"publicapi:private-apps:api-calls:{portal}",
        },
        477: {"message": "This account is being migrated between data centers.", "category": "MIGRATION_IN_PROGRESS"},
    }  # fmt: skip
    told = known.get(status) or {"message": "internal error" if status == 500 else "The service is not available"}
    return orjson.dumps({"status": "error", **told, "correlationId": correlation}), JSON_TYPE
