"""The transport against a real server on loopback: what is tried again, what is not, and what an error gives away."""

from __future__ import annotations

import json
import pickle
import socket
import ssl
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
import trustme

from crosswalk.connectors.meter import Meter
from crosswalk.connectors.quota import LocalQuota, SystemLimits
from crosswalk.connectors.transport import (
    Anonymous,
    RenewableAuthenticator,
    Transport,
    decoded,
    is_not_executed,
    not_executed,
)
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    InDoubtError,
    PermissionDeniedError,
    RateLimitedError,
    ReadOnlyError,
    TransientError,
)
from tests.connectors.loopback import RESET, Received, Reply, replies, reply_json, serving

OK = reply_json({"ok": True})
HTML = {"Content-Type": "text/html"}


def classify(response: requests.Response) -> CrosswalkError | None:
    if response.status_code == 401:
        return AuthenticationError("The session has expired.")
    if response.status_code == 403:
        return PermissionDeniedError(f"Refused: {response.text}")
    if response.status_code == 429:
        return RateLimitedError("Too many requests.")
    if response.status_code == 423:
        return not_executed(TransientError("Locked."))
    if response.status_code >= 500:
        return TransientError(f"Trouble: {response.text}")
    return None


class Clock:
    """Sleeps by noting down for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def transport(url: str, **options: object) -> tuple[Transport, Clock]:
    clock = Clock()
    settings: dict[str, object] = {
        "system": "acme",
        "base_url": url,
        "authenticator": Anonymous(),
        "classify": classify,
        "is_read": lambda method, path: method in ("GET", "HEAD") or (method == "POST" and path.endswith("/search")),
        "read_only": False,
        "sleep": clock.sleep,
        "timeout": (2.0, 5.0),
    }
    return Transport(**(settings | options)), clock


# --- what may be tried again ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_429_is_waited_out_as_long_as_it_asks_and_repeated_whatever_the_method(method: str) -> None:
    with serving(replies(Reply(429, headers={"Retry-After": "7"}), OK)) as server:
        sender, clock = transport(server.url)
        assert sender.call(method, "/records").json() == {"ok": True}
    assert clock.slept == [7.0]
    assert [request.method for request in server.received] == [method, method]


def test_a_429_without_retry_after_backs_off_with_growing_jitter() -> None:
    with serving(replies(*[Reply(429)] * 4, OK)) as server:
        sender, clock = transport(server.url)
        sender.call("POST", "/records", json={})
    assert len(clock.slept) == 4
    assert all(0 <= seconds <= 60 for seconds in clock.slept)
    assert len(set(clock.slept)) == 4


def test_retry_after_may_be_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    with serving(replies(Reply(429, headers={"Retry-After": when}), OK)) as server:
        sender, clock = transport(server.url)
        sender.call("GET", "/records")
    assert 25 < clock.slept[0] <= 30


def test_a_read_waits_as_long_as_a_503_asks() -> None:
    with serving(replies(Reply(503, headers={"Retry-After": "9"}), OK)) as server:
        sender, clock = transport(server.url)
        sender.call("GET", "/records")
    assert clock.slept == [9.0]


def test_a_long_retry_after_is_handed_up_instead_of_slept_through() -> None:
    with serving(replies(Reply(429, headers={"Retry-After": "3600"}))) as server:
        sender, clock = transport(server.url)
        with pytest.raises(RateLimitedError) as caught:
            sender.call("GET", "/records")
    assert caught.value.retry_after == 3600
    assert clock.slept == []


def test_attempts_are_bounded() -> None:
    with serving(replies(Reply(503, b"busy"))) as server:
        sender, clock = transport(server.url, attempts=3)
        with pytest.raises(TransientError, match="GET /records answered 503"):
            sender.call("GET", "/records")
    assert len(server.received) == 3
    assert len(clock.slept) == 2


def test_a_5xx_on_a_read_is_repeated() -> None:
    with serving(replies(Reply(500, b"oops"), Reply(503, b"<html>", HTML), OK)) as server:
        sender, _ = transport(server.url)
        assert sender.call("GET", "/records").json() == {"ok": True}


def test_a_post_that_only_reads_is_repeated_like_a_read() -> None:
    with serving(replies(Reply(502), OK)) as server:
        sender, _ = transport(server.url, read_only=True)
        assert sender.call("POST", "/search", json={"q": 1}).json() == {"ok": True}
    assert [request.json() for request in server.received] == [{"q": 1}] * 2


def test_a_5xx_on_a_write_is_in_doubt_and_never_repeated() -> None:
    with serving(replies(Reply(500, b"oops"), OK)) as server:
        sender, _ = transport(server.url)
        with pytest.raises(InDoubtError, match="look it up by its key"):
            sender.call("POST", "/records", json={})
    assert len(server.received) == 1


def test_a_write_the_vendor_did_not_execute_is_repeated() -> None:
    with serving(replies(Reply(423), OK)) as server:
        sender, _ = transport(server.url)
        assert sender.call("POST", "/records", json={}).status_code == 200


def test_a_write_declared_idempotent_is_repeated_like_a_read() -> None:
    with serving(replies(Reply(503), RESET, OK)) as server:
        sender, _ = transport(server.url)
        assert sender.call("PATCH", "/records/1", json={}, idempotent=True).status_code == 200
    assert len(server.received) == 3


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(RESET, id="reset after the request"),
        pytest.param(Reply(200, b'{"ok": true}', {"Content-Type": "application/json"}, cut=5), id="body cut short"),
        pytest.param(Reply(200, b'{"ok": tr', {"Content-Type": "application/json"}), id="garbled JSON"),
        pytest.param(Reply(200, b"<html>maintenance</html>", HTML), id="HTML with 200"),
        pytest.param(Reply(503, b"<html>maintenance</html>", HTML), id="HTML with 503"),
    ],
)
def test_a_disturbed_answer_is_repeated_for_a_read_and_in_doubt_for_a_write(broken: Reply) -> None:
    with serving(replies(broken, OK)) as server:
        sender, _ = transport(server.url)
        assert sender.call("GET", "/records").json() == {"ok": True}
        assert len(server.received) == 2
    with serving(replies(broken, OK)) as server:
        sender, _ = transport(server.url)
        with pytest.raises(InDoubtError):
            sender.call("POST", "/records", json={})
        assert len(server.received) == 1


@pytest.mark.parametrize("broken", [RESET, Reply(200, b"<html>", HTML)])
def test_a_read_that_never_succeeds_ends_as_transient(broken: Reply) -> None:
    with serving(replies(broken)) as server:
        sender, _ = transport(server.url, attempts=2)
        with pytest.raises(TransientError):
            sender.call("GET", "/records")


def test_a_timeout_is_repeated_for_a_read_and_in_doubt_for_a_write() -> None:
    released = threading.Event()

    def stuck(request: Received) -> Reply:
        released.wait(5)
        return OK

    with serving(stuck) as server:
        sender, _ = transport(server.url, timeout=(1.0, 0.1), attempts=2)
        with pytest.raises(TransientError, match="Timeout"):
            sender.call("GET", "/records")
        with pytest.raises(InDoubtError):
            sender.call("POST", "/records", json={})
        assert [request.method for request in server.received] == ["GET", "GET", "POST"]
        released.set()


def test_a_refused_connection_is_repeated_even_for_a_write_and_ends_as_not_executed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        sender, clock = transport(f"http://127.0.0.1:{unused.getsockname()[1]}", attempts=3)
        with pytest.raises(TransientError, match="reached nobody") as caught:
            sender.call("POST", "/records", json={})
    assert is_not_executed(caught.value)
    assert is_not_executed(pickle.loads(pickle.dumps(caught.value)))
    assert len(clock.slept) == 2


def test_an_answer_the_classifier_leaves_alone_is_returned_as_it_is() -> None:
    with serving(replies(reply_json(["a", "b"], 300))) as server:
        sender, _ = transport(server.url)
        assert sender.call("GET", "/records").status_code == 300


def test_a_redirect_is_refused_so_that_no_other_host_gets_the_credentials() -> None:
    with serving(replies(Reply(302, headers={"Location": "https://elsewhere.example/login"}))) as server:
        sender, _ = transport(server.url)
        with pytest.raises(ConfigurationError, match=r"elsewhere\.example"):
            sender.call("POST", "/records", json={})
    assert len(server.received) == 1


# --- law 9 ----------------------------------------------------------------------------------------


def test_a_read_only_transport_refuses_every_way_to_write_with_zero_bytes_on_the_wire() -> None:
    with serving(replies(OK)) as server:
        sender, _ = transport(server.url, read_only=True)
        prepared = requests.Request("POST", server.url + "/records", json={}).prepare()
        ways = [
            lambda: sender.call("POST", "/records", json={}),
            lambda: sender.call("PATCH", "/records/1", json={}, idempotent=True),
            lambda: sender.request("delete", "https://api.example/records/1"),
            lambda: sender.put("https://api.example/records/1", data=b"x"),
            lambda: sender.send(prepared),
            lambda: sender.call("POST", "/search/../records", json={}),
            lambda: sender.call("POST", "/search", headers={"X-HTTP-Method-Override": "DELETE"}),
        ]
        for way in ways:
            with pytest.raises(ReadOnlyError, match="Nothing was sent"):
                way()
        assert (server.received, server.connections) == ([], 0)
        sender.call("POST", "/search", json={})
        assert len(server.received) == 1


# --- authentication -------------------------------------------------------------------------------


class Tokens(RenewableAuthenticator):
    """Token n after the n-th login."""

    def __init__(self) -> None:
        super().__init__()
        self.logins = 0

    def renew(self) -> None:
        self.logins += 1

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer secret-token-{self.logins}"
        return request


def test_eight_threads_whose_token_expired_log_in_once() -> None:
    gate = threading.Barrier(8)

    def handle(request: Received) -> Reply:
        if request.headers["authorization"].endswith("-1"):
            gate.wait(10)  # all eight are refused at the same moment
            return Reply(401)
        return OK

    with serving(handle) as server:
        tokens = Tokens()
        sender, _ = transport(server.url, authenticator=tokens)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: sender.call("POST", "/records", json={}).status_code, range(8)))
    assert answers == [200] * 8
    assert tokens.logins == 2
    assert len(server.received) == 16


def test_a_second_refusal_in_a_row_is_final() -> None:
    with serving(replies(Reply(401))) as server:
        tokens = Tokens()
        sender, clock = transport(server.url, authenticator=tokens)
        with pytest.raises(AuthenticationError):
            sender.call("GET", "/records")
    assert (len(server.received), tokens.logins, clock.slept) == (2, 2, [])


def test_a_refused_login_is_not_repeated_so_that_no_account_gets_locked() -> None:
    class Wrong(Tokens):
        def renew(self) -> None:
            super().renew()
            raise AuthenticationError("Wrong password.")

    with serving(replies(OK)) as server:
        wrong = Wrong()
        sender, _ = transport(server.url, authenticator=wrong)
        with pytest.raises(AuthenticationError):
            sender.call("GET", "/records")
    assert wrong.logins == 1
    assert server.received == []


# --- client libraries -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_path", "url", "expected"),
    [
        ("", "https://acme.my.salesforce.com/services/data?x=1", "/services/data?x=1"),
        ("", "/services/data", "/services/data"),
        ("/crm", "https://api.hubapi.com/crm3/objects", "/crm/crm3/objects"),
        ("/crm", "objects", "/crm/objects"),
    ],
)
def test_hard_coded_hosts_are_led_to_the_base_url(base_path: str, url: str, expected: str) -> None:
    with serving(replies(OK)) as server:
        sender, _ = transport(server.url + base_path)
        sender.get(url)
    assert server.received[0].target == expected
    assert server.received[0].headers["host"] == server.url.removeprefix("http://")


def test_what_a_client_library_passes_reaches_the_wire() -> None:
    with serving(replies(OK)) as server:
        sender, _ = transport(server.url)
        sender.request("post", "https://x.example/a", data="b=1", headers={"X-Own": "2"}, params={"c": "3"}, timeout=1)
        sender.request("POST", "https://x.example/a", None, b"positional")
    first, second = server.received
    assert (first.method, first.body, first.headers["x-own"], first.query) == ("POST", b"b=1", "2", {"c": "3"})
    assert second.body == b"positional"


def test_a_session_cookie_from_a_login_is_sent_on_the_repeated_attempt() -> None:
    with serving(replies(Reply(503, headers={"Set-Cookie": "B1SESSION=abc; Path=/"}), OK)) as server:
        sender, _ = transport(server.url)
        sender.call("GET", "/records")
    assert server.received[1].headers["cookie"] == "B1SESSION=abc"


# --- TLS ---


def test_a_certificate_is_checked_against_the_authority_of_the_connection(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with serving(replies(OK), tls=context) as server:
        trusting, _ = transport(server.url, verify=str(bundle))
        assert trusting.call("GET", "/records").json() == {"ok": True}
        doubting, clock = transport(server.url)
        with pytest.raises(ConfigurationError, match="`ca_file`"):
            doubting.call("POST", "/records", json={})
    assert len(server.received) == 1
    assert clock.slept == []


# --- exact numbers --------------------------------------------------------------------------------


def test_money_crosses_the_wire_with_all_its_digits_both_ways() -> None:
    amount = Decimal("1234567890123456.78")
    with serving(lambda request: Reply(200, request.body, {"Content-Type": "application/json"})) as server:
        sender, _ = transport(server.url)
        answer = sender.call("POST", "/records", json={"amount": amount, "small": Decimal("1E-7")})
    assert decoded(answer) == {"amount": amount, "small": Decimal("0.0000001")}
    assert server.received[0].body == b'{"amount":1234567890123456.78,"small":0.0000001}'


# --- what an error gives away ---------------------------------------------------------------------


def test_no_error_holds_a_token_a_password_or_a_query_value() -> None:
    class Secret(Tokens):
        def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = 'OAuth oauth_token="tok-123456", oauth_signature="sig-abcdef"'
            return request

    echo = b'{"error": "bad tok-123456 and client_secret=hunter22 and sig-abcdef and pw-9876543 and Bearer zzzzzzzz"}'
    cases = [
        (Reply(403, echo), PermissionDeniedError),
        (Reply(500, echo), InDoubtError),
        (RESET, InDoubtError),
        (Reply(429, echo), RateLimitedError),
        (Reply(302, headers={"Location": "https://u:pw-9876543@x.example/?token=tok-123456"}), ConfigurationError),
    ]
    for reply, expected in cases:
        with serving(replies(reply)) as server:
            sender, _ = transport(server.url, authenticator=Secret(), attempts=2)
            with pytest.raises(expected) as caught:
                sender.call("POST", "/a", params={"q": "value-in-query"}, data={"password": "pw-9876543"})
        told = "".join(traceback.format_exception(caught.value))
        shown = f"{caught.value!r} {caught.value.__dict__} {pickle.dumps(caught.value)!r}" + "".join(
            line
            for line in told.splitlines()
            if "sender.call" not in line  # this test's own source
        )
        for secret in ("tok-123456", "sig-abcdef", "hunter22", "pw-9876543", "zzzzzzzz", "value-in-query"):
            assert secret not in shown, (reply, secret)
        assert caught.value.system == "acme"


def test_retries_are_told_in_the_log_without_headers_or_query_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="crosswalk")
    with serving(replies(Reply(503), OK)) as server:
        sender, _ = transport(server.url, authenticator=Tokens())
        sender.call("GET", "/records", params={"q": "value-in-query"})
    assert "acme: GET /records" in caplog.text
    assert "value-in-query" not in caplog.text
    assert "secret-token" not in caplog.text


# --- limits and meter -----------------------------------------------------------------------------


def test_every_attempt_is_metered_and_counted_by_route() -> None:
    meter, quota = Meter(), LocalQuota()
    with serving(replies(Reply(503), OK)) as server:
        sender, _ = transport(server.url, meter=meter, quota=quota)
        sender.call("GET", "/accounts/0015500001QdQWaAAN/lines/17")
    ((route, reading),) = meter.snapshot().items()
    assert route == ("acme", "GET", "/accounts/{id}/lines/{id}")
    assert (reading.requests, reading.retries, quota.used("acme", 60)) == (2, 1, 2)
    assert reading.bytes == len(json.dumps({"ok": True}))
    assert 0 < reading.seconds < 5


def test_a_spent_budget_stops_the_request_before_it_is_sent() -> None:
    quota = LocalQuota({"acme": SystemLimits(per_day=10, share=0.2)})
    with serving(replies(OK)) as server:
        sender, _ = transport(server.url, quota=quota, attempts=1)
        sender.call("GET", "/records")
        sender.call("GET", "/records")
        with pytest.raises(RateLimitedError, match="acme: 2 of the 2 calls a day"):
            sender.call("GET", "/records")
    assert len(server.received) == 2


def test_threads_never_exceed_the_account_s_concurrency() -> None:
    lock, running, most = threading.Lock(), [0], [0]
    together = threading.Barrier(2)

    def handle(request: Received) -> Reply:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(10)  # two run at once, or this breaks
        with lock:
            running[0] -= 1
        return OK

    with serving(handle) as server:
        sender, _ = transport(server.url, quota=LocalQuota({"acme": SystemLimits(concurrent=3, reserved=1)}))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: sender.call("GET", "/records"), range(8)))
    assert most == [2]
