"""Runs one emulator on http and https: for good in a process of its own, or for a test in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.routing import Router
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.control import PREFIX, Control
from crosswalk_sandbox.kernel.emulator import Actionable, Queueing
from crosswalk_sandbox.kernel.faults import Faults
from crosswalk_sandbox.kernel.middleware import TRANSPORT, FaultMiddleware
from crosswalk_sandbox.kernel.request_log import RequestLog
from crosswalk_sandbox.kernel.tls import Certificates, certificates

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from crosswalk_sandbox.kernel.emulator import Emulator

HOST = "127.0.0.1"


class PortTakenError(OSError):
    """A port that the sandbox wants belongs to someone else."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running emulator answers; ``https`` and ``ca_file`` are None without TLS."""

    http: str
    https: str | None = None
    ca_file: Path | None = None


def assemble(
    emulator: Emulator, *, clock: Clock | None = None, faults: Faults | None = None, log: RequestLog | None = None
) -> ASGIApp:
    """The emulator's app with faults around it and the control routes beside it."""
    clock, faults, log = clock or Clock(), faults or Faults(), log or RequestLog()
    vendor = FaultMiddleware(
        emulator.app,
        faults,
        log,
        clock=clock,
        error_body=emulator.error_body,
        expire_sessions=emulator.expire_sessions,
        actions=emulator.actions if isinstance(emulator, Actionable) else None,
        **({"queue": emulator.queue} if isinstance(emulator, Queueing) else {}),
    )
    control = Router(routes=[Control(emulator, clock, faults, log).mount()])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (control if ours else vendor)(scope, receive, send)

    return app


def serve(
    emulator: Emulator,
    port: int,
    tls_port: int | None = None,
    *,
    directory: Path,
    clock: Clock | None = None,
    host: str = HOST,
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT. ``directory`` keeps the certificates; raises PortTakenError before it starts."""
    plain = bind(port, host)
    secure = bind(tls_port, host) if tls_port is not None else None
    app = assemble(emulator, clock=clock)
    servers = [(_server(app, None), plain)]
    if secure is not None:
        servers.append((_server(app, certificates(directory)), secure))
    gc.collect()
    gc.freeze()  # what is there stays: no search for cycles among what a page is made of goes through all of it
    try:
        _run(servers, lambda _leave: on_started())
    finally:
        emulator.close()


@contextlib.contextmanager
def running(
    emulator: Emulator, *, clock: Clock | None = None, faults: Faults | None = None, log: RequestLog | None = None
) -> Iterator[str]:
    """For tests: serve on a free loopback port in a thread; yields the base URL."""
    app = assemble(emulator, clock=clock, faults=faults, log=log)
    with _threaded(app, None) as endpoints:
        yield endpoints.http


@contextlib.contextmanager
def running_with_tls(
    emulator: Emulator,
    directory: Path,
    *,
    clock: Clock | None = None,
    faults: Faults | None = None,
    log: RequestLog | None = None,
) -> Iterator[Endpoints]:
    """For tests: the same on http and https; ``directory`` receives the certificates."""
    app = assemble(emulator, clock=clock, faults=faults, log=log)
    with _threaded(app, certificates(directory)) as endpoints:
        yield endpoints


def bind(port: int, host: str = HOST) -> socket.socket:
    """A listening socket; raises PortTakenError with a sentence when the port is in use."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        raise PortTakenError(
            f"Port {port} on {host} cannot be opened ({error.strerror}). "
            "Stop what uses it, or choose other ports with --port-base."
        ) from error
    taken.setblocking(False)
    return taken


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, as one process runs two of them, and told when to leave instead of looking."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.servers = []
        self._told = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._told.wait()

    def leave(self) -> None:
        """Take no more connections and close those that are idle."""
        self.should_exit = True
        self._told.set()

    @property
    def serves(self) -> bool:
        """Whether anybody can still reach it, or waits for an answer."""
        return any(one.is_serving() for one in self.servers) or bool(self.server_state.connections)


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """uvicorn's HTTP protocol that lets the app reach its connection (uvicorn runs ``self.app`` for each request)."""

    app: ASGIApp

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            await inner(scope, receive, send)

        self.app = app


def _server(app: ASGIApp, tls: Certificates | None) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=tls.server if tls else None,
        )
    )


def _tell(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: it has left already
        loop.call_soon_threadsafe(told.set)


def _run(
    servers: list[tuple[_Server, socket.socket]],
    on_started: Callable[[Callable[[], None]], None],
    on_left: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to leave: by a signal, or by what ``on_started`` is given, which any thread may call."""

    async def main() -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, told.set)
        tasks = [loop.create_task(server.serve(sockets=[listener])) for server, listener in servers]
        while not all(server.started for server, _ in servers) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.005)
        on_started(functools.partial(_tell, loop, told))
        leaving = loop.create_task(told.wait())
        await asyncio.wait([leaving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for server, _ in servers:
            server.leave()
        while any(server.serves for server, _ in servers) and not all(task.done() for task in tasks):
            await asyncio.sleep(0.002)
        on_left()
        await asyncio.gather(*tasks)
        leaving.cancel()

    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(main())


@contextlib.contextmanager
def _threaded(app: ASGIApp, tls: Certificates | None) -> Iterator[Endpoints]:
    plain = bind(0)
    servers = [(_server(app, None), plain)]
    endpoints = Endpoints(f"http://{HOST}:{plain.getsockname()[1]}")
    if tls is not None:
        secure = bind(0)
        servers.append((_server(app, tls), secure))
        endpoints = Endpoints(endpoints.http, f"https://localhost:{secure.getsockname()[1]}", tls.ca)
    started: Future[Callable[[], None]] = Future()
    left = threading.Event()
    threading.Thread(target=_run, args=(servers, started.set_result, left.set), daemon=True).start()
    try:
        leave = started.result(20)
    except TimeoutError as error:
        raise RuntimeError("The emulator's server did not start within 20 seconds") from error
    try:
        yield endpoints
    finally:
        leave()
        left.wait(10)  # uvicorn itself rests a moment longer, with nobody to wait for
