"""A checked hub, and its pages on a port."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from crosswalk.hub.database import Hub, migrate
from crosswalk.quality.checks import checks_of
from crosswalk.quality.suite import run_suite
from tests.quality.company import FAULTS, MAPPINGS, NAME, SHIPPED, sound
from tests.quality.pages import served

_NUMBERS = count(1)
SOWN = ("two fields of one pair", "an e-mail address twice", "two cents too much", "a watermark of yesterday")


@pytest.fixture(scope="session")
def checked(postgres_dsn: str) -> Iterator[Hub]:
    """A hub with some faults, checked once as run ``r1``. Nobody changes it."""
    name = f"quality_checked_{next(_NUMBERS)}"  # who imports this fixture elsewhere gets one of its own
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    dsn = f"{postgres_dsn.rpartition('/')[0]}/{name}"
    migrate(dsn)
    hub = Hub(dsn)
    with hub.connection() as connection:
        sound(connection)
        for fault in SOWN:
            connection.execute(FAULTS[fault][0].encode())
        connection.execute("update hub.customer set name = '=HYPERLINK(\"x\")' where key = 'a2'")
    run_suite(hub, NAME, "r1", checks_of(SHIPPED, MAPPINGS))
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def pages(checked: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages' address."""
    with served(tmp_path_factory.mktemp("airflow"), checked.dsn) as url:
        yield url
