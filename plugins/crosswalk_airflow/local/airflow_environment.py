"""The environment every Airflow process of the local runtime gets: all of Airflow's settings are here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crosswalk_airflow.local.credentials import USERS, Credentials

if TYPE_CHECKING:
    from crosswalk_airflow.local.database_urls import Databases
    from crosswalk_airflow.local.layout import Layout
    from crosswalk_airflow.local.settings import Settings

_DROPPED = ("AIRFLOW", "_AIRFLOW", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "SUPERVISOR_")


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without what would mislead Airflow or slow Python down."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_DROPPED)}
    loopback = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):  # a proxy cannot reach our own ports
        kept[name] = ",".join(part for part in (kept.get(name), loopback) if part)
    kept["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH", os.defpath)])
    kept["GX_ANALYTICS_ENABLED"] = "false"
    if sys.platform == "darwin":
        kept |= {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "NO_PROXY": "*"}
    return kept


def airflow_environment(
    layout: Layout, settings: Settings, credentials: Credentials, databases: Databases
) -> dict[str, str]:
    """Return the variables that configure Airflow; lines `AIRFLOW__…` in `.env` win."""
    sections = {
        "core": _core(layout, settings, credentials),
        "database": {"sql_alchemy_conn": databases.airflow_sqlalchemy, "load_default_connections": "False"},
        "api": _api(settings, credentials),
        "api_auth": {"jwt_secret": credentials.jwt_secret},
        "logging": {"base_log_folder": str(layout.airflow_home / "logs")},
        "dag_processor": {"refresh_interval": "10", "dag_version_inflation_check_level": "warning"},
        "scheduler": _scheduler(settings),
        "workers": {"execution_api_timeout": "30"},  # on a busy machine a task's first call may take longer than 5 s
        "usage_data_collection": {"enabled": "False"},
    }
    named = {
        f"AIRFLOW__{section.upper()}__{option.upper()}": value
        for section, options in sections.items()
        for option, value in options.items()
    }
    return named | {"AIRFLOW_HOME": str(layout.airflow_home)} | dict(settings.airflow_overrides)


def _core(layout: Layout, settings: Settings, credentials: Credentials) -> dict[str, str]:
    return {
        "executor": "LocalExecutor",
        "parallelism": str(settings.parallelism),  # LocalExecutor forks that many children at once
        "dags_folder": str(layout.project / "dags"),
        "plugins_folder": str(layout.project / "plugins"),
        "load_examples": "False",
        "fernet_key": credentials.fernet_key,
        "test_connection": "Enabled",
        "rerun_with_latest_version": "True",  # who clears a task wants the repaired code
        "execution_api_server_url": f"{settings.airflow_url}/execution/",
        "simple_auth_manager_users": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "simple_auth_manager_all_admins": "False",
        "simple_auth_manager_passwords_file": str(layout.passwords),
    }


def _api(settings: Settings, credentials: Credentials) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(settings.airflow_port),
        "base_url": settings.airflow_url,
        "workers": "1",
        "secret_key": credentials.api_secret_key,
        "instance_name": "Crosswalk",
    }


def _scheduler(settings: Settings) -> dict[str, str]:
    return {
        "task_queued_timeout": "120",  # a task lost between scheduler and executor in a crash starts again after this
        "enable_health_check": "True",
        "scheduler_health_check_server_host": "127.0.0.1",
        "scheduler_health_check_server_port": str(settings.scheduler_health_port),
    }
