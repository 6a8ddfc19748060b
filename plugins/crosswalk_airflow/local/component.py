"""`python -m crosswalk_airflow.local.component NAME STATE`: what supervisor starts.

Clears away what an earlier life of the component left behind, then becomes the component, so that supervisor's child is
the process itself and not a wrapper.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crosswalk_airflow.local import credentials, postgres
from crosswalk_airflow.local.airflow_environment import airflow_environment, clean
from crosswalk_airflow.local.components import POSTGRES, command_of, is_airflow
from crosswalk_airflow.local.database_urls import Databases
from crosswalk_airflow.local.layout import Layout, find_project
from crosswalk_airflow.local.postgres_home import home_of
from crosswalk_airflow.local.processes import end, working_in
from crosswalk_airflow.local.settings import Settings, load_saved


def environment_of(layout: Layout, settings: Settings) -> dict[str, str]:
    """Return the environment of an Airflow process."""
    known = credentials.load_or_create(layout.secrets)
    return clean(os.environ) | airflow_environment(layout, settings, known, Databases.load(layout.databases))


def become(name: str, state: Path) -> None:
    """Turn this process into a component. Does not return."""
    layout = Layout(find_project(), state)
    settings = load_saved(layout.settings)
    workplace = layout.workplace(name)
    workplace.mkdir(mode=0o700, parents=True, exist_ok=True)
    end(working_in(workplace), patience=3.0)
    if name == POSTGRES:
        postgres.become_server(home_of(layout), settings.postgres_port)
    os.chdir(workplace)
    environment = environment_of(layout, settings) if is_airflow(name) else clean(os.environ)
    command = command_of(name, layout, settings)
    os.execve(command[0], list(command), environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    become(sys.argv[1], Path(sys.argv[2]))
