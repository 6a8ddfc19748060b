"""What tests of several rooms share: one Postgres server, a fresh migrated hub for each test that asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from crosswalk.hub.database import Hub, migrate
from tests.postgres import running_postgres

_NUMBERS = itertools.count(1)

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how fast a machine is proves nothing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those tests last that take the running system down."""
    items.sort(key=lambda item: item.path.name == "test_local_make_up.py")


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A Postgres of this session's own, with an empty database ``hub``."""
    with running_postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated_template(postgres_dsn: str) -> str:
    """The name of a migrated database to copy."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("create database hub_template")
    migrate(_in_database(postgres_dsn, "hub_template"))
    return "hub_template"


@pytest.fixture(scope="session")
def new_hub(postgres_dsn: str, migrated_template: str) -> Callable[[], str]:
    """Makes a migrated hub database, which lives as long as the session, and returns its DSN."""

    def make() -> str:
        name = f"hub_{next(_NUMBERS)}"
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(f"create database {name} template {migrated_template}".encode())
        return _in_database(postgres_dsn, name)

    return make


@pytest.fixture
def hub_dsn(new_hub: Callable[[], str], postgres_dsn: str) -> Iterator[str]:
    """A fresh, migrated hub database."""
    dsn = new_hub()
    yield dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"drop database if exists {dsn.rpartition('/')[2]} with (force)".encode())


@pytest.fixture
def hub(hub_dsn: str) -> Iterator[Hub]:
    """A hub on :func:`hub_dsn`."""
    hub = Hub(hub_dsn)
    yield hub
    hub.close()


def _in_database(dsn: str, name: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{name}"
