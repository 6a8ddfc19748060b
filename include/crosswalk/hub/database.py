"""The hub database: connections, migrations.

>>> hub = Hub("postgresql://hub:secret@localhost:5432/hub")
>>> with hub.connection() as connection:      # one transaction
...     connection.execute("select 1")
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Connection as AlchemyConnection
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random_exponential

from crosswalk.hub.columns import SCHEMA
from crosswalk.model.errors import ConfigurationError

Connection = psycopg.Connection[TupleRow]

PATIENCE = 60.0
"""Seconds for which a Postgres that does not answer is asked again; a restart takes one or two."""

_MIGRATION_LOCK = 0x4875624D
_HOPELESS = (
    "authentication failed",
    "does not exist",
    "no password supplied",
    "no pg_hba.conf entry",
    "invalid connection option",
)


def _may_come_back(error: BaseException) -> bool:
    return isinstance(error, psycopg.OperationalError) and not any(sign in str(error) for sign in _HOPELESS)


def connect(dsn: str, *, patience: float = PATIENCE) -> Connection:
    """Open one connection to the hub, waiting up to ``patience`` seconds for a server that is starting.

    Raises ConfigurationError when waiting is of no use (wrong password, no such database) or was in vain.
    """
    opening = retry(
        retry=retry_if_exception(_may_come_back),
        wait=wait_random_exponential(multiplier=0.05, max=2.0),
        stop=stop_after_delay(patience),
        reraise=True,
    )(_open)
    try:
        return opening(dsn)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ConfigurationError(
            f"The hub database cannot be reached: {reason}",
            hint="Check host, port, user, password and database of the hub's connection, and that Postgres runs.",
        ) from None


def _open(dsn: str) -> Connection:
    connection = psycopg.connect(dsn, application_name="crosswalk hub", autocommit=True)
    connection.execute(f"set search_path to {SCHEMA}, public")
    connection.execute("set timezone to 'UTC'")
    connection.autocommit = False
    return connection


class Hub:
    """A small pool of connections to one hub database; safe to share between threads, and across a fork.

    A connection that died in the pool (Postgres was restarted) is replaced before it is lent out. A connection that dies inside
    a transaction raises ``psycopg.OperationalError``: nothing of that transaction happened, and the caller may run it again.
    """

    def __init__(self, dsn: str, *, size: int = 5, patience: float = PATIENCE) -> None:
        self.dsn = dsn
        self._size = size
        self._patience = patience
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._pool = self._new_pool()

    def __repr__(self) -> str:
        return "Hub(…)"  # the DSN holds a password

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection for one transaction: committed when the block ends, rolled back when it raises."""
        lent = self._own_pool().connect()
        try:
            connection: Any = lent.driver_connection
            with connection.transaction():
                yield connection
        finally:
            lent.close()

    def close(self) -> None:
        """Close the idle connections; those lent out close when they come back."""
        self._pool.dispose()
        self._pool = self._new_pool()

    def _new_pool(self) -> QueuePool:
        pool = QueuePool(
            self._opener(),
            pool_size=self._size,
            max_overflow=3 * self._size,
            timeout=self._patience,
            reset_on_return=None,
        )
        event.listen(pool, "checkout", _replace_the_dead)
        return pool

    def _opener(self) -> Callable[[], Any]:
        return lambda: connect(self.dsn, patience=self._patience)

    def _own_pool(self) -> QueuePool:
        """Return this process's pool: a forked child must never speak on its parent's sockets."""
        with self._lock:
            if self._owner != os.getpid():
                self._pool, self._owner = self._new_pool(), os.getpid()
            return self._pool


def _replace_the_dead(connection: Connection, record: object, lent: object) -> None:
    try:
        connection.execute("select 1")
        connection.rollback()
    except psycopg.Error as error:
        gone = DisconnectionError(str(error))
        gone.invalidate_pool = True  # the others died with it
        raise gone from error


def migrate(dsn: str) -> None:
    """Bring the hub's schema to the newest revision; safe to call from many processes at once.

    All of it is one transaction under an advisory lock: a migration that fails leaves the hub as it was.
    """
    from alembic import command  # here: every task imports this module, and none of them migrates
    from alembic.config import Config

    with _alchemy(dsn) as connection, connection.begin():
        connection.execute(text(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        config = Config()
        config.set_main_option("script_location", "crosswalk.hub:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(dsn: str) -> str | None:
    """Return the revision the hub's schema is at; None when it was never migrated."""
    from alembic.runtime.migration import MigrationContext

    with _alchemy(dsn) as connection:
        return MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA}).get_current_revision()


@contextmanager
def _alchemy(dsn: str) -> Iterator[AlchemyConnection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: _without_search_path(dsn), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _without_search_path(dsn: str) -> Connection:
    """Return a connection on which Alembic sees the hub as a named schema, not as the default one."""
    connection = connect(dsn)
    connection.execute("set search_path to public")
    connection.commit()
    return connection
