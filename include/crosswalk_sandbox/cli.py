"""The command group ``sandbox``: bring emulators up and down, sign in, drive the company, make things go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crosswalk_sandbox import access as reach
from crosswalk_sandbox.kernel import processes
from crosswalk_sandbox.kernel.faults import FaultKind
from crosswalk_sandbox.kernel.proxy import PROXY_PORT, route_to, run_proxy
from crosswalk_sandbox.kernel.registry import PORT_BASE, Entry, available, entry
from crosswalk_sandbox.kernel.server import HOST, PortTakenError, bind, serve
from crosswalk_sandbox.kernel.state import Running, State, StateError

DEFAULT_STATE = ".crosswalk/sandbox"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

state_option = click.option(
    "--state",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_STATE,
    show_default=True,
    envvar="CROSSWALK_SANDBOX_STATE",
    help="Folder that keeps the emulators' data.",
)
seed_option = click.option("--seed", type=click.IntRange(min=0), help="Seed of the demo company.")
scale_option = click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    help="Size of the demo company; 1 is 500 accounts, 2000 a million.",
)
set_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the emulator; may be repeated."
)


@click.group()
def sandbox() -> None:
    """Vendor emulators with a demo company, on this machine."""


@sandbox.command()
@click.argument("names", nargs=-1)
@state_option
@seed_option
@scale_option
@click.option("--tls/--no-tls", default=True, show_default=True, help="Serve https beside http.")
@click.option("--port-base", type=click.IntRange(1, 65_000), default=PORT_BASE, show_default=True)
@click.option("--foreground", is_flag=True, help="Stay until interrupted, then stop the emulators.")
@click.option("--wait", type=float, default=1_800.0, show_default=True, help="Seconds to wait for first answers.")
@set_option
def up(
    names: tuple[str, ...],
    folder: Path,
    seed: int | None,
    scale: float | None,
    tls: bool,
    port_base: int,
    foreground: bool,
    wait: float,
    settings: tuple[str, ...],
) -> None:
    """Start emulators (all, or NAMES), each a process of its own; resumes where they were stopped."""
    state = State(folder.absolute())
    arguments = _serve_arguments(state, seed, scale, settings)
    serving = {one.name for one in state.running()}
    wanted = [one for one in _entries(names or tuple(available())) if one.name not in serving]
    started: list[tuple[Entry, subprocess.Popen[bytes]]] = []
    try:
        with _interruptible() if foreground else contextlib.nullcontext():
            state.company(seed, scale)
            for one in wanted:
                tls_port = one.tls_port(port_base) if tls else None
                process = processes.start(state, one, arguments, port=one.port(port_base), tls_port=tls_port)
                started.append((one, process))
            for one, process in started:
                processes.wait_ready(state, one, process, one.port(port_base), wait)
            _tell(state)
            while foreground and state.running():
                time.sleep(0.5)
    except (PortTakenError, StateError, KeyboardInterrupt) as error:
        for _, process in started:
            process.terminate()
        for _, process in started:
            process.wait()
        if not isinstance(error, KeyboardInterrupt):
            raise click.ClickException(str(error)) from error


@sandbox.command("serve")
@click.argument("name")
@state_option
@seed_option
@scale_option
@click.option("--port", type=click.IntRange(0, 65_535), help="Port for http; default by name.")
@click.option("--tls-port", type=click.IntRange(0, 65_535), help="Port for https; none without.")
@click.option("--host", default=HOST, show_default=True, help="Address to listen on; 0.0.0.0 inside a container.")
@set_option
def serve_one(
    name: str,
    folder: Path,
    seed: int | None,
    scale: float | None,
    port: int | None,
    tls_port: int | None,
    host: str,
    settings: tuple[str, ...],
) -> None:
    """Serve one emulator in this process: what a supervisor runs."""
    state = State(folder.absolute())
    [one] = _entries((name,))
    port = one.port(PORT_BASE) if port is None else port
    try:
        with state.claim(one.name, port, tls_port):
            for wanted in (port, tls_port):
                if wanted is not None:
                    bind(wanted, host).close()
            clock = state.clock(one.name)
            emulator = one.factory()(state.directory(one.name), clock, _settings(settings))
            if not emulator.is_loaded():
                emulator.load(state.company(seed, scale))
            serve(emulator, port, tls_port, directory=state.certificates, clock=clock, host=host)
    except (PortTakenError, StateError, LookupError) as error:
        raise click.ClickException(str(error)) from error


@sandbox.command()
@click.argument("names", nargs=-1)
@state_option
def down(names: tuple[str, ...], folder: Path) -> None:
    """Stop emulators (all, or NAMES); their data stays."""
    state = State(folder.absolute())
    processes.stop(state, _running(state, names))
    _tell(state)


@sandbox.command()
@state_option
def status(folder: Path) -> None:
    """Tell which emulators are running, and where."""
    _tell(State(folder.absolute()))


@sandbox.command("access")
@state_option
@click.option("--https", is_flag=True, help="Credentials with https URLs.")
def show_access(folder: Path, https: bool) -> None:
    """Print base URLs, CA file and credentials of what is running, as JSON."""
    _print(reach.read_access(folder.absolute(), https=https))


@sandbox.command()
@click.argument("names", nargs=-1)
@state_option
@click.option("--recent", type=click.IntRange(min=0), default=0, help="Also the last so many requests.")
@click.option("--clear", is_flag=True, help="Start counting anew.")
def requests(names: tuple[str, ...], folder: Path, recent: int, clear: bool) -> None:
    """Print how many requests were made, by method and path."""
    method, path = ("DELETE", "requests") if clear else ("GET", f"requests?recent={recent}")
    _print({one.name: _control(one, method, path) for one in _running(State(folder.absolute()), names)})


@sandbox.command()
@state_option
@click.option("--ticks", type=click.IntRange(min=1), help="Stop after so many; default: go on until interrupted.")
@click.option(
    "--interval", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Seconds between ticks."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of what happens.")
def drive(folder: Path, ticks: int | None, interval: float, seed: int) -> None:
    """Keep the company alive: deals, wins, edits, shipments, invoices and payments through the vendors' APIs."""
    from crosswalk_sandbox.driver import Driver

    driver = Driver(reach.read_access(folder.absolute()), seed)
    done = 0
    while ticks is None or done < ticks:
        if done:
            time.sleep(interval)
        for event in driver.tick():
            click.echo(event)
        done += 1


