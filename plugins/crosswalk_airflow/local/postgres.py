"""The embedded Postgres server: create, run, repair. Loopback only, scram passwords, no Unix socket."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.processes import end, is_alive, working_in
from crosswalk_airflow.local.settings import write_private

if TYPE_CHECKING:
    from crosswalk_airflow.local.postgres_home import PostgresHome

SUPERUSER = "postgres"

_SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_completion_target": "0.9",
    "jit": "off",
    "shared_preload_libraries": "pg_stat_statements",
    "log_line_prefix": "%m [%p] %d ",
}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only its size is asked
_ENOUGH_SHARED_MEMORY = 512 * 2**20


def initialise(home: PostgresHome, password: str) -> bool:
    """Create the cluster unless it is there; return whether it was created. A half-made one is made anew."""
    home.prepare()
    if (home.data / "PG_VERSION").exists():
        _require_same_major(home)
        return False
    end(working_in(home.folder), patience=2.0)  # an initdb whose caller was killed
    draft, password_file = home.folder / "data.new", home.folder / "password"
    shutil.rmtree(draft, ignore_errors=True)
    write_private(password_file, password)
    os.chown(password_file, home.account.uid, home.account.gid)
    try:
        _run(home, ["initdb", "-D", str(draft), "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", str(password_file),
                    "-E", "UTF8", "--locale=C", *_collation(home), "--no-instructions", "--no-sync"])  # fmt: skip
    finally:
        password_file.unlink()
    draft.rename(home.data)
    return True


def _run(home: PostgresHome, command: list[str]) -> str:
    """Run one of the server's programs as its account and return what it prints."""
    account = home.account
    identity: dict[str, Any] = (
        {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    )
    program = [str(home.binaries() / command[0]), *command[1:]]
    done = subprocess.run(program, cwd=home.folder, capture_output=True, text=True, check=False, **identity)
    if done.returncode != 0:
        raise ConfigurationError(
            f"{command[0]} failed: {(done.stderr or done.stdout).strip()}",
            hint="If this platform is not supported, set CROSSWALK_DATABASE_URL to a Postgres of your own.",
        )
    return str(done.stdout)


def _major(home: PostgresHome) -> int:
    found = re.search(r"(\d+)", _run(home, ["postgres", "--version"]).removeprefix("postgres (PostgreSQL)"))
    return int(found.group(1)) if found else 0


def _collation(home: PostgresHome) -> list[str]:
    """Sort by code point everywhere alike; Postgres 17 knows it as a provider of its own."""
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if _major(home) >= 17 else []


def _require_same_major(home: PostgresHome) -> None:
    stored = int((home.data / "PG_VERSION").read_text().strip())
    if stored != (current := _major(home)):
        raise ConfigurationError(
            f"The data were made by Postgres {stored}, the installed server is Postgres {current}.",
            hint="Install the earlier lock and dump the databases, or start afresh with `make reset`.",
        )


def server_command(home: PostgresHome, port: int) -> list[str]:
    """Return the server's command line."""
    chosen = _SERVER_SETTINGS | {"port": str(port)}
    if _SHARED_MEMORY.exists() and shutil.disk_usage(_SHARED_MEMORY).total < _ENOUGH_SHARED_MEMORY:
        chosen["dynamic_shared_memory_type"] = "mmap"  # containers often have 64 MB there
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return [str(home.binaries() / "postgres"), "-D", str(home.data), *options]


def repair(home: PostgresHome) -> None:
    """Make way for a start: end a server that nobody watches, drop the pid file of one that is gone or a zombie."""
    pid_file = home.data / "postmaster.pid"
    if not pid_file.exists():
        end(working_in(home.data), patience=2.0)
        return
    pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
    if is_server(pid, home):
        _stop(pid)
    end(working_in(home.data), patience=2.0)  # backends that outlived their postmaster
    pid_file.unlink(missing_ok=True)


def is_server(pid: int, home: PostgresHome) -> bool:
    """Say whether a living process is this cluster's server: the number in a stale pid file may belong to anybody."""
    try:
        return is_alive(pid) and Path(psutil.Process(pid).cwd()) == home.data.resolve()
    except psutil.Error:
        return False


def _stop(pid: int, patience: float = 30.0) -> None:
    """Shut a server down: politely (clients are cut off), then at once (it recovers from its log at the next start)."""
    for request, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        try:
            process = psutil.Process(pid)
            process.send_signal(request)
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            if not is_alive(pid):  # a zombie whose parent does not reap
                return
            continue
        return


def become_server(home: PostgresHome, port: int) -> None:
    """Repair, give up root, and turn this process into the server. Does not return."""
    repair(home)
    command = server_command(home, port)
    os.chdir(home.folder)
    if home.account.is_other:
        os.setgroups([])
        os.setgid(home.account.gid)
        os.setuid(home.account.uid)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted
