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


# Every code that the platform page or a field report names (Salesforce §2.7, §4, §6.2, §7, §8.2, §9, §14, §15), and what to do about it:
# retry: nothing was done, send it again · in doubt: a write's outcome is unknown, a read is repeated · split: ask for less ·
# reject: this record, by a person · gone: look the record up anew · exists: somebody has it · moved: plan anew
CODES = {
    "retry": """
        400:UNABLE_TO_LOCK_ROW 403:REQUEST_LIMIT_EXCEEDED 503:API_TEMPORARILY_UNAVAILABLE 400:TOO_MANY_APEX_REQUESTS
        400:INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE 503:ORG_IN_MAINTENANCE 400:RECORD_IN_USE_BY_WORKFLOW
        400:FUNCTIONALITY_TEMPORARILY_UNAVAILABLE 400:TERRITORY_REALIGN_IN_PROGRESS 429:""",
    "in doubt": """
        500:UNKNOWN_EXCEPTION 503:SERVER_UNAVAILABLE 400:REQUEST_RUNNING_TOO_LONG 502: 503: 406: 408: 420: 500:API_ERROR
        500:INTERNAL_ERROR 400:TooManyLockFailure 400:Timeout 500:FIELD_INTEGRITY_EXCEPTION""",
    "split": """
        400:QUERY_TIMEOUT 400:OPERATION_TOO_LARGE 400:QUERY_TOO_COMPLICATED 400:EXCEEDED_ID_LIMIT 400:ExceededQuota""",
    "login": """
        401:INVALID_SESSION_ID 400:InvalidSessionId 401:LOGIN_OAUTH_INVALID_TOKEN 401: 400:INVALID_LOGIN
        400:PASSWORD_LOCKOUT 400:LOGIN_DURING_RESTRICTED_TIME 400:LOGIN_DURING_RESTRICTED_DOMAIN""",
    "permission": """
        403:API_DISABLED_FOR_ORG 403:API_CURRENTLY_DISABLED 403:FUNCTIONALITY_NOT_ENABLED 403:INSUFFICIENT_ACCESS
        403:INSUFFICIENT_ACCESS_OR_READONLY 400:INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY 400:FeatureNotEnabled
        400:INVALID_FIELD_FOR_INSERT_UPDATE 400:TXN_SECURITY_METERING_ERROR 400:TXN_SECURITY_NO_ACCESS 403:
        400:FIELD_NOT_UPDATABLE 400:INVALID_READ_ONLY_USER_DML 400:UNAVAILABLE_RECORDTYPE_EXCEPTION
        403:ORG_LOCKED 403:TRIAL_EXPIRED""",
    "schema": """
        400:MALFORMED_QUERY 400:INVALID_FIELD 400:INVALID_TYPE 400:INVALIDENTITY 400:API_ERROR 400:InvalidEntity
        400:INVALID_QUERY_FILTER_OPERATOR 400:INVALID_TYPE_FOR_OPERATION""",
    "configuration": """
        410:UNSUPPORTED_API_VERSION 405:METHOD_NOT_ALLOWED 405: 410: 414: 431: 415:UNSUPPORTED_MEDIA_TYPE 415:
        400:STORAGE_LIMIT_EXCEEDED 400:INVALID_REPLICATION_DATE 400:InvalidVersion""",
    "gone": """
        404:NOT_FOUND 404:ENTITY_IS_DELETED 400:INVALID_CROSS_REFERENCE_KEY 400:INVALID_QUERY_LOCATOR 404:""",
    "exists or moved": """
        400:DUPLICATE_VALUE 400:DUPLICATES_DETECTED 400:DUPLICATE_DEVELOPER_NAME 300: 409: 412: 428: 412:BATCH_PROCESSING_HALTED
        400:PROCESSING_HALTED 400:ALL_OR_NONE_OPERATION_ROLLED_BACK 412:ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE""",
    "reject": """
        400:MALFORMED_ID 400:REQUIRED_FIELD_MISSING 400:STRING_TOO_LONG 400:NUMBER_OUTSIDE_VALID_RANGE 400:JSON_PARSER_ERROR
        400:INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST 400:FIELD_CUSTOM_VALIDATION_EXCEPTION 400:FIELD_INTEGRITY_EXCEPTION
        400:FIELD_FILTER_VALIDATION_EXCEPTION 400:STANDARD_PRICE_NOT_DEFINED 400:INACTIVE_OWNER_OR_USER
        400:OP_WITH_INVALID_USER_TYPE_EXCEPTION 400:CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY 400:CANNOT_EXECUTE_FLOW_TRIGGER
        400:CUSTOM_APEX_ERROR 400:FLOW_EXCEPTION 400:FAILED_ACTIVATION 400:ENTITY_IS_LOCKED 400:CIRCULAR_DEPENDENCY
        400:DELETE_FAILED 400:LIMIT_EXCEEDED 400:EXCEEDED_MAX_SOBJECTS 400:InvalidBatch 400:ClientInputError 400:InvalidJob
        400:InvalidJobState 400:INVALID_ID_FIELD 400:INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD 400:INVALID_EMAIL_ADDRESS
        400:INVALID_CURRENCY_ISO""",
}  # fmt: skip
ONLY_BY_STATUS = {"", "LOGIN_OAUTH_INVALID_TOKEN", "REQUEST_LIMIT_EXCEEDED"}


def course(error: CrosswalkError | None) -> str:
    """What is done about an error."""
    courses = {
        AuthenticationError: "login", PermissionDeniedError: "permission", SchemaError: "schema", ConfigurationError: "configuration",
        RateLimitedError: "retry", TransientError: "in doubt", RetryableError: "split",
        NotFoundError: "gone", ConflictError: "exists or moved", ValidationError: "reject",
    }  # fmt: skip
    assert error is not None
    return "retry" if is_not_executed(error) else courses[type(error)]


@pytest.mark.parametrize(("what", "case"), [(what, case) for what, cases in CODES.items() for case in cases.split()])
def test_every_code_that_is_known_of_leads_to_what_it_calls_for(what: str, case: str) -> None:
    status, _, code = case.partition(":")
    error = classify(answered(int(status), one(code) if code else b"<html>an edge server</html>"))
    assert course(error) == what
    assert error is not None
    assert error.hint or what in ("login", "retry")


def test_no_code_of_the_table_goes_unlisted() -> None:
    assert {case.partition(":")[2] for cases in CODES.values() for case in cases.split()} == set(TABLE) | ONLY_BY_STATUS


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


def test_every_code_of_the_table_is_one_the_vendor_publishes_or_the_page_names() -> None:
    enums = json.loads((CONTRACTS / "partner-wsdl-enums.json").read_text())["enums"]
    published = {value for values in enums.values() for value in values}
    rest_only = {
        "NOT_FOUND", "JSON_PARSER_ERROR", "PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "InvalidSessionId",
        "REQUEST_RUNNING_TOO_LONG", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "API_TEMPORARILY_UNAVAILABLE",
        "TOO_MANY_APEX_REQUESTS", "ENTITY_IS_LOCKED", "CUSTOM_APEX_ERROR", "INSUFFICIENT_ACCESS", "FAILED_ACTIVATION",
        "FUNCTIONALITY_NOT_ENABLED", "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "OPERATION_TOO_LARGE",
        "METHOD_NOT_ALLOWED", "INVALIDENTITY", "API_ERROR",
        "InvalidEntity", "InvalidVersion", "FeatureNotEnabled", "TooManyLockFailure", "Timeout", "ExceededQuota",
        "InvalidBatch", "InvalidJob", "InvalidJobState", "ClientInputError",
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
