"""Ports and other choices: from `.env` and the environment, wrong ones refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.settings import Settings, from_wishes, load, load_saved


def test_one_variable_moves_every_port_and_no_two_meet() -> None:
    moved = from_wishes({"CROSSWALK_PORT_BASE": "9400"}).ports()
    assert set(moved) == set(from_wishes({}).ports())
    assert all(9400 <= port < 9410 for port in moved.values())
    assert len(set(moved.values())) == len(moved)


def test_a_port_of_its_own_wins_over_the_base() -> None:
    settings = from_wishes({"CROSSWALK_PORT_BASE": "9400", "CROSSWALK_SALESFORCE_PORT": "9999"})
    assert settings.emulator_ports["salesforce"] == 9999
    assert settings.airflow_port == 9400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CROSSWALK_AIRFLOW_PORT", "http"),
        ("CROSSWALK_AIRFLOW_PORT", "70000"),
        ("CROSSWALK_PORT_BASE", "-1"),
        ("CROSSWALK_PARALLELISM", "0"),
        ("CROSSWALK_SANDBOX", "maybe"),
        ("CROSSWALK_SANDBOX_SCALE", "huge"),
        ("CROSSWALK_SANDBOX_SCALE", "nan"),
        ("CROSSWALK_DATABASE_URL", "mysql://me@host/db"),
        ("CROSSWALK_DATABASE_URL", "postgresql://me@host"),
    ],
)
def test_a_wrong_value_is_refused_with_the_variables_name_and_a_remedy(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as refusal:
        from_wishes({name: value})
    assert ".env" in refusal.value.hint


def test_a_refused_database_url_does_not_show_its_password() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        from_wishes({"CROSSWALK_DATABASE_URL": "mysql://me:hunter2@host/db"})
    assert "hunter2" not in str(refusal.value)


def test_dot_env_is_read_and_the_environment_wins(tmp_path: Path, clean_environment: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(
        "CROSSWALK_AIRFLOW_PORT=9001\nCROSSWALK_POSTGRES_PORT=9002  # mine\nAIRFLOW__CORE__PARALLELISM=9\nOTHER=1\n"
    )
    clean_environment.setenv("CROSSWALK_PROJECT", str(tmp_path))
    layout, settings = load({"CROSSWALK_AIRFLOW_PORT": "9101"})
    assert (settings.airflow_port, settings.postgres_port) == (9101, 9002)
    assert settings.airflow_overrides == {"AIRFLOW__CORE__PARALLELISM": "9"}
    assert layout == Layout(tmp_path, tmp_path / ".crosswalk")


def test_a_database_of_ones_own_needs_no_port_for_an_embedded_one() -> None:
    settings = from_wishes({"CROSSWALK_DATABASE_URL": "postgresql://me:secret@db:5432/crosswalk"})
    assert "postgres" not in settings.ports()
    assert "secret" not in repr(settings)


def test_without_the_sandbox_no_emulator_has_a_port() -> None:
    assert set(from_wishes({"CROSSWALK_SANDBOX": "off"}).ports()) == {"api-server", "scheduler", "postgres"}


def test_saved_settings_come_back_equal_and_are_nobody_elses_to_read(tmp_path: Path) -> None:
    settings = Settings(airflow_port=9001, emulator_ports={"salesforce": 9003}, airflow_overrides={"A": "b"})
    settings.save(tmp_path / "settings.json")
    assert load_saved(tmp_path / "settings.json") == settings
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0


def test_a_long_path_gets_a_socket_in_a_short_private_folder(tmp_path: Path) -> None:
    near = Layout(Path("/p"), Path("/p/.crosswalk"))
    assert near.supervisor_socket == Path("/p/.crosswalk/supervisor.sock")
    far = Layout(Path("/p"), tmp_path / ("deep" * 25) / ".crosswalk")
    farther = Layout(Path("/p"), tmp_path / ("deep" * 26) / ".crosswalk")
    assert len(str(far.supervisor_socket)) < 90
    assert far.supervisor_socket != farther.supervisor_socket


def test_a_short_folder_that_somebody_else_prepared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path)[:50] if len(str(tmp_path)) > 50 else str(tmp_path))
    layout = Layout(Path("/p"), tmp_path / ("deep" * 25) / ".crosswalk")
    layout.short_folder.mkdir(mode=0o755, exist_ok=True)
    layout.short_folder.chmod(0o755)
    try:
        with pytest.raises(ConfigurationError, match="not a private folder"):
            layout.prepare()
    finally:
        layout.short_folder.rmdir()
