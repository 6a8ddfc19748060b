from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest
import requests

from crosswalk.connectors.netsuite.errors import TABLE, AlreadyExistsError, RecordMovedError, classify
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
    ValidationError,
)

QUERY = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
ACCESS = "Error while accessing a resource. "


def answer(status: int, body: object, *, seconds: float = 0.1) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    response.headers["Content-Type"] = "text/html" if isinstance(body, str) else "application/vnd.oracle.resource+json"
    response.elapsed = timedelta(seconds=seconds)
    return response


def problem(code: str, detail: str, **more: str) -> dict[str, object]:
    return {"type": "x", "title": "Bad Request", "o:errorDetails": [{"detail": detail, "o:errorCode": code, **more}]}


CASES = [
    (400, "USER_ERROR", ACCESS + "Please enter value(s) for: Location", ValidationError, "default"),
    (400, "USER_ERROR", ACCESS + "Invalid item reference key 328 for subsidiary 5.", ValidationError, "Share the item"),
    (400, "USER_ERROR", ACCESS + "This entity already exists.", AlreadyExistsError, "Link"),
    (400, "USER_ERROR", ACCESS + "This record already exists.", AlreadyExistsError, "Link"),
    (400, "DUP_RCRD", "A record with this id is there", AlreadyExistsError, "Link"),
    (400, "USER_ERROR", ACCESS + "Transaction type specified is incorrect.", NotFoundError, "another type"),
    (400, "USER_ERROR", ACCESS + "The period Mar 2026 is closed.", ValidationError, "period"),
    (400, "USER_ERROR", ACCESS + "This record has been locked by a user defined workflow.", ValidationError, "unlock"),
    (400, "NONEXISTENT_FIELD", "No such field.", SchemaError, "mapping"),
    (408, "", "Request Timeout", TransientError, "later"),
    (400, "INVALID_CONTENT", ACCESS + "You have entered an Invalid Field Value 9999 for the following field: item", ValidationError, "value"),
    (400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed", RecordMovedError, "planned anew"),
    (409, "", "Record has been changed", RecordMovedError, "planned anew"),
    (401, "INVALID_LOGIN", "Invalid login attempt.", AuthenticationError, "Login Audit Trail"),
    (403, "INSUFFICIENT_PERMISSION", "You need the 'Lists -> Customers' permission", PermissionDeniedError, "role"),
    (400, "USER_ERROR", "You need a higher permission for Transactions -> Sales Order", PermissionDeniedError, "role"),
    (404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.", NotFoundError, "deleted"),
    (404, "NONEXISTENT_ID", "Record type 'file' does not exist.", SchemaError, "type"),
    (400, "INVALID_PARAMETER", QUERY + "Field 'x' for record 'customer' was not found.", SchemaError, "mapping"),
    (400, "INVALID_SQL", QUERY + "Record 'deletedrecord' was not found.", SchemaError, "role"),
    (400, "INVALID_PARAMETER", QUERY + "Unknown identifier 'x'", SchemaError, "mapping"),
    (400, "NONEXISTENT_FIELD", "Unknown field name 'lastModifiedDate' in the search query.", SchemaError, "mapping"),
    (400, "INVALID_PARAMETER", QUERY + "unexpected token at 17", ConfigurationError, "connector"),
    (415, "", "Unsupported Media Type", ConfigurationError, "connector"),
    (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.", RateLimitedError, "slots"),
    (400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit", RateLimitedError, "slots"),
    (400, "DUP_ENTITY", "A customer of this name is there", AlreadyExistsError, "Link"),
    (400, "DUP_ITEM", "An item of this name is there", AlreadyExistsError, "Link"),
    (400, "UNIQUE_CUST_ID_REQD", "A customer with that id exists", AlreadyExistsError, "Link"),
    (400, "IDEMPOTENCY_ERROR", "A request with the same idempotency key was submitted", AlreadyExistsError, "Link"),
    (400, "INVALID_REQUEST", "Invalid value 'a, b'", ConfigurationError, "connector"),
    (400, "INVALID_HEADER", "Prefer is missing", ConfigurationError, "connector"),
    (405, "METHOD_NOT_ALLOWED", "The method is not allowed", ConfigurationError, "connector"),
    (400, "INVALID_CONTENT", "Invalid value for the resource or sub-resource field 'terms'. Provide a valid value.", ValidationError, "value"),
    (500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt", TransientError, "Error ID"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "detail", "kind", "hint"), CASES)
def test_what_an_answer_means(status: int, code: str, detail: str, kind: type[CrosswalkError], hint: str) -> None:
    error = classify(answer(status, problem(code, detail)))
    assert type(error) is kind
    assert hint in error.hint
    assert error.code == (code or str(status))


def test_every_code_the_vendor_is_known_to_send_is_among_the_cases() -> None:
    """NetSuite §11: what stands in the table of codes."""
    cased = {code for _, code, *_ in CASES if code}
    named = {code for rule in TABLE for code in rule.codes} - {"WS_REQUEST_BLOCKED"}  # the SOAP services' own
    assert named - cased == set()


def test_the_sentence_is_shown_without_netsuites_preamble() -> None:
    error = classify(answer(400, problem("USER_ERROR", ACCESS + "Please enter value(s) for: Location")))
    assert error is not None
    assert error.message == "Please enter value(s) for: Location"


def test_the_field_comes_from_the_error_path() -> None:
    error = classify(answer(400, problem("INVALID_CONTENT", "Invalid value", **{"o:errorPath": "item.items[0].item"})))
    assert error is not None
    assert error.field == "item.items[0].item"


def test_several_details_are_all_told() -> None:
    body = problem("USER_ERROR", "One.")
    body["o:errorDetails"].append({"detail": "Two.", "o:errorCode": "USER_ERROR"})
    error = classify(answer(400, body))
    assert error is not None
    assert error.message == "One. Two."


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["<html>maintenance</html>", "", [1], {"o:errorDetails": None}])
def test_a_gateways_page_is_a_passing_fault(status: int, body: object) -> None:
    assert type(classify(answer(status, body))) is TransientError


@pytest.mark.parametrize(
    ("seconds", "kind"), [(0.2, AuthenticationError), (29, AuthenticationError), (61, RateLimitedError)]
)
def test_a_401_after_a_long_wait_is_overload_and_a_quick_one_is_the_credentials(
    seconds: float, kind: type[CrosswalkError]
) -> None:
    error = classify(answer(401, problem("INVALID_LOGIN", "Invalid login attempt."), seconds=seconds))
    assert type(error) is kind


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_good_answer_is_no_error(status: int) -> None:
    assert classify(answer(status, "")) is None


def test_our_own_error_kinds_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(AlreadyExistsError("there", hint="look", code="DUP_RCRD")))
    assert (type(error), error.code, error.hint) == (AlreadyExistsError, "DUP_RCRD", "look")
