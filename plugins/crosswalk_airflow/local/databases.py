"""The two databases: Airflow's own and the hub, on the embedded server or on one of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from tenacity import RetryError, retry, retry_if_exception, stop_after_delay, wait_fixed

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.database_urls import (
    AIRFLOW,
    HUB,
    Databases,
    embedded,
    name_in,
    on_loopback,
    with_database,
)
from crosswalk_airflow.local.postgres import SUPERUSER

if TYPE_CHECKING:
    from crosswalk_airflow.local.credentials import Credentials
    from crosswalk_airflow.local.settings import Settings


def wait_for_server(url: str, patience: float = 60.0) -> None:
    """Wait until the server takes connections; ConfigurationError when it refuses for good or does not come."""

    def worth_waiting(error: BaseException) -> bool:
        text = str(error)
        return isinstance(error, psycopg.OperationalError) and "authentication failed" not in text

    @retry(retry=retry_if_exception(worth_waiting), wait=wait_fixed(0.1), stop=stop_after_delay(patience))
    def connect() -> None:
        psycopg.connect(url, connect_timeout=5).close()

    try:
        connect()
    except RetryError as error:
        cause = error.last_attempt.exception()
        raise ConfigurationError(_unreachable(url, cause), hint="See `crosswalk logs postgres`.") from cause
    except psycopg.Error as error:
        raise ConfigurationError(_unreachable(url, error), hint=_REFUSED_HINT) from error


_REFUSED_HINT = "Correct CROSSWALK_DATABASE_URL in .env; for the embedded server restore .crosswalk/secrets.json."


def _unreachable(url: str, error: BaseException | None) -> str:
    parts = urlsplit(url)
    reason = str(error).strip().splitlines()[-1] if error and str(error).strip() else "no answer"
    return f"Postgres at {parts.hostname}:{parts.port or 5432} cannot be used: {reason}."


def prepare(settings: Settings, credentials: Credentials) -> Databases:
    """Wait for the server, create what is missing, return the URLs."""
    if settings.database_url is None:
        return _prepare_embedded(settings.postgres_port, credentials)
    return _prepare_external(settings.database_url)


def _prepare_embedded(port: int, credentials: Credentials) -> Databases:
    url = on_loopback(SUPERUSER, credentials.postgres_password, port, "postgres")
    wait_for_server(url)
    with psycopg.connect(url, autocommit=True) as connection:
        _own_database(connection, AIRFLOW, credentials.airflow_database_password)
        _own_database(connection, HUB, credentials.hub_database_password)
    return embedded(port, credentials)


def _own_database(connection: psycopg.Connection, name: str, password: str) -> None:
    """Create a role and a database of the same name; each role sees only its own database."""
    if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
        create = sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(password))
        connection.execute(create)
    if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        connection.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("revoke connect on database {} from public").format(sql.Identifier(name)))


def _prepare_external(url: str) -> Databases:
    """Use the named database for the hub and `<name>_airflow` for Airflow, or the named one for both if need be.

    Names of our own, because a shared server may well have an `airflow` database that is somebody else's.
    """
    name = name_in(url)
    _create_if_allowed(url, name, maintenance="postgres")
    wait_for_server(url, patience=15.0)
    own = f"{name}_airflow"
    return Databases(airflow=with_database(url, own) if _create_if_allowed(url, own, name) else url, hub=url)


def _create_if_allowed(url: str, name: str, maintenance: str) -> bool:
    """Create a database unless it is there; say whether it is there now."""
    try:
        with psycopg.connect(with_database(url, maintenance), autocommit=True, connect_timeout=5) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return True
    except psycopg.Error:
        return False
