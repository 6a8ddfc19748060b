"""`crosswalk hub …`: the hub's database."""

from __future__ import annotations

import os

import click

from crosswalk.hub.database import Connection, connect, revision
from crosswalk.hub.database import migrate as migrate_hub
from crosswalk.hub.waits import wait_summary, waits
from crosswalk_airflow.local.database_urls import Databases
from crosswalk_airflow.local.settings import load

_URL = "postgresql://user:password@host:port/database; by default the local hub."


def hub_url(given: str | None) -> str:
    """Return the hub's URL: as given, as Airflow's connection says, or of the local system."""
    if given:
        return given
    if uri := os.environ.get("AIRFLOW_CONN_CROSSWALK_HUB", ""):
        return uri.replace("postgres://", "postgresql://", 1)
    layout, settings = load()
    if layout.databases.exists():
        return Databases.load(layout.databases).hub
    if settings.database_url:
        return settings.database_url
    raise click.UsageError("Name the hub with --url, or start the local system with `make up`.")


@click.group()
def hub() -> None:
    """The hub's database."""


@hub.command()
@click.option("--url", help=_URL)
def migrate(url: str | None) -> None:
    """Bring the hub's tables to this version; safe to repeat."""
    found = hub_url(url)
    migrate_hub(found)
    click.echo(f"The hub is at revision {revision(found)}.")


_WAITING = """
select distinct pairing from hub.intent where status in ('planned', 'held', 'sending', 'in_doubt', 'waiting') order by 1
"""
_REASONS = {
    "gate": "at the gate: the mass-change brake, or a run that has not come so far",
    "approval": "a person's approval (Browse, Required Actions)",
    "refused": "a changed deal: a person refused it",
    "parent": "what it depends on",
    "turn": "an earlier write of the same record",
    "doubt": "certainty about a lost answer",
    "approval_there": "an approval in the system it was sent to: a draft waits there",
    "pause": "its next try",
    "off": "the flow to be switched on",
    "unlinked": "its parent to be linked on the other side",
}


@hub.command("waits")
@click.option("--pairing", help="One pairing; by default all.")
@click.option(
    "-n", "--longest", default=20, show_default=True, help="How many single writes to show, the longest waiting first."
)
@click.option("--url", help=_URL)
def show_waits(pairing: str | None, longest: int, url: str | None) -> None:
    """Show writes that are planned and not sent: for what they wait, how many, how long."""
    with connect(hub_url(url)) as connection:
        names = [pairing] if pairing else [name for (name,) in connection.execute(_WAITING)]
        found = sum(_show(connection, name, longest) for name in names)
    if not found:
        click.echo("Nothing waits.")


def _show(connection: Connection, pairing: str, longest: int) -> int:
    """Print what waits in a pairing; return how much."""
    summary = wait_summary(connection, pairing)
    for one in summary:
        what = _REASONS.get(one.reason, one.reason)
        click.echo(
            f"{pairing}  {one.flow}: {one.intents} waiting for {what}; the oldest for {age(one.age_seconds)} ({one.oldest})"
        )
    if summary and longest:
        click.echo(f"\n{'waits for':<10} {'age':>8}  {'flow':<16} {'write':<40} behind, why")
        for wait in waits(connection, pairing, limit=longest):
            why = "  ".join(filter(None, (wait.behind, wait.message)))
            click.echo(f"{wait.reason:<10} {age(wait.age_seconds):>8}  {wait.flow:<16} {wait.key:<40} {why}".rstrip())
    return sum(one.intents for one in summary)


def age(seconds: float) -> str:
    """Return a span as people say it: ``45s``, ``12m``, ``3h05m``, ``2d4h``."""
    minutes = int(seconds) // 60
    if minutes < 1:
        return f"{max(0, int(seconds))}s"
    if minutes < 60:
        return f"{minutes}m"
    hours = minutes // 60
    return f"{hours}h{minutes % 60:02d}m" if hours < 24 else f"{hours // 24}d{hours % 24}h"
