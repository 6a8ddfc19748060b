"""What an answer that is none means: logins, limits, every status and category (HubSpot §2, §5, §6)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests

from crosswalk.connectors.hubspot.errors import classify
from crosswalk.connectors.wire import is_not_executed
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CrosswalkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
    ValidationError,
)
from crosswalk.model.records import NativeField, Operation, Outcome, Selection, Write
from tests.connectors.hubspot.portal import Portal, refusal, running, told
from tests.connectors.loopback import Received, Reply

NAMES = Selection("customer", "companies", (NativeField("name", "text"),))
APP = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1"}
HTML = b"<!DOCTYPE html><html><body>sorry</body></html>"


def answer(status: int, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, body
    return response


def property_error(code: str) -> bytes:
    part = {"message": "m", "code": code, "context": {"propertyName": ["amount"]}}
    return json.dumps({"status": "error", "message": "x", "category": "VALIDATION_ERROR", "errors": [part]}).encode()


def category(name: str) -> bytes:
    return json.dumps({"status": "error", "message": "x", "category": name}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, property_error("PROPERTY_DOESNT_EXIST"), SchemaError), (400, property_error("READ_ONLY_VALUE"), SchemaError),
        (400, property_error("INVALID_OPTION"), ValidationError), (400, property_error("INVALID_EMAIL"), ValidationError),
        (400, property_error("INVALID_DATE"), ValidationError), (400, property_error("MISSING_REQUIRED_PROPERTY"), ValidationError),
        (400, category("VALIDATION_ERROR"), ValidationError), (400, b'{"status":"error","message":"Invalid input JSON"}', ValidationError),
        (401, category("INVALID_AUTHENTICATION"), AuthenticationError), (401, category("EXPIRED_AUTHENTICATION"), AuthenticationError),
        (403, category("MISSING_SCOPES"), PermissionDeniedError), (403, b'{"status":"error","message":"x"}', PermissionDeniedError),
        (404, b'{"status":"error","message":"resource not found"}', NotFoundError), (404, HTML, ConfigurationError),
        (405, HTML, ConfigurationError), (409, category("CONFLICT"), ConflictError), (409, category("OBJECT_ALREADY_EXISTS"), ConflictError),
        (414, HTML, ConfigurationError), (415, category("VALIDATION_ERROR"), ConfigurationError), (423, category("LOCKED"), TransientError),
        (477, b'{"message":"x"}', TransientError), (500, b'{"message":"internal error"}', TransientError), (503, HTML, TransientError),
        (524, HTML, TransientError), (429, category("RATE_LIMITS"), RateLimitedError), (429, HTML, RateLimitedError),
    ],
)  # fmt: skip
def test_every_refusal_is_told_by_what_to_do_about_it(status: int, body: bytes, kind: type[CrosswalkError]) -> None:
    error = classify(answer(status, body))
    assert type(error) is kind
    assert error.hint
    assert is_not_executed(error) == (status in (423, 477)), "only these say that nothing was done"
    assert error.field == ("amount" if b"amount" in body else None)


def test_what_is_done_or_done_in_part_is_no_error() -> None:
    assert [classify(answer(status, b"{}")) for status in (200, 201, 204, 207)] == [None] * 4


@pytest.mark.parametrize(
    ("status", "outcome", "calls"), [(423, Outcome.DONE, 2), (477, Outcome.DONE, 2), (503, Outcome.IN_DOUBT, 1)]
)
def test_a_write_is_sent_again_only_where_nothing_was_done(status: int, outcome: Outcome, calls: int) -> None:
    portal = Portal()
    once = [refusal(status, "", "x")]
    portal.faults.append(lambda one: once.pop() if once and one.path.endswith("batch/create") else None)
    with running(portal) as (connector, _):
        [receipt] = connector.deliver([Write("K-1", "deal", Operation.CREATE, {"dealname": "x"})])
    assert receipt.outcome is outcome
    assert sum(call.endswith("batch/create") for call in portal.calls) == calls


@pytest.mark.parametrize(
    ("reply", "waited"),
    [(Reply(503, HTML), None), (Reply(429, b"{}", {"Retry-After": "4"}), 4.0), (Reply(429, b"{}"), 10.0)],
)
def test_a_login_that_is_disturbed_is_tried_again(reply: Reply, waited: float | None) -> None:
    portal, waits = Portal(), list[float]()
    key = portal.save("companies", name="Signed")
    once = [reply]
    portal.faults.append(lambda one: once.pop() if once and one.path.endswith("/token") else None)
    with running(portal, extra=APP, sleep=waits.append) as (connector, _):
        assert len(connector.fetch(NAMES, [key])) == 1
    assert len(waits) == 1
    assert waited is None or waits == [waited]


@pytest.mark.parametrize(
    ("code", "hint"),
    [("BAD_REFRESH_TOKEN", "Install the app"), ("BAD_CLIENT_SECRET", "client secret"), ("BAD_GRANT_TYPE", "Check")],
)
def test_a_login_that_is_refused_says_what_to_mend_and_is_not_tried_again(code: str, hint: str) -> None:
    portal = Portal()
    body = json.dumps({"status": code, "message": "no", "error": "invalid_grant"}).encode()
    portal.faults.append(lambda one: Reply(400, body) if one.path.endswith("/token") else None)
    with running(portal, extra=APP) as (connector, _), pytest.raises(AuthenticationError, match=code) as refused:
        connector.fetch(NAMES, ["1"])
    assert hint in str(refused.value.hint)
    assert len(portal.calls) == 1


# --- limits -----------------------------------------------------------------------------------------


def limited(portal: Portal, **headers: str) -> None:
    """Let every answer tell of limits, as the account's do."""
    named = {f"X-HubSpot-RateLimit-{name.replace('_', '-')}": value for name, value in headers.items()}

    def tell(request: Received) -> Reply:
        found = portal._route(request)
        return Reply(found.status, found.body, {**found.headers, **named})

    portal.faults.append(tell)


