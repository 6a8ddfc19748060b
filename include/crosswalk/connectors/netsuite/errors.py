"""NetSuite's codes and texts, and what each means for us (NetSuite §11).

Most business rules come as ``USER_ERROR`` with nothing but a sentence, so that the table reads sentences too.
The first rule that fits wins.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crosswalk.connectors.meanings import Rule
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

if TYPE_CHECKING:
    import requests

OVERLOAD_SECONDS = 30.0  # NetSuite §10: a 401 after a long wait is overload, not bad credentials
UNEXPECTED = "UNEXPECTED_ERROR"

log = logging.getLogger(__name__)


class AlreadyExistsError(ConflictError):
    """The external id, the entity id or the item id is taken."""


class RecordMovedError(ConflictError):
    """Somebody saved the record between our reading and our writing; nothing of ours was written."""


_REPLAY = "Then replay the record."
TABLE = (
    Rule(RateLimitedError, "All request slots of the account are taken; its integrations share them.", (429,)),
    Rule(
        RateLimitedError,
        "All request slots of the account are taken; its integrations share them.",
        codes=("CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED"),
    ),
    Rule(
        AuthenticationError,
        "The reason is in NetSuite's Login Audit Trail: secrets, account id, role, disabled feature, or the clock.",
        (401,),
    ),
    Rule(TransientError, "NetSuite failed inside; the Error ID is for its support.", (500,), (UNEXPECTED,)),
    Rule(TransientError, "NetSuite or a gateway is disturbed; try again later.", (408, *range(500, 600))),
    Rule(
        RecordMovedError, "Somebody saved the record meanwhile; it is planned anew.", codes=("RCRD_HAS_BEEN_CHANGED",)
    ),
    Rule(RecordMovedError, "Somebody saved the record meanwhile; it is planned anew.", text="record has been changed"),
    Rule(
        AlreadyExistsError,
        f"Link the existing record, or free the id. {_REPLAY}",
        codes=("DUP_RCRD", "DUP_ENTITY", "DUP_ITEM", "UNIQUE_CUST_ID_REQD", "IDEMPOTENCY_ERROR"),
    ),
    Rule(AlreadyExistsError, f"Link the existing record, or free the id. {_REPLAY}", (400, 409), text="already exists"),
    Rule(
        PermissionDeniedError,
        "Give the integration's role the permission named, with level Edit: REST loads records in edit mode.",
        codes=("INSUFFICIENT_PERMISSION",),
    ),
    Rule(
        PermissionDeniedError,
        "Give the integration's role the permission named, with level Edit: REST loads records in edit mode.",
        text=r"you need .{0,80}permission|permission violation",
    ),
    Rule(PermissionDeniedError, "The integration's role lacks a right.", (403,)),
    Rule(
        SchemaError,
        "Correct the name in the mapping file, enable the feature it belongs to, or give the role access to it.",
        codes=("INVALID_PARAMETER", "INVALID_SQL", "NONEXISTENT_FIELD", "USER_ERROR"),
        text=r"(field|record) '[^']+' .{0,60}was not found|unknown identifier|unknown field name",
    ),
    Rule(
        SchemaError,
        "Correct the name in the mapping file, or enable the feature the field belongs to.",
        text=r"unknown (field|property|attribute)|does not exist on this record|(field|property) name is not valid",
    ),
    Rule(SchemaError, "Correct the name in the mapping file.", codes=("NONEXISTENT_FIELD",)),
    Rule(
        SchemaError,
        "Enable the feature, or give the role access to this type.",
        text=r"record type '.*' does not exist",
    ),
    Rule(
        NotFoundError, "The record was deleted or is of another type.", text="transaction type specified is incorrect"
    ),
    Rule(NotFoundError, "The record was deleted, or the role may not see it.", (404,)),
    Rule(ValidationError, f"Give the fields named a default in the pairing or mapping. {_REPLAY}", text="enter value"),
    Rule(
        ValidationError,
        f"Share the item with that subsidiary, or choose another subsidiary. {_REPLAY}",
        text="invalid item reference key",
    ),
    Rule(
        ValidationError,
        f"A workflow locks the record (Lock Record): unlock it, or exempt the integration's role. {_REPLAY}",
        text=r"record .{0,40}locked",
    ),
    Rule(ValidationError, f"Open the period, or move the date. {_REPLAY}", text=r"period .{0,40}(closed|locked)"),
    Rule(ValidationError, f"Correct the value, or the value map. {_REPLAY}", codes=("INVALID_CONTENT",)),
    Rule(ValidationError, f"Correct what the text says. {_REPLAY}", codes=("USER_ERROR",)),
    Rule(
        ConfigurationError,
        "NetSuite does not understand the request; report this as an error of the connector.",
        codes=("INVALID_PARAMETER", "INVALID_SQL", "INVALID_REQUEST", "INVALID_HEADER", "METHOD_NOT_ALLOWED"),
    ),
    Rule(
        ConfigurationError,
        "NetSuite does not understand the request; report this as an error of the connector.",
        (405, 406, 415),
    ),
    Rule(ValidationError, f"Correct what the text says. {_REPLAY}"),
)


def classify(response: requests.Response) -> CrosswalkError | None:
    """Return the error an answer stands for, None for a good one."""
    if response.status_code < 400:
        return None
    details = _details(response)
    code = next((entry["code"] for entry in details if entry["code"]), "")
    detail = " ".join(entry["detail"] for entry in details if entry["detail"])
    log.info(
        "NetSuite answered %d %s (operation %s, job %s)",
        response.status_code, code, response.headers.get("X-N-OperationId"), response.headers.get("X-NetSuite-JobId"),
    )  # fmt: skip
    if response.status_code == 401 and response.elapsed.total_seconds() > OVERLOAD_SECONDS:
        return _overload(response.elapsed.total_seconds())
    return _error(response.status_code, code, detail, next((e["path"] for e in details if e["path"]), None))


def _error(status: int, code: str, detail: str, path: str | None) -> CrosswalkError:
    rule = next(rule for rule in TABLE if rule.fits(status, code, detail))
    message = _without_preamble(detail) or f"NetSuite answered {status}{f' {code}' if code else ''}."
    field = path or _named_field(detail) if issubclass(rule.error, SchemaError | ValidationError) else path
    return rule.error(message, hint=rule.hint, field=field, code=code or str(status))


def _overload(seconds: float) -> RateLimitedError:
    """The signature went stale in the queue (NetSuite §10): refused for want of a slot, not for the secrets."""
    return RateLimitedError(
        f"NetSuite refused the login after {seconds:.0f} s of waiting: the account is overloaded.",
        hint="Lower the concurrency of this connection; its request slots are shared by all integrations.",
        code="INVALID_LOGIN",
    )


def _details(response: requests.Response) -> list[dict[str, str]]:
    """Return code, detail and path of each ``o:errorDetails`` entry; empty for a body of another shape."""
    try:
        body = response.json()
    except ValueError:
        return []
    if not isinstance(body, Mapping):
        return []
    entries = [entry for entry in body.get("o:errorDetails") or () if isinstance(entry, Mapping)]
    return [
        {
            "code": str(entry.get("o:errorCode") or body.get("o:errorCode") or ""),
            "detail": str(entry.get("detail") or ""),
            "path": str(entry.get("o:errorPath") or ""),
        }
        for entry in entries or [{"detail": body.get("detail") or body.get("title")}]
    ]


_PREAMBLES = (
    r"^Error while accessing a resource\.\s*",
    r"^Invalid search query\.\s*",
    r"^Detailed unprocessed description follows\.\s*",
    r"^Search error occurred:\s*",
)


def _without_preamble(detail: str) -> str:
    for preamble in _PREAMBLES:
        detail = re.sub(preamble, "", detail)
    return detail.strip()


def _named_field(detail: str) -> str | None:
    found = re.search(r"(?:field|identifier|field name) '([^']+)'|following field: (\w+)", detail, re.IGNORECASE)
    return next((group for group in found.groups() if group), None) if found else None
