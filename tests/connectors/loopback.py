"""A real HTTP/1.1 server on loopback whose answers a test decides, down to resets and cut bodies.

>>> with serving(lambda request: Reply(200, b"{}")) as server:
...     requests.get(server.url + "/path")
...     server.received[0].path
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer. ``cut`` sends that many bytes of the body under its full Content-Length, ``reset`` nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False


RESET = Reply(reset=True)


def reply_json(payload: object, status: int = 200, **headers: str) -> Reply:
    """Return a JSON answer; underscores in header names become dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(payload).encode(), {"Content-Type": "application/json;charset=UTF-8", **named})


class Server(socketserver.ThreadingTCPServer):
    """Calls ``handle`` for every request and keeps what it received."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handle: Callable[[Received], Reply], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.handle = handle
        self.tls = tls
        self.received: list[Received] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not worth a traceback."""


class _Connection(socketserver.StreamRequestHandler):
    server: Server

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self.server.connections += 1
        while (request := self._read()) is not None:
            self.server.received.append(request)
            reply = self.server.handle(request)
            if reply.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            self._write(reply, request.method)
            if reply.cut is not None:
                return

    def _read(self) -> Received | None:
        line = self.rfile.readline().decode("latin-1").split()
        if len(line) < 2:
            return None
        headers: dict[str, str] = {}
        while (text := self.rfile.readline().decode("latin-1").strip()) != "":
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Received(line[0], line[1], headers, body)

    def _write(self, reply: Reply, method: str) -> None:
        headers = {"Content-Length": str(len(reply.body)), "Date": formatdate(usegmt=True), **reply.headers}
        if reply.status == 204 or reply.status == 304:
            del headers["Content-Length"]
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(head.encode("latin-1") + b"\r\n" + (b"" if method == "HEAD" else reply.body[: reply.cut]))
        self.wfile.flush()


@contextmanager
def serving(handle: Callable[[Received], Reply], *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve in a thread of this process until the block ends."""
    server = Server(handle, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def replies(*scripted: Reply) -> Callable[[Received], Reply]:
    """Return a handler that gives these answers one after the other; the last one for ever."""
    left = list(scripted)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]
