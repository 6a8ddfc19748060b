"""`crosswalk hub …`: the hub's database."""

from __future__ import annotations

import os

import click

from crosswalk.hub.database import migrate as migrate_hub
from crosswalk.hub.database import revision
from crosswalk_airflow.local.database_urls import Databases
from crosswalk_airflow.local.settings import load


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
@click.option("--url", help="postgresql://user:password@host:port/database; by default the local hub.")
def migrate(url: str | None) -> None:
    """Bring the hub's tables to this version; safe to repeat."""
    found = hub_url(url)
    migrate_hub(found)
    click.echo(f"The hub is at revision {revision(found)}.")
