"""The files that other tools read: Astro, Docker, pip. They say the same as pyproject.toml and the local runtime."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from crosswalk.pairing import load_pairings
from crosswalk.platforms import platforms
from crosswalk_airflow.local import credentials
from crosswalk_airflow.local.airflow_environment import airflow_environment
from crosswalk_airflow.local.database_urls import Databases
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.provisioning import pools
from crosswalk_airflow.local.settings import Settings
from tests.local.installation import PROJECT

SECRETS = (
    "CROSSWALK_FERNET_KEY",
    "CROSSWALK_API_SECRET_KEY",
    "CROSSWALK_JWT_SECRET",
    "CROSSWALK_POSTGRES_PASSWORD",
    "CROSSWALK_AIRFLOW_DATABASE_PASSWORD",
    "CROSSWALK_HUB_DATABASE_PASSWORD",
    "CROSSWALK_REDIS_PASSWORD",
)


def _lines(name: str) -> list[str]:
    text = (PROJECT / name).read_text()
    return [line.split(" #", 1)[0].strip() for line in text.splitlines() if line.strip() and line[0] not in "#"]


def _dependencies() -> list[str]:
    found: list[str] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    return found


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
    return found


def test_requirements_are_the_direct_dependencies_and_nothing_else() -> None:
    assert sorted(_lines("requirements.txt")) == sorted(_dependencies())


def test_the_packages_that_users_look_for_are_named() -> None:
    names = {re.split(r"[\[=<>~ ]", line, maxsplit=1)[0].lower() for line in _lines("requirements.txt")}
    assert names >= {
        *("apache-airflow", "simple-salesforce", "hubspot-api-client", "requests", "pandas", "sqlalchemy"),
        "great-expectations",
    }


def test_the_lock_holds_every_dependency_at_the_version_that_is_asked_for() -> None:
    locked = dict(line.split(" ;")[0].split("==") for line in _lines("constraints.txt"))
    for wish in _dependencies():
        name, _, version = wish.partition("==")
        assert locked[name.split("[")[0].lower()] == version


def test_the_astro_image_is_pinned_and_installs_the_package_itself() -> None:
    image, *_, install = _lines("Dockerfile")
    assert re.fullmatch(r"FROM \S+/runtime:3\.3-\d+", image)
    assert install == "RUN pip install --no-deps --no-cache-dir ."


def test_astro_gets_a_postgres_of_this_decade_and_no_exceptions() -> None:
    assert yaml.safe_load((PROJECT / ".astro/config.yaml").read_text())["postgres"]["tag"] == "17"
    assert _lines(".astro/dag_integrity_exceptions.txt") == []


def test_the_example_settings_have_the_pools_of_the_local_runtime() -> None:
    example = yaml.safe_load((PROJECT / "airflow_settings.example.yaml").read_text())["airflow"]
    assert {pool["pool_name"]: pool["pool_slot"] for pool in example["pools"]} == {
        pool["name"]: pool["slots"] for pool in pools(load_pairings(PROJECT / "include" / "pairings"))
    }


def test_what_is_secret_or_local_stays_out_of_the_image() -> None:
    ignored = set(_lines(".dockerignore"))
    assert ignored >= {".env", ".git", ".venv", ".crosswalk", "airflow_settings.yaml"}


def test_compose_has_every_part_of_a_celery_deployment_and_waits_for_the_migration() -> None:
    services = _compose()["services"]
    airflow = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(services) >= airflow | {"postgres", "redis", "migrate"}
    for name in airflow:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    for name, service in services.items():
        one_off = service.get("restart") == "no"
        assert one_off or "healthcheck" in service, f"{name} has no health check"


def test_a_tasks_first_call_has_the_same_patience_wherever_it_runs(state: Path) -> None:
    name = "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT"
    databases = Databases(airflow="postgresql://a", hub="postgresql://h")
    made = credentials.load_or_create(state.parent / "secrets.json")
    local = airflow_environment(Layout(PROJECT, state), Settings(), made, databases)[name]
    services = _compose()["services"]
    assert services["worker"]["environment"][name] == services["scheduler"]["environment"][name] == local
    assert f"ENV {name}={local}" in _lines("Dockerfile")


def test_compose_starts_emulators_only_when_asked_and_opens_nothing_but_airflow() -> None:
    services = _compose()["services"]
    assert {name for name, service in services.items() if service.get("profiles") == ["sandbox"]} == {
        *(f"sandbox-{name.replace('_', '-')}" for name in platforms()),
        "sandbox-connections",
    }
    assert {name for name, service in services.items() if "ports" in service} == {"api-server"}
    assert services["api-server"]["ports"][0].startswith("127.0.0.1:")


def test_compose_names_no_secret_and_stops_with_a_sentence_where_one_is_missing() -> None:
    text = (PROJECT / "docker-compose.yaml").read_text()
    for name in SECRETS:
        assert f"${{{name}:?put {name}" in text
    assert re.findall(r"PASSWORD: (?!\$\{)\S+", text) == []


@pytest.fixture
def compose() -> list[str]:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    return [docker, "compose", "--project-directory", str(PROJECT), "--env-file", os.devnull, "--profile", "sandbox"]


def test_docker_accepts_the_compose_file_with_secrets_and_refuses_it_without(compose: list[str]) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWALK_")}
    without = subprocess.run([*compose, "config"], env=bare, capture_output=True, text=True, check=False)
    assert without.returncode != 0
    assert "docs/operations.md" in without.stderr
    filled = bare | dict.fromkeys(SECRETS, "x")
    done = subprocess.run([*compose, "config", "--quiet"], env=filled, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_keeps_out_of_airflows_plugin_scan() -> None:
    assert "crosswalk_airflow/" in _lines("plugins/.airflowignore")
    assert not list(Path(PROJECT / "plugins").glob("*.py"))
