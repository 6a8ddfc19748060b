"""A Postgres of the benchmarks' own: the embedded server with its product settings (durable commits), in a throw-away folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.ports import free_port
from crosswalk.hub.database import migrate
from crosswalk_airflow.local.database_urls import on_loopback
from crosswalk_airflow.local.databases import wait_for_server
from crosswalk_airflow.local.postgres import SUPERUSER, initialise, server_command
from crosswalk_airflow.local.postgres_home import Account, PostgresHome, server_account


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server, yield the URL of its maintenance database, stop it and drop its files."""
    place = Path(tempfile.mkdtemp(prefix="crosswalk-bench-"))
    place.chmod(0o711)  # the server's account passes through
    home, password, port = PostgresHome(place / "postgres", server_account()), secrets.token_hex(16), free_port()
    try:
        initialise(home, password)
        server = _start(home, port)
        try:
            url = on_loopback(SUPERUSER, password, port, "postgres")
            wait_for_server(url)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _start(home: PostgresHome, port: int) -> subprocess.Popen[bytes]:
    account = home.account
    identity: dict[str, Any] = (
        {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    )
    return subprocess.Popen(
        server_command(home, port),
        cwd=home.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **identity,
    )


def new_database(url: str, name: str, *, hub: bool = False, template: str | None = None) -> str:
    """Create a database, empty or as a copy of ``template``, with the hub's tables if asked; return its URL."""
    copied = f' template "{template}"' if template else ""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"{copied}'.encode())
    created = urlsplit(url)._replace(path=f"/{name}").geturl()
    if hub:
        migrate(created)
    return created


def version() -> str:
    """Return the server's version, as ``18.6``."""
    binaries = PostgresHome(Path(), Account(os.geteuid(), os.getegid())).binaries()
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[-1]


def settled(url: str) -> None:
    """Write out what is dirty, so that one contender does not pay for another."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("checkpoint")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
