"""`crosswalk up`, `down`, `reset`, `status`, `logs` and `airflow`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from crosswalk_airflow.local import health, system
from crosswalk_airflow.local.settings import Settings, load, load_saved
from crosswalk_airflow.local.supervision import Supervisor, require_running

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout


def _saved() -> tuple[Layout, Settings]:
    """Return the settings that the running system obeys, else the wished ones."""
    layout, wished = load()
    return layout, load_saved(layout.settings) if layout.settings.exists() else wished


@click.command()
def up() -> None:
    """Start everything and wait until it is healthy; what runs already is left alone."""
    layout, settings = load()
    click.echo("Starting Crosswalk.")
    system.up(layout, settings, click.echo)
    click.echo(_welcome(layout, settings))


def _welcome(layout: Layout, settings: Settings) -> str:
    passwords: dict[str, str] = json.loads(layout.passwords.read_text())
    lines = ["", f"Crosswalk is running: {settings.airflow_url}", ""]
    lines += [f"  {name:<8} {password}" for name, password in passwords.items()]
    lines += ["", "Look first at the DAGs tagged `crosswalk`, then at Browse > Consistency."]
    if settings.emulator_ports:
        urls = ", ".join(f"{name} {settings.emulator_url(name)}" for name in settings.emulator_ports)
        lines += [f"Sandbox: {urls}"]
    return "\n".join([*lines, "`make status`, `make logs`, `make down`; docs/operations.md says more."])


@click.command()
def down() -> None:
    """Stop what `up` started; all state stays."""
    layout, _ = load()
    click.echo(
        "Crosswalk is stopped; `make up` resumes." if system.down(layout, click.echo) else "Nothing was running."
    )


@click.command()
def reset() -> None:
    """Stop, then delete all local state: databases, sandbox, logs, passwords."""
    layout, settings = load()
    for folder in system.reset(layout, click.echo):
        click.echo(f"Deleted {folder}")
    if not settings.embedded_postgres:
        click.echo("The databases at CROSSWALK_DATABASE_URL are yours and were left alone.")
    click.echo("`make up` starts afresh.")


@click.command()
def status() -> None:
    """Show each component; exit 1 unless everything is healthy."""
    layout, settings = _saved()
    supervisor = Supervisor(layout)
    require_running(supervisor)
    ports = settings.ports()
    click.echo(f"{'component':<20} {'state':<10} {'pid':>7} {'up':>9}  port")
    for process in supervisor.states():
        uptime = f"{process.uptime_seconds // 60}m{process.uptime_seconds % 60:02d}s"
        port = str(ports.get(process.name, ""))
        click.echo(f"{process.name:<20} {process.state:<10} {process.pid or '':>7} {uptime:>9}  {port}")
    missing = health.unhealthy(settings)
    click.echo(f"\n{settings.airflow_url} is {'healthy' if not missing else 'not healthy: ' + ', '.join(missing)}")
    if missing:
        sys.exit(1)


@click.command()
@click.argument("components", nargs=-1)
@click.option("-n", "--lines", default=40, show_default=True, help="Lines of the past to show.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines arrive, until interrupted.")
def logs(components: tuple[str, ...], lines: int, follow: bool) -> None:
    """Show the log of COMPONENTS (all by default): postgres, scheduler, api-server, sandbox-driver, …"""
    layout, _ = load()
    present = sorted(path.stem for path in layout.logs.glob("*.log"))
    unknown = [name for name in components if name not in present]
    if unknown or not present:
        raise click.ClickException(
            f"There is no log of {', '.join(unknown) or 'anything'} yet. There are: {', '.join(present) or 'none'}."
        )
    files = [str(layout.log(name)) for name in components or present]
    subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def airflow(arguments: tuple[str, ...]) -> None:
    """Run Airflow's own command line on the local system, e.g. `crosswalk airflow dags list`."""
    from crosswalk_airflow.local.component import environment_of

    layout, settings = _saved()
    require_running(Supervisor(layout))
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable,
        [sys.executable, "-W", "ignore", "-m", "airflow", *arguments],
        environment_of(layout, settings),
    )