@pytest.mark.parametrize(("left", "waits"), [("3", True), ("4", False)])
def test_a_window_that_is_nearly_used_up_is_left_to_others(left: str, waits: bool) -> None:
    portal, waited = Portal(), list[float]()
    key = portal.save("companies", name="x")
    limited(portal, Max="190", Remaining=left)
    with running(portal, sleep=waited.append) as (connector, _):
        for _ in range(3):
            connector.fetch(NAMES, [key])
    assert bool(waited) is waits
    assert sum(waited) <= 2 * 10, "no longer than a window before each call but the first"


def test_searches_of_a_pull_keep_their_pace() -> None:
    portal, waited = Portal(), list[float]()
    for number in range(8):
        portal.save("companies", name=str(number))
    since = {"since": (portal.now - timedelta(minutes=1)).isoformat()}
    with running(portal, sleep=waited.append, search_page=2, searches_per_second=2) as (connector, _):
        list(connector.pull(NAMES, since))
    searches = sum(call.endswith("/search") for call in portal.calls)
    assert searches >= 4
    assert len(waited) == searches - 2, "two a second"


def test_the_days_calls_are_known_from_the_last_answer_or_asked_for() -> None:
    portal = Portal()
    key = portal.save("companies", name="x")
    told_use = {"results": [{"currentUsage": 12, "usageLimit": 650_000}]}
    portal.faults.append(lambda one: told(told_use) if "api-usage" in one.path else None)
    with running(portal) as (connector, _):
        asked = connector.usage()
        limited(portal, Daily="650000", Daily_Remaining="649000")
        connector.fetch(NAMES, [key])
        calls = len(portal.calls)
        known = connector.usage()
    assert [(one.window, one.used, one.limit) for one in (asked, known)] == [
        ("day", 12, 650_000),
        ("day", 1_000, 650_000),
    ]
    assert timedelta() <= portal.now - known.as_of < timedelta(seconds=2), "the account's clock"
    assert len(portal.calls) == calls
