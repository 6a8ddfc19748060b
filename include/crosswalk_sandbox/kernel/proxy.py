"""An HTTP CONNECT proxy for clients that know the vendors' hosts only: it leads those hosts to the emulators.

A client is pointed here by ``HTTPS_PROXY`` and trusts the sandbox's CA file (Salesforce §2.9, switch B). No other host is
let through, so nothing can leave the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from crosswalk_sandbox.kernel.server import HOST, bind
from crosswalk_sandbox.kernel.state import State

PROXY_PORT: Final = 8800
HOSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "salesforce": ("*.salesforce.com",),
    "netsuite": ("*.netsuite.com",),
    "hubspot": ("api.hubapi.com", "app.hubspot.com"),
}
"""Host patterns of each vendor."""
_HEAD_LIMIT: Final = 16 * 1024
_CHUNK: Final = 64 * 1024

Route = Callable[[str], int | None]
"""From a host name to the local https port that stands for it, None for hosts that are not let through."""


def route_to(state: State, hosts: Mapping[str, tuple[str, ...]] = HOSTS) -> Route:
    """Routes vendors' hosts to whatever is running with https on ``state``."""

    def route(host: str) -> int | None:
        for one in state.running():
            if any(fnmatchcase(host.lower(), pattern) for pattern in hosts.get(one.name, ())):
                return one.tls_port
        return None

    return route


async def run_proxy(route: Route, port: int, on_started: Callable[[int], None] = lambda _port: None) -> None:
    """Serve until cancelled; ``on_started`` is told the port. Raises PortTakenError."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _tunnel(route, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve_one, sock=bind(port), limit=_HEAD_LIMIT)
    async with server:
        on_started(server.sockets[0].getsockname()[1])
        await server.serve_forever()


@contextlib.contextmanager
def running_proxy(route: Route) -> Iterator[str]:
    """For tests: the proxy on a free loopback port in a thread of its own; yields its URL."""
    ports: list[int] = []
    stops: list[Callable[[], object]] = []
    started = threading.Event()

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stops.append(lambda: loop.call_soon_threadsafe(task.cancel))

        def tell(port: int) -> None:
            ports.append(port)
            started.set()

        with contextlib.suppress(asyncio.CancelledError):
            await run_proxy(route, 0, tell)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    if not started.wait(10):
        raise RuntimeError("The proxy did not start within 10 seconds")
    try:
        yield f"http://{HOST}:{ports[0]}"
    finally:
        stops[0]()
        thread.join(10)


async def _tunnel(route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, *_ = head.split(" ", 2)
    host, _, _port = target.rpartition(":")
    port = route(host) if method == "CONNECT" else None
    if port is None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return
    inner_reader, inner_writer = await asyncio.open_connection(HOST, port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
    finally:
        inner_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that way ends."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
