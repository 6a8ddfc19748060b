"""Codes to classes (Salesforce §6), on recorded bodies and over the vendor's whole enumeration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from crosswalk.connectors.salesforce.client import is_read
from crosswalk.connectors.salesforce.errors import TABLE, classify, row_error
from crosswalk.connectors.wire import is_not_executed
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CrosswalkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RetryableError,
    SchemaError,
    TransientError,
    ValidationError,
)

CONTRACTS = Path(__file__).parents[2] / "contracts" / "salesforce_connector"
SAMPLES = json.loads((CONTRACTS / "sample-bodies.json").read_text())


def answered(status: int, body: object = b"", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def one(code: str, message: str = "text", fields: list[str] | None = None) -> list[dict[str, Any]]:
    return [{"message": message, "errorCode": code, "fields": fields or []}]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"{}", type(None)),
        (204, b"", type(None)),
        (304, b"", type(None)),
        (300, SAMPLES["sobject/upsert_multiple_error_response"], ConflictError),
        (401, SAMPLES["expired_session_response"], AuthenticationError),
        (401, b"<response><faultcode>LOGIN_OAUTH_INVALID_TOKEN</faultcode></response>", AuthenticationError),
        (400, {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}, AuthenticationError),
        (404, SAMPLES["sobject/sobject_find_error_response"], NotFoundError),
        (400, SAMPLES["sobject/write_error_response"], SchemaError),
        (403, one("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), RateLimitedError),
        (403, one("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."), RateLimitedError),
        (403, one("API_DISABLED_FOR_ORG"), PermissionDeniedError),
        (403, b"<html>blocked</html>", PermissionDeniedError),
        (400, one("UNABLE_TO_LOCK_ROW"), TransientError),
        (400, one("QUERY_TIMEOUT"), RetryableError),
        (400, one("DUPLICATE_VALUE"), ConflictError),
        (400, one("STRING_TOO_LONG", fields=["Name"]), ValidationError),
        (400, one("SOMETHING_THEY_INVENT_NEXT_YEAR"), ValidationError),
        (406, b"", TransientError),
        (420, b"", TransientError),
        (429, b"", RateLimitedError),
        (410, one("UNSUPPORTED_API_VERSION"), ConfigurationError),
        (412, b"", ConflictError),
        (414, b"", ConfigurationError),
        (500, one("UNKNOWN_EXCEPTION"), TransientError),
        (503, b"<html>maintenance</html>", TransientError),
    ],
)
def test_an_answer_is_classified(status: int, body: object, expected: type) -> None:
    assert type(classify(answered(status, body))) is expected


def test_the_used_up_day_and_the_crowded_minute_share_a_code_and_nothing_else() -> None:
    day = classify(answered(403, one("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")))
    minute = classify(
        answered(403, one("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."))
    )
    assert isinstance(day, RateLimitedError)
    assert isinstance(minute, RateLimitedError)
    assert (day.retry_after, minute.retry_after) == (3600, None)


def test_field_and_object_are_read_from_both_texts_of_a_missing_column() -> None:
    query = "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If"
    asked = classify(answered(400, one("INVALID_FIELD", query)))
    written = classify(answered(400, SAMPLES["sobject/write_error_response"]))
    assert isinstance(asked, SchemaError)
    assert isinstance(written, SchemaError)
    assert (asked.field, asked.record, written.field, written.record) == ("Foo", "Account", "foo", "Bar")


def test_the_currency_field_of_a_single_currency_org_has_a_remedy_of_its_own() -> None:
    error = classify(answered(400, one("INVALID_FIELD", "No such column 'CurrencyIsoCode' on entity 'Account'.")))
    assert error is not None
    assert "one currency" in error.hint


def test_only_what_surely_was_not_executed_may_be_sent_again() -> None:
    sure = {code for code in TABLE if is_not_executed(row_error([{"statusCode": code, "message": "x"}]))}
    assert sure == {
        "UNABLE_TO_LOCK_ROW",
        "API_TEMPORARILY_UNAVAILABLE",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        "TOO_MANY_APEX_REQUESTS",
    }


def test_every_code_of_the_table_is_one_the_vendor_publishes_or_the_page_names() -> None:
    enums = json.loads((CONTRACTS / "partner-wsdl-enums.json").read_text())["enums"]
    published = {value for values in enums.values() for value in values}
    rest_only = {
        "NOT_FOUND", "JSON_PARSER_ERROR", "PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "InvalidSessionId",
        "REQUEST_RUNNING_TOO_LONG", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "API_TEMPORARILY_UNAVAILABLE",
        "TOO_MANY_APEX_REQUESTS", "ENTITY_IS_LOCKED", "CUSTOM_APEX_ERROR", "INSUFFICIENT_ACCESS", "FAILED_ACTIVATION",
        "FUNCTIONALITY_NOT_ENABLED", "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "OPERATION_TOO_LARGE",
    }  # fmt: skip
    assert set(TABLE) - published <= rest_only


def test_every_published_code_gives_an_error_with_class_and_code() -> None:
    enums = json.loads((CONTRACTS / "partner-wsdl-enums.json").read_text())["enums"]
    for code in {value for name, values in enums.items() if name.endswith("Code") for value in values}:
        error = row_error([{"statusCode": code, "message": "text", "fields": ["Name"]}])
        assert isinstance(error, CrosswalkError)
        assert error.code in (code, "REQUEST_LIMIT_EXCEEDED")


def test_recorded_collections_read_as_they_were_meant() -> None:
    exchanges = json.loads((CONTRACTS / "recorded-rest-exchanges.json").read_text())["exchanges"]
    rows = [row for exchange in exchanges if isinstance(body := exchange["response"]["body"], list) for row in body]
    failed = [row for row in rows if not row["success"]]
    assert len(rows) > 10
    assert all(row_error(row["errors"]).code for row in failed)


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", "/services/data/v62.0/query/", True),
        ("POST", "/services/data/v62.0/jobs/query", True),
        ("PATCH", "/services/data/v62.0/jobs/query/7505fEXAMPLE4C2AAM", True),
        ("POST", "/services/data/v62.0/composite/sobjects/Account", True),
        ("POST", "/services/data/v62.0/composite/sobjects", False),
        ("POST", "/services/data/v62.0/composite/sobjects/", False),
        ("PATCH", "/services/data/v62.0/composite/sobjects/Account/ERP_Id__c", False),
        ("POST", "/services/data/v62.0/composite", False),
        ("POST", "/services/data/v62.0/composite/tree/Account", False),
        ("POST", "/services/data/v62.0/sobjects/Account/", False),
        ("POST", "/services/data/v62.0/sobjects/services/data/v62.0/jobs/query", False),
        ("POST", "/services/data/v62.0/jobs/ingest", False),
        ("PATCH", "/services/data/v62.0/jobs/ingest/7505", False),
        ("DELETE", "/services/data/v62.0/jobs/query/7505", False),
        ("DELETE", "/services/data/v62.0/composite/sobjects", False),
        ("POST", "/services/async/62.0/job", False),
        ("POST", "/services/apexrest/anything", False),
    ],
)
def test_what_reads_and_what_writes(method: str, path: str, reads: bool) -> None:
    assert is_read(method, path) is reads
