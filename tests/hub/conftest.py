"""A real Postgres for the session; for each test a transaction of its own, or a database cloned from a migrated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from crosswalk.hub.database import Connection, Hub, migrate
from tests.postgres import running_postgres

_numbers = count(1)


def of_database(dsn: str, name: str) -> str:
    """Return the DSN of another database on the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The DSN of the server's empty database."""
    with running_postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[[], str]:
    """Makes a migrated database and returns its DSN."""
    migrate(server)

    def make() -> str:
        name = f"hub_{next(_numbers)}"
        with psycopg.connect(of_database(server, "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name} template hub".encode())
        return of_database(server, name)

    return make


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    """The DSN of a migrated, empty hub of this test's own."""
    return new_database()


@pytest.fixture
def hub(dsn: str) -> Iterator[Hub]:
    """A migrated, empty hub of this test's own."""
    hub = Hub(dsn, patience=20)
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def shared_hub(new_database: Callable[[], str]) -> Iterator[Hub]:
    """A migrated hub in which nothing is ever committed."""
    hub = Hub(new_database())
    yield hub
    hub.close()


@pytest.fixture
def connection(shared_hub: Hub) -> Iterator[Connection]:
    """One transaction on an empty hub, thrown away when the test is over."""
    with rolled_back(shared_hub) as connection:
        yield connection


class _ThrowAwayError(Exception):
    """Ends a transaction without a commit."""


@contextmanager
def rolled_back(hub: Hub) -> Iterator[Connection]:
    """Lend a connection whose work is thrown away at the end of the block."""
    with suppress(_ThrowAwayError), hub.connection() as connection:
        yield connection
        raise _ThrowAwayError
