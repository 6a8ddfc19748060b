"""The database under the hub: migrations, and connections that survive what happens to Postgres."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from crosswalk.hub import tables
from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection, Hub, connect, migrate, revision
from crosswalk.hub.intents import claim
from crosswalk.hub.landing import land
from crosswalk.hub.watermarks import read_watermark
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.errors import ConfigurationError
from tests import postgres
from tests.hub.conftest import of_database
from tests.hub.records import customer, draft, plan


def head() -> str:
    """Return the newest revision's number."""
    folder = Path(str(files("crosswalk.hub.migrations.versions")))
    return max(path.name.partition("_")[0] for path in folder.glob("0*.py"))


def differences(dsn: str, metadata: sa.MetaData) -> list[object]:
    """Return what Alembic would have to do to make the migrated database look like the metadata."""
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn, options="-c search_path=public")
    )
    options = {
        "version_table_schema": SCHEMA,
        "include_schemas": True,
        "include_name": lambda name, kind, parents: kind != "schema" or name == SCHEMA,
        "compare_type": True,
    }
    with engine.connect() as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    return found


def test_the_migrated_database_is_what_the_tables_say(dsn: str) -> None:
    assert differences(dsn, tables.metadata) == []


def test_a_forgotten_column_would_be_noticed(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("alter table hub.customer drop column phone")
        connection.execute("drop index hub.ix_intent_target")
    assert len(differences(dsn, tables.metadata)) == 2


def test_migrating_again_does_nothing_and_an_empty_database_has_no_revision(dsn: str, server: str) -> None:
    migrate(dsn)
    assert revision(dsn) == head()
    assert revision(of_database(server, "postgres")) is None


def test_many_can_migrate_at_once(server: str) -> None:
    with psycopg.connect(of_database(server, "postgres"), autocommit=True) as connection:
        connection.execute("create database together")
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(of_database(server, "together"))
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert revision(of_database(server, "together")) == head()


def test_a_migration_that_fails_leaves_nothing_behind(server: str) -> None:
    with psycopg.connect(of_database(server, "postgres"), autocommit=True) as connection:
        connection.execute("create database occupied")
    occupied = of_database(server, "occupied")
    with psycopg.connect(occupied) as connection:
        connection.execute("create schema hub")
        connection.execute("create table hub.ledger (mine text)")
    with pytest.raises(sa.exc.ProgrammingError, match="ledger"):
        migrate(occupied)
    assert revision(occupied) is None
    assert differences(occupied, sa.MetaData(schema="hub")) != []
    with psycopg.connect(occupied) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'hub'").fetchone() == (1,)


def test_a_database_that_does_not_exist_is_said_at_once_and_without_the_password(server: str) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as caught:
        connect(of_database(server, "nowhere").replace("hub:hub", "hub:tops3cret"))
    assert "tops3cret" not in f"{caught.value!r} {caught.value.hint}"
    assert "tops3cret" not in repr(Hub("postgresql://hub:tops3cret@127.0.0.1/hub"))


def test_a_server_that_does_not_answer_is_an_error_when_patience_ends() -> None:
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        connect(f"postgresql://hub@127.0.0.1:{postgres._free_port()}/hub", patience=0.3)


def test_times_are_utc_whatever_the_server_thinks(hub: Hub, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("alter role hub set timezone to 'Asia/Tokyo'")
    try:
        with hub.connection() as connection:
            row = connection.execute("select now()").fetchone()
        assert row is not None
        assert str(row[0].utcoffset()) == "0:00:00"
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("alter role hub reset timezone")


def kill_backend(dsn: str, connection: Connection) -> None:
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))


def _land(connection: Connection) -> None:
    land(connection, system="netsuite", entity=CUSTOMER, images=[customer("1")], run_id="r", watermark={"since": "1"})
    plan(connection, [draft("A")])


def _landed(hub: Hub) -> tuple[int, object, int]:
    with hub.connection() as connection:
        row = connection.execute(
            "select (select count(*) from hub.customer), (select count(*) from hub.intent)"
        ).fetchone()
        assert row is not None
        return row[0], read_watermark(connection, "netsuite", "customer"), row[1]


def test_a_backend_killed_in_mid_transaction_leaves_nothing_and_the_next_transaction_works(hub: Hub, dsn: str) -> None:
    with pytest.raises(psycopg.OperationalError), hub.connection() as connection:  # noqa: PT012 - it raises on leaving, too
        _land(connection)
        kill_backend(dsn, connection)
        read_watermark(connection, "netsuite", "customer")
    assert _landed(hub) == (0, None, 0)
    with hub.connection() as connection:
        _land(connection)
    assert _landed(hub) == (1, {"since": "1"}, 1)


def test_a_claim_whose_backend_was_killed_is_open_to_others_at_once(hub: Hub, dsn: str) -> None:
    with hub.connection() as connection:
        plan(connection, [draft("A")])
    with pytest.raises(psycopg.OperationalError), hub.connection() as connection:  # noqa: PT012 - it raises on leaving, too
        assert claim(connection, pairing="demo", flow="orders", limit=1, lease_seconds=60)
        kill_backend(dsn, connection)
        connection.execute("select 1")
    with hub.connection() as connection:
        assert [
            intent.key for intent in claim(connection, pairing="demo", flow="orders", limit=1, lease_seconds=60)
        ] == ["A"]


@contextmanager
def restarted(dsn: str) -> Iterator[None]:
    """Restart the server on the same data and port, cutting every connection; stop it at the end."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    data = Path(row[0])
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
    successor = None
    port = urlsplit(dsn).port
    assert port is not None
    try:
        while (data / "postmaster.pid").exists():
            os.sched_yield()  # until it is down
        successor = postgres._start(data, port)
        yield
    finally:
        if successor is not None:
            successor.send_signal(signal.SIGQUIT)
            successor.wait(timeout=30)


@pytest.mark.timeout(120)
def test_an_open_pool_survives_a_restart_of_postgres() -> None:
    with postgres.running_postgres() as dsn:
        migrate(dsn)
        hub = Hub(dsn, patience=30)
        with hub.connection() as first, hub.connection() as second:
            _land(first)
            second.execute("select 1")
        with restarted(dsn):
            assert _landed(hub) == (1, {"since": "1"}, 1)
            with hub.connection() as first, hub.connection() as second:
                assert first.execute("select 1").fetchone() == second.execute("select 1").fetchone()
            hub.close()


def test_the_pool_lends_no_connection_twice_and_takes_them_back(hub: Hub) -> None:
    with hub.connection() as one, hub.connection() as two:
        assert one.info.backend_pid != two.info.backend_pid
        busy = {one.info.backend_pid, two.info.backend_pid}
    for _ in range(5):
        with hub.connection() as again:
            assert again.info.backend_pid in busy


def test_a_forked_child_gets_connections_of_its_own(hub: Hub) -> None:
    with hub.connection() as connection:
        parent = connection.info.backend_pid
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with hub.connection() as connection:
                os.write(writing, str(connection.info.backend_pid).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert int(said.read()) != parent
    with hub.connection() as connection:
        assert connection.info.backend_pid == parent
