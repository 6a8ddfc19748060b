"""Connections and pools get into Airflow once, follow their source, and stay as people left them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.model.errors import TransientError
from crosswalk.pairing import load_pairing
from crosswalk_airflow.local.health import unhealthy, wait_for
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.loopback import Body
from crosswalk_airflow.local.provisioning import HUB_CONNECTION, hub_connection, pools, provision
from crosswalk_airflow.local.sandbox import connections, for_import
from crosswalk_airflow.local.settings import Settings
from tests.local.airflow_double import PASSWORD, AirflowDouble, airflow_double

PAIRINGS = [load_pairing(Path(__file__).parents[2] / "include" / "pairings" / "netsuite_salesforce.yaml")]
URL = "postgresql://crosswalk:p%40ss@127.0.0.1:55432/crosswalk"
ACCESS = {
    "username": "integration@demo",
    "password": "secret",
    "security_token": "token",
    "consumer_key": "key",
    "login_url": "http://127.0.0.1:1",
    "refresh_token": "not for a connection",
    "account_id": "1234567_SB1",
    "token_id": "id",
}


@pytest.fixture
def airflow() -> Iterator[AirflowDouble]:
    with airflow_double() as double:
        yield double


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, tmp_path)


def _provision(layout: Layout, airflow: AirflowDouble, found: list[Body]) -> dict[str, list[str]]:
    return provision(layout, Settings(airflow_port=airflow.port), PASSWORD, found, pools(PAIRINGS))


def test_the_hub_and_a_pool_per_system_are_written_once(layout: Layout, airflow: AirflowDouble) -> None:
    written = _provision(layout, airflow, [hub_connection(URL)])
    assert written == {
        "connections": [HUB_CONNECTION],
        "pools": ["salesforce_api", "netsuite_api", "crosswalk_hub"],
    }
    hub = airflow.stored["connections"][HUB_CONNECTION]
    assert (hub["login"], hub["password"], hub["port"], hub["schema"]) == ("crosswalk", "p@ss", 55432, "crosswalk")
    assert _provision(layout, airflow, [hub_connection(URL)]) == {}


def test_what_a_person_changed_stays(layout: Layout, airflow: AirflowDouble) -> None:
    _provision(layout, airflow, [hub_connection(URL)])
    airflow.stored["connections"][HUB_CONNECTION]["host"] = "db.example.com"
    airflow.stored["pools"]["netsuite_api"]["slots"] = 1
    _provision(layout, airflow, [hub_connection(URL)])
    assert airflow.stored["connections"][HUB_CONNECTION]["host"] == "db.example.com"
    assert airflow.stored["pools"]["netsuite_api"]["slots"] == 1


def test_a_connection_that_was_there_before_the_first_start_stays(layout: Layout, airflow: AirflowDouble) -> None:
    airflow.stored["connections"][HUB_CONNECTION] = {"connection_id": HUB_CONNECTION, "host": "theirs"}
    _provision(layout, airflow, [hub_connection(URL)])
    assert airflow.stored["connections"][HUB_CONNECTION]["host"] == "theirs"


def test_a_connection_follows_its_source(layout: Layout, airflow: AirflowDouble) -> None:
    _provision(layout, airflow, [hub_connection(URL)])
    assert _provision(layout, airflow, [hub_connection(URL.replace("55432", "9408"))]) == {
        "connections": [HUB_CONNECTION]
    }
    assert airflow.stored["connections"][HUB_CONNECTION]["port"] == 9408


def test_no_secret_is_kept_beside_the_connections(layout: Layout, airflow: AirflowDouble) -> None:
    _provision(layout, airflow, [hub_connection(URL)])
    assert "p@ss" not in layout.provisioned.read_text()


def test_a_request_that_is_cut_off_is_asked_again(layout: Layout, airflow: AirflowDouble) -> None:
    airflow.silent_requests = 2
    assert _provision(layout, airflow, [hub_connection(URL)])["connections"] == [HUB_CONNECTION]


def test_a_refused_login_is_a_sentence_without_the_password(layout: Layout, airflow: AirflowDouble) -> None:
    with pytest.raises(TransientError, match="answered 401") as refusal:
        provision(layout, Settings(airflow_port=airflow.port), "wrong-password", [], [])
    assert "wrong-password" not in str(refusal.value)


def test_emulators_become_connections_with_what_their_forms_know(airflow: AirflowDouble) -> None:
    airflow.access = ACCESS
    base = f"http://127.0.0.1:{airflow.port}"
    salesforce, netsuite = connections({"salesforce": base, "netsuite": base})
    assert (salesforce["conn_type"], salesforce["login"], salesforce["password"]) == (
        "salesforce",
        "integration@demo",
        "secret",
    )
    assert json.loads(str(salesforce["extra"])) == {
        "security_token": "token",
        "consumer_key": "key",
        "login_url": "http://127.0.0.1:1",
    }
    assert json.loads(str(netsuite["extra"])) == {
        "account_id": "1234567_SB1",
        "consumer_key": "key",
        "token_id": "id",
    }
    assert json.loads(for_import([netsuite]))["netsuite"]["conn_type"] == "netsuite"


def test_an_emulator_without_credentials_is_told(airflow: AirflowDouble) -> None:
    with pytest.raises(TransientError, match="does not tell how to sign in"):
        connections({"netsuite": f"http://127.0.0.1:{airflow.port}"})


def test_every_pool_has_a_slot_and_says_what_it_is_for() -> None:
    for pool in pools(PAIRINGS):
        assert isinstance(pool["slots"], int)
        assert pool["slots"] > 0
        assert pool["description"]


def test_waiting_ends_with_the_names_of_what_is_missing(airflow: AirflowDouble) -> None:
    airflow.health["scheduler"] = {"status": "unhealthy"}
    airflow.health["triggerer"] = {"status": None}
    settings = Settings(airflow_port=airflow.port, emulator_ports={}, start_timeout=0)
    with pytest.raises(TransientError, match="scheduler, triggerer"):
        wait_for(settings, unhealthy, lambda: None, print)
    airflow.health["scheduler"] = airflow.health["triggerer"] = {"status": "healthy"}
    wait_for(settings, unhealthy, lambda: None, print)
    assert unhealthy(settings) == []
