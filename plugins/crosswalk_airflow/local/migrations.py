"""Bring both databases to the installed versions; cheap when there is nothing to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import psycopg

from crosswalk.hub.database import migrate as migrate_hub
from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.component import environment_of
from crosswalk_airflow.local.settings import Settings, write_private

if TYPE_CHECKING:
    from crosswalk_airflow.local.database_urls import Databases
    from crosswalk_airflow.local.layout import Layout


def migrate(layout: Layout, settings: Settings, databases: Databases) -> bool:
    """Migrate Airflow's database and the hub; return whether Airflow's had to be touched."""
    migrate_hub(databases.hub)
    installed = {"airflow": version("apache-airflow-core"), "revision": _revision(databases.airflow)}
    if installed["revision"] and _last(layout) == installed:
        return False
    _migrate_airflow(layout, settings)
    write_private(layout.migrated, json.dumps(installed | {"revision": _revision(databases.airflow)}))
    return True


def _last(layout: Layout) -> object:
    return json.loads(layout.migrated.read_text()) if layout.migrated.exists() else None


def _revision(url: str) -> str | None:
    """Return the revision Airflow's database is at, None when it is empty."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("select version_num from alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(row[0]) if row else None


def _migrate_airflow(layout: Layout, settings: Settings) -> None:
    log = layout.log("migrate")
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            cwd=layout.state / "run",
            env=environment_of(layout, settings) | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise ConfigurationError(
            f"Airflow could not migrate its database:\n{last_lines}",
            hint=f"All of it is in {os.path.relpath(log, layout.project)}.",
        )
