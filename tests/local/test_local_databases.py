"""A Postgres of the user's own: used within its rights, and never mixed up with what else lives there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local import credentials
from crosswalk_airflow.local.database_urls import Databases, embedded, name_in, with_database
from crosswalk_airflow.local.databases import prepare, wait_for_server
from crosswalk_airflow.local.settings import Settings
from tests.local.installation import free_port
from tests.postgres import running_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_postgres() as dsn:
        yield dsn


@pytest.fixture
def known(tmp_path: Path) -> credentials.Credentials:
    return credentials.load_or_create(tmp_path / "secrets.json")


def test_the_named_database_becomes_the_hub_and_airflow_gets_one_beside_it(
    server: str, known: credentials.Credentials
) -> None:
    url = with_database(server, "acme")
    found = prepare(Settings(database_url=url), known)
    assert (name_in(found.hub), name_in(found.airflow)) == ("acme", "acme_airflow")
    for database in (found.hub, found.airflow):
        psycopg.connect(database).close()
    assert prepare(Settings(database_url=url), known) == found


def test_a_role_that_may_not_create_databases_gets_along_with_the_one_it_has(
    server: str, known: credentials.Credentials
) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create role modest login nocreatedb")
        connection.execute("create database modest_place owner modest")
    url = with_database(server, "modest_place").replace("//hub:hub@", "//modest@")
    found = prepare(Settings(database_url=url), known)
    assert found.airflow == found.hub == url


def test_a_server_that_is_not_there_is_told_with_host_and_port_and_no_password() -> None:
    port = free_port()
    with pytest.raises(ConfigurationError) as refusal:
        wait_for_server(f"postgresql://me:hunter2@127.0.0.1:{port}/crosswalk", patience=0.3)
    assert f"127.0.0.1:{port}" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_airflow_gets_its_driver_whichever_way_the_url_is_spelled(known: credentials.Credentials) -> None:
    for scheme in ("postgres", "postgresql"):
        url = f"{scheme}://me:p%40ss@db:5433/acme"
        assert Databases(url, url).airflow_sqlalchemy == "postgresql+psycopg2://me:p%40ss@db:5433/acme"
    assert "postgresql" not in repr(embedded(5432, known))


def test_secrets_are_made_once_and_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = credentials.load_or_create(path)
    assert credentials.load_or_create(path) == first
    assert len(first.jwt_secret.encode()) >= 64
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    with pytest.raises(ConfigurationError, match="damaged"):
        credentials.load_or_create(path)
    assert path.read_text() == "{"


def test_passwords_that_a_user_chose_stay(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text('{"admin": "chosen"}')
    passwords = credentials.load_or_create_passwords(path)
    assert passwords["admin"] == "chosen"
    assert set(passwords) == {"admin", "op", "user", "viewer"}
    assert credentials.load_or_create_passwords(path) == passwords
