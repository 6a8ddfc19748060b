from __future__ import annotations

from pathlib import Path

import pytest
import requests
from ledger_emulator import LedgerEmulator

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.proxy import HOSTS, route_to, running_proxy
from crosswalk_sandbox.kernel.server import running_with_tls
from crosswalk_sandbox.kernel.state import State


def test_a_client_that_dials_the_vendors_host_reaches_the_emulator(tmp_path: Path) -> None:
    with running_with_tls(LedgerEmulator(tmp_path, Clock()), tmp_path / "tls") as endpoints:
        assert endpoints.https is not None
        port = int(endpoints.https.rsplit(":", 1)[1])
        routes = {"login.salesforce.com": port, "acme.my.salesforce.com": port}
        with running_proxy(routes.get) as url, requests.Session() as session:
            session.proxies = {"https": url}
            session.verify = str(endpoints.ca_file)
            session.trust_env = False
            assert session.post("https://login.salesforce.com/entries", data="kept", timeout=10).status_code == 204
            assert session.get("https://acme.my.salesforce.com/entries", timeout=10).json() == ["kept"]


def test_no_other_host_is_let_through() -> None:
    with running_proxy({}.get) as url, requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            session.get("https://example.com/", proxies={"https": url}, timeout=10)
        assert session.get("http://example.com/", proxies={"http": url}, timeout=10).status_code == 403


def test_hosts_are_led_to_what_is_running_with_https(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.claim("salesforce", 1, 2), state.claim("netsuite", 3, None):
        route = route_to(state, HOSTS)
        assert route("Login.Salesforce.com") == 2
        assert route("1234567-sb1.suitetalk.api.netsuite.com") is None
        assert route("salesforce.com.example.org") is None
    assert route("login.salesforce.com") is None
