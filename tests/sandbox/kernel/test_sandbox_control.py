from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from ledger_emulator import LedgerEmulator

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.request_log import path_template
from crosswalk_sandbox.kernel.server import PortTakenError, bind, running, running_with_tls


@pytest.fixture
def base_url(tmp_path: Path) -> Iterator[str]:
    clock = Clock(tmp_path / "clock.json")
    with running(LedgerEmulator(tmp_path, clock), clock=clock) as url:
        yield url


def control(base_url: str, method: str, path: str, /, **values: object) -> requests.Response:
    return requests.request(method, f"{base_url}/__sandbox__/{path}", json=values or None, timeout=10)


def test_state_tells_name_credentials_and_what_is_in_force(base_url: str) -> None:
    control(base_url, "POST", "faults", kind="slow", seconds=0.01)
    state = control(base_url, "GET", "state").json()
    assert state["name"] == "ledger"
    assert state["loaded"] is False
    assert state["access"]["entries"] == f"{base_url}/entries"
    assert state["actions"] == ["drop", "rename"]
    assert [one["kind"] for one in state["faults"]] == ["slow"]


def test_the_clock_is_set_and_advanced_and_the_answers_date_follows_it(base_url: str) -> None:
    control(base_url, "POST", "clock", now="2031-05-05T10:00:00+00:00", frozen=True)
    assert control(base_url, "POST", "clock", advance_seconds=60).json()["now"] == "2031-05-05T10:01:00+00:00"
    answer = requests.get(f"{base_url}/entries", timeout=10)
    assert parsedate_to_datetime(answer.headers["date"]).isoformat() == "2031-05-05T10:01:00+00:00"


def test_faults_are_added_listed_and_taken_away_and_do_not_touch_the_control_routes(base_url: str) -> None:
    number = control(base_url, "POST", "faults", kind="refuse").json()["number"]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base_url}/entries", timeout=10)
    rules = control(base_url, "GET", "faults").json()["rules"]
    assert [(one["number"], one["fired"]) for one in rules] == [(number, 1)]
    assert control(base_url, "DELETE", f"faults/{number}").status_code == 200
    assert requests.get(f"{base_url}/entries", timeout=10).json() == []
    assert control(base_url, "DELETE", f"faults/{number}").status_code == 400


def test_request_counts_can_be_read_and_cleared(base_url: str) -> None:
    requests.get(f"{base_url}/entries/17", timeout=10)
    counts = control(base_url, "GET", "requests").json()["counts"]
    assert counts == [{"method": "GET", "path": "/entries/{id}", "count": 1, "statuses": {"200": 1}}]
    assert control(base_url, "DELETE", "requests").json()["total"] == 0


def test_sessions_can_be_expired_by_hand(base_url: str) -> None:
    control(base_url, "DELETE", "sessions")
    answer = requests.get(f"{base_url}/secret", headers={"authorization": "Bearer valid-token"}, timeout=10)
    assert answer.status_code == 401


def test_an_emulators_own_actions_are_reached_by_name(base_url: str) -> None:
    assert control(base_url, "POST", "actions/rename", to="x").json() == {"renamed": "x"}
    assert "needs 'to'" in control(base_url, "POST", "actions/rename").json()["error"]
    unknown = control(base_url, "POST", "actions/fly")
    assert unknown.status_code == 400
    assert "it has drop, rename" in unknown.json()["error"]


def test_reset_takes_clock_faults_and_counts_back(base_url: str) -> None:
    control(base_url, "POST", "clock", now="2031-05-05T10:00:00+00:00")
    control(base_url, "POST", "faults", kind="refuse")
    control(base_url, "POST", "latency", seconds=0.01)
    control(base_url, "POST", "reset")
    state = control(base_url, "GET", "state").json()
    assert (state["faults"], state["latency"], state["clock"]["offset_seconds"]) == ([], 0.0, 0.0)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("faults", {"kind": "x"}),
        ("faults", {"kind": "action", "action": "fly"}),
        ("clock", {"now": "noon"}),
        ("latency", {"seconds": -1}),
        ("clock", {"now": "2031-05-05"}),
    ],
)
def test_bad_wishes_get_a_sentence(base_url: str, path: str, values: dict[str, object]) -> None:
    answer = control(base_url, "POST", path, **values)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_https_answers_under_a_certificate_that_the_written_authority_vouches_for(tmp_path: Path) -> None:
    with running_with_tls(LedgerEmulator(tmp_path, Clock()), tmp_path / "tls") as endpoints:
        assert endpoints.https is not None
        secure = requests.get(f"{endpoints.https}/entries", verify=str(endpoints.ca_file), timeout=10)
        assert secure.json() == requests.get(f"{endpoints.http}/entries", timeout=10).json() == []
        by_number = endpoints.https.replace("localhost", "127.0.0.1")
        assert requests.get(f"{by_number}/entries", verify=str(endpoints.ca_file), timeout=10).ok
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{endpoints.https}/entries", timeout=10)


def test_connections_are_cut_over_https_too(tmp_path: Path) -> None:
    with running_with_tls(LedgerEmulator(tmp_path, Clock()), tmp_path / "tls") as endpoints:
        control(endpoints.http, "POST", "faults", kind="lost_reply", method="POST", count=1)
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{endpoints.https}/entries", data="kept", verify=str(endpoints.ca_file), timeout=10)
        assert requests.get(f"{endpoints.http}/entries", timeout=10).json() == ["kept"]


def test_certificates_stay_the_same_over_restarts(tmp_path: Path) -> None:
    for _ in range(2):
        with running_with_tls(LedgerEmulator(tmp_path, Clock()), tmp_path / "tls") as endpoints:
            assert endpoints.ca_file is not None
            kept = (tmp_path / "first.pem").read_bytes() if (tmp_path / "first.pem").exists() else None
            assert kept in (None, endpoints.ca_file.read_bytes())
            (tmp_path / "first.pem").write_bytes(endpoints.ca_file.read_bytes())


def test_a_taken_port_is_told_in_a_sentence() -> None:
    holder = bind(0)
    with holder, pytest.raises(PortTakenError, match="--port-base"):
        bind(holder.getsockname()[1])


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/services/data/v59.0/sobjects/Account/001dM00003jU9GyQAK", "/services/data/v59.0/sobjects/Account/{id}"),
        ("/services/data/v59.0/sobjects/Account/001dM00003jU9Gy", "/services/data/v59.0/sobjects/Account/{id}"),
        ("/services/data/v59.0/query/01gRO0000016PIAYA2-2000", "/services/data/v59.0/query/{id}"),
        ("/services/data/v59.0/composite/sobjects", "/services/data/v59.0/composite/sobjects"),
        ("/services/data/v59.0/sobjects/OpportunityLineItem", "/services/data/v59.0/sobjects/OpportunityLineItem"),
        (
            "/services/rest/record/v1/customer/107/addressBook/39",
            "/services/rest/record/v1/customer/{id}/addressBook/{id}",
        ),
        ("/services/rest/record/v1/customer/eid:SF-ACC-1", "/services/rest/record/v1/customer/{id}"),
        ("/services/rest/record/v1/employee/-5", "/services/rest/record/v1/employee/{id}"),
        (
            "/services/rest/record/v1/salesOrder/7/!transform/invoice",
            "/services/rest/record/v1/salesOrder/{id}/!transform/invoice",
        ),
        ("/services/rest/query/v1/suiteql", "/services/rest/query/v1/suiteql"),
    ],
)
def test_paths_are_counted_without_their_ids(path: str, template: str) -> None:
    assert path_template(path) == template
