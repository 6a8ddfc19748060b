"""Carries faults out between the socket and the emulator, counts requests, and stamps the sandbox's time on answers."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule, Faults

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from crosswalk_sandbox.kernel.request_log import RequestLog

TRANSPORT: Final = "crosswalk_sandbox.transport"
"""Key in the ASGI scope's extensions under which the server hands over the connection, so that it can be cut."""

_HTML: Final = (
    b"<!DOCTYPE html><html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1>"
    b"<p>The server is temporarily unable to service your request. Please try again later.</p></body></html>"
)
_BLANK: Final = (b"", "text/plain")


class FaultMiddleware:
    """ASGI middleware around the vendor's app.

    ``error_body`` gives the vendor's body for an injected status, ``expire_sessions`` drops sessions, ``actions`` are switches and
    ``queue`` names what a request waits in (None: nothing), all usually the emulator's; ``clock`` sets the Date header. Requests of one
    queue take their time one after the other.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        log: RequestLog,
        *,
        clock: Clock | None = None,
        error_body: Callable[[int], tuple[bytes, str]] = lambda _status: _BLANK,
        expire_sessions: Callable[[], None] = lambda: None,
        actions: Mapping[str, Callable[[Mapping[str, Any]], Any]] | None = None,
        queue: Callable[[Mapping[str, str]], str | None] = lambda _headers: None,
    ) -> None:
        self.app = app
        self.faults = faults
        self.log = log
        self.clock = clock or Clock()
        self.error_body = error_body
        self.expire_sessions = expire_sessions
        self.actions = actions or {}
        self.queue = queue
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, well or badly."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        rule = self.faults.decide(scope["method"], scope["path"])
        started = time.perf_counter()

        def count(status: int) -> None:
            self.log.record(
                scope["method"],
                scope["path"],
                status,
                at=self.clock.now(),
                seconds=time.perf_counter() - started,
                fault=rule.kind if rule else None,
            )

        answer = _Answer(send, self.clock, count)
        try:
            async with self._turn(scope):
                if self.faults.latency > 0:
                    await asyncio.sleep(self.faults.latency)
                await self._serve(rule, scope, receive, answer)
        finally:
            answer.count()

    def _turn(self, scope: Scope) -> AbstractAsyncContextManager[None]:
        """The turn in the request's queue; a queue is forgotten when nobody is in it."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        name = self.queue(headers)
        return nullcontext() if name is None else self._queues.setdefault(name, asyncio.Lock())

    async def _serve(self, rule: FaultRule | None, scope: Scope, receive: Receive, answer: _Answer) -> None:
        match rule.kind if rule else None:
            case FaultKind.STATUS | FaultKind.HTML:
                assert rule is not None
                await self._refuse_politely(rule, answer)
            case FaultKind.REFUSE:
                answer.count()
                await _cut(scope, receive)
            case FaultKind.LOST_REPLY | FaultKind.TIMEOUT_AFTER_COMMIT:
                assert rule is not None
                await self._lose_reply(rule, scope, receive, answer)
            case FaultKind.STATUS_AFTER_COMMIT:
                assert rule is not None
                await self.app(scope, receive, _forget)
                await self._refuse_politely(rule, answer)
            case FaultKind.TRUNCATE:
                assert rule is not None
                await self._truncate(rule, scope, receive, answer)
            case _:
                try:
                    await self._before(rule)
                except ValueError as error:  # the action's own sentence: the wish behind the fault is wrong
                    await _tell(str(error), answer)
                else:
                    await self.app(scope, receive, answer)

    async def _before(self, rule: FaultRule | None) -> None:
        """What goes wrong in the account before a request is handled as usual. Raises ValueError as actions do."""
        match rule:
            case FaultRule(kind=FaultKind.EXPIRE_SESSIONS):
                self.expire_sessions()
            case FaultRule(kind=FaultKind.SLOW):
                await asyncio.sleep(rule.seconds)
            case FaultRule(kind=FaultKind.CLOCK_SKEW):
                self.clock.advance(rule.seconds)
            case FaultRule(kind=FaultKind.ACTION):
                await asyncio.to_thread(self.actions[rule.action or ""], rule.values or {})

    async def _refuse_politely(self, rule: FaultRule, answer: _Answer) -> None:
        if rule.kind is FaultKind.HTML:
            status, body, content_type = 503, _HTML, "text/html; charset=UTF-8"
        else:
            status = rule.status
            body, content_type = self.error_body(status)
        if rule.body is not None:
            body = rule.body.encode()
        headers = [
            (b"content-type", (rule.content_type or content_type).encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        if rule.retry_after is not None:
            headers.append((b"retry-after", str(rule.retry_after).encode()))
        await answer({"type": "http.response.start", "status": status, "headers": headers})
        await answer({"type": "http.response.body", "body": body})

    async def _lose_reply(self, rule: FaultRule, scope: Scope, receive: Receive, answer: _Answer) -> None:
        await self.app(scope, receive, _forget)
        if rule.kind is FaultKind.TIMEOUT_AFTER_COMMIT:
            await asyncio.sleep(rule.seconds)
        answer.count()
        await _cut(scope, receive)

    async def _truncate(self, rule: FaultRule, scope: Scope, receive: Receive, answer: _Answer) -> None:
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(scope, receive, keep)
        start = next(message for message in kept if message["type"] == "http.response.start")
        body = b"".join(message.get("body", b"") for message in kept if message["type"] == "http.response.body")
        if len(body) < 2:
            for message in kept:
                await answer(message)
            return
        headers = [
            (name, value)
            for name, value in start.get("headers", [])
            if name.lower() not in (b"content-length", b"transfer-encoding")
        ]
        if not rule.chunked:
            headers.append((b"content-length", str(len(body)).encode()))
        await answer({**start, "headers": headers})
        answer.count()
        await answer({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _hang_up(scope, receive)


class _Answer:
    """``send`` that puts the sandbox's time into the Date header and counts the request once, before its last byte:
    whoever has the answer finds it counted. Status 0 stands for a connection that was cut."""

    def __init__(self, send: Send, clock: Clock, count: Callable[[int], None]) -> None:
        self._send = send
        self._clock = clock
        self._count = count
        self._counted = False
        self._status = 0

    def count(self) -> None:
        """Count the request unless it is counted."""
        if not self._counted:
            self._counted = True
            self._count(self._status)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", []))
            if not any(name.lower() == b"date" for name, _ in headers):
                headers.append((b"date", format_datetime(self._clock.now(), usegmt=True).encode()))
            message = {**message, "headers": headers}
        elif not message.get("more_body", False):
            self.count()
        await self._send(message)


async def _forget(_message: Message) -> None:
    """The reply nobody gets."""


async def _tell(sentence: str, answer: _Answer) -> None:
    """Answer 500 with a sentence about the sandbox, not about the vendor."""
    body = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    await answer({"type": "http.response.start", "status": 500, "headers": headers})
    await answer({"type": "http.response.body", "body": body})


async def _cut(scope: Scope, receive: Receive) -> None:
    """Reset the connection (RST, nothing flushed) and wait until the server has noticed."""
    transport = _transport(scope)
    peer: socket.socket | None = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection after what was written so far, and wait until the server has noticed."""
    _transport(scope).close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("This server does not hand over its connections, so a fault cannot cut them")
    return transport
