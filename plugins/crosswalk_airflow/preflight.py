"""`crosswalk preflight`: what is missing before going live, on the terminal, by the connections that Airflow holds."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.pairing import Pairing, load_pairings
from crosswalk_airflow.local.layout import find_project

if TYPE_CHECKING:
    from crosswalk.stages.context import StageContext

_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@click.command()
@click.argument("names", metavar="[PAIRING]…", nargs=-1)
@click.option("--read-only", is_flag=True, help="Look only at what reading (phase 1) needs.")
def preflight(names: tuple[str, ...], read_only: bool) -> None:
    """Look for what the systems and the PAIRING lack (all pairings by default), with the remedies.

    Uses Airflow's connections: those of the local system when it was started here, else those this environment's Airflow knows.
    Reads only. Exit status 1 when something blocking is missing.
    """
    from crosswalk.stages.preflight import preflight as look
    from crosswalk.stages.preflight import table

    include = find_project() / "include"
    chosen = _chosen(names, include)
    enter_airflow()
    blocking = 0
    for pairing in chosen:
        with redirect_stdout(sys.stderr):  # Airflow's own log lines: standard output holds the table alone
            result = look(_surroundings(pairing, include, read_only=read_only))
        blocking += result.blocking
        click.echo(table(pairing, result.findings))
    if blocking:
        raise SystemExit(1)


def _chosen(names: tuple[str, ...], include: Path) -> list[Pairing]:
    known = {pairing.name: pairing for pairing in load_pairings(include / "pairings")}
    for name in names:
        if name not in known:
            raise click.UsageError(f"There is no pairing {name!r}; there are: {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def enter_airflow() -> None:
    """Make this process see Airflow's connections; must come before Airflow is imported."""
    if _DATABASE not in os.environ:
        from crosswalk_airflow.local.component import environment_of
        from crosswalk_airflow.local.settings import load, load_saved

        layout, _ = load()
        if layout.settings.exists() and layout.databases.exists():
            os.environ.update(environment_of(layout, load_saved(layout.settings)))
    os.environ.setdefault(
        "_AIRFLOW_PROCESS_CONTEXT", "server"
    )  # without it, connections in Airflow's database are not looked at


def _surroundings(pairing: Pairing, include: Path, *, read_only: bool) -> StageContext:
    from crosswalk.stages.context import StageContext
    from crosswalk_airflow.hooks.hub import HubHook
    from crosswalk_airflow.operators.stage import open_connector

    hub, now = HubHook(pairing.hub_connection), datetime.now(UTC)
    return StageContext(
        hub=hub.get_conn(),
        pairing=pairing,
        run_id=f"preflight/{now.isoformat()}",
        open_connector=lambda side: open_connector(pairing, side, hub.dsn, read_only=read_only),
        mappings_folder=include / "mappings",
        now=now,
        actor="command line",
    )