@sandbox.command("proxy")
@state_option
@click.option("--port", type=click.IntRange(0, 65_535), default=PROXY_PORT, show_default=True)
def lead_hosts(folder: Path, port: int) -> None:
    """Lead clients that know the vendors' hosts only here: set HTTPS_PROXY to what this prints."""
    state = State(folder.absolute())

    def tell(opened: int) -> None:
        authority = state.certificates / "ca.pem"
        click.echo(f"HTTPS_PROXY=http://{HOST}:{opened} REQUESTS_CA_BUNDLE={authority} NO_PROXY={HOST},localhost")

    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run_proxy(route_to(state), port, tell))
    except PortTakenError as error:
        raise click.ClickException(str(error)) from error


@sandbox.group()
def fault() -> None:
    """Make requests go wrong."""


@fault.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice([str(kind) for kind in FaultKind]))
@state_option
@click.option("--path", default="", help="Regular expression searched in the path.")
@click.option("--method", help="GET, POST …; default: all.")
@click.option("--probability", type=click.FloatRange(0, 1), default=1.0, show_default=True)
@click.option("--count", type=click.IntRange(min=1), help="At most so many times.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Let so many pass first.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--status", type=click.IntRange(400, 599), default=503, show_default=True)
@click.option("--retry-after", type=click.IntRange(min=0), help="Seconds, told to the client.")
@click.option("--seconds", type=float, default=1.0, show_default=True)
@click.option("--chunked", is_flag=True, help="truncate: cut an answer that tells no length.")
@click.option("--action", help="action: the emulator's action to run.")
@click.option("--values", type=json.loads, help="action: its JSON object.")
def fault_add(name: str, kind: str, folder: Path, **rule: Any) -> None:
    """Add a fault of KIND to the emulator NAME."""
    [one] = _running(State(folder.absolute()), (name,))
    _print(_control(one, "POST", "faults", {"kind": kind, **rule}))


