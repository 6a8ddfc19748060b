from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import running_postgres


@pytest.fixture(scope="session")
def quota_dsn() -> Iterator[str]:
    """A database with the one table the quota needs, as the hub's migration makes it."""
    with running_postgres() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "create table quota_usage"
                " (system text, bucket timestamptz, calls bigint not null, primary key (system, bucket))"
            )
        yield dsn
