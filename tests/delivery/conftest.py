"""One hub for all schedules: each clears what the one before left."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from crosswalk.hub.database import Hub
from tests.delivery.rounds import seed


@pytest.fixture(scope="session")
def shared_hub(postgres_dsn: str, migrated_template: str) -> Iterator[Hub]:
    """A hub with the two deals, landed once."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"create database hub_of_schedules template {migrated_template}".encode())
    hub = Hub(f"{postgres_dsn.rpartition('/')[0]}/hub_of_schedules")
    seed(hub)
    yield hub
    hub.close()