@fault.command("list")
@click.argument("names", nargs=-1)
@state_option
def fault_list(names: tuple[str, ...], folder: Path) -> None:
    """Print the faults in force."""
    _print({one.name: _control(one, "GET", "faults") for one in _running(State(folder.absolute()), names)})


@fault.command("clear")
@click.argument("names", nargs=-1)
@state_option
def fault_clear(names: tuple[str, ...], folder: Path) -> None:
    """Take all faults away."""
    _print({one.name: _control(one, "DELETE", "faults") for one in _running(State(folder.absolute()), names)})


@sandbox.command()
@click.argument("names", nargs=-1)
@state_option
@click.option("--set", "instant", metavar="INSTANT", help="ISO 8601 with time zone, e.g. 2026-03-29T00:30:00+00:00.")
@click.option("--frozen", is_flag=True, help="With --set: let time stand still.")
@click.option("--advance", metavar="TIME", help="e.g. 90s, 15m, 2h, 3d; -1h goes back.")
@click.option("--reset", is_flag=True, help="Back to real time.")
def clock(
    names: tuple[str, ...], folder: Path, instant: str | None, frozen: bool, advance: str | None, reset: bool
) -> None:
    """Show or turn the clocks of running emulators (all, or NAMES)."""
    wish: dict[str, Any] = {"reset": True} if reset else {}
    if instant is not None:
        wish |= {"now": _instant(instant), "frozen": frozen}
    if advance is not None:
        wish["advance_seconds"] = _duration(advance)
    method = "POST" if wish else "GET"
    told = {one.name: _control(one, method, "clock", wish or None) for one in _running(State(folder.absolute()), names)}
    _print(told)


def _entries(names: tuple[str, ...]) -> list[Entry]:
    try:
        return [entry(name) for name in names]
    except LookupError as error:
        raise click.ClickException(str(error)) from error


def _running(state: State, names: tuple[str, ...]) -> list[Running]:
    found = state.running()
    for name in names:
        if name not in {one.name for one in found}:
            raise click.ClickException(
                f"{name} is not running on the state in {state.folder}; start it with: sandbox up"
            )
    return [one for one in found if not names or one.name in names]


def _control(one: Running, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
    try:
        return reach.control(one, method, path, values)
    except ValueError as error:
        raise click.ClickException(f"{one.name}: {error}") from error


def _serve_arguments(state: State, seed: int | None, scale: float | None, settings: tuple[str, ...]) -> list[str]:
    arguments = ["--state", str(state.folder)]
    arguments += ["--seed", str(seed)] if seed is not None else []
    arguments += ["--scale", str(scale)] if scale is not None else []
    for setting in settings:
        arguments += ["--set", setting]
    return arguments


def _settings(settings: tuple[str, ...]) -> dict[str, object]:
    """KEY=VALUE pairs; values that are JSON (true, 5, [..]) count as such, all others as text."""
    read: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise click.ClickException(f"--set takes KEY=VALUE, not {setting!r}")
        try:
            read[key] = json.loads(value)
        except json.JSONDecodeError:
            read[key] = value
    return read


def _instant(text: str) -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.ClickException(f"{text!r} is no ISO 8601 instant") from error
    if instant.tzinfo is None:
        raise click.ClickException(f"{text!r} has no time zone; write e.g. {text}+00:00")
    return instant.isoformat()


def _duration(text: str) -> float:
    unit = _SECONDS.get(text[-1:])
    try:
        return float(text[:-1]) * unit if unit else float(text)
    except ValueError as error:
        raise click.ClickException(f"{text!r} is no time; write e.g. 90s, 15m, 2h or 3d") from error


def _tell(state: State) -> None:
    running = state.running()
    if not running:
        click.echo("No emulator is running.")
    for one in running:
        secure = f"  https://localhost:{one.tls_port}" if one.tls_port else ""
        click.echo(f"{one.name:<18} http://127.0.0.1:{one.port}{secure}  (process {one.pid})")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM count as Ctrl+C meanwhile."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(values: Any) -> None:
    click.echo(json.dumps(values, indent=2))
