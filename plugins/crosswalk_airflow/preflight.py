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
    from crosswalk.stages.preflight import PreflightResult

_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@click.command()
@click.argument("names", metavar="[PAIRING]…", nargs=-1)
@click.option("--read-only", is_flag=True, help="Look only at what reading (phase 1) needs.")
@click.option("--create", is_flag=True, help="List what can be created of what is missing, ask, and create it.")
@click.option("--yes", is_flag=True, help="With --create: do not ask.")
def preflight(names: tuple[str, ...], read_only: bool, create: bool, yes: bool) -> None:
    """Look for what the systems and the PAIRING lack (all pairings by default), with the remedies.

    Uses Airflow's connections: those of the local system when it was started here, else those this environment's Airflow knows.
    Writes nothing without --create. Exit status 1 when something blocking is missing, in the end.
    """
    if create and read_only:
        raise click.UsageError("--create writes; leave --read-only out.")
    include = find_project() / "include"
    chosen = _chosen(names, include)
    enter_airflow()
    blocking = 0
    for pairing in chosen:
        with redirect_stdout(sys.stderr):  # Airflow's own log lines: standard output holds tables and lists alone
            surroundings = _surroundings(pairing, include, read_only=read_only)
        result = _look(surroundings)
        if create and result.findings and _create(surroundings, result, ask=not yes):
            result = _look(surroundings)
        blocking += result.blocking
    if blocking:
        raise SystemExit(1)


def _look(surroundings: StageContext) -> PreflightResult:
    """Look, and print the table."""
    from crosswalk.stages.preflight import preflight as look
    from crosswalk.stages.preflight import table

    with redirect_stdout(sys.stderr):
        result = look(surroundings)
    click.echo(table(surroundings.pairing, result.findings))
    return result


def _create(surroundings: StageContext, found: PreflightResult, *, ask: bool) -> bool:
    """List what can be created, and create it when that is agreed to; says whether something may have changed."""
    from crosswalk.stages.creation import create, listing, propose, report

    with redirect_stdout(sys.stderr):
        proposals = propose(surroundings, found)
    click.echo(f"\n{listing(proposals)}")
    if not any(proposal.creations for proposal in proposals):
        return False
    if ask and not click.confirm("Create this?", err=True):
        click.echo("Nothing was created.")
        return False
    with redirect_stdout(sys.stderr):
        made = create(surroundings, found)
    click.echo(f"\n{report(made)}\n")
    return True


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
