"""What HubSpot's categories and codes mean to us (HubSpot §5, §6). Codes are matched, not texts, but where only the text tells."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from crosswalk.connectors.meanings import Meaning
from crosswalk.connectors.wire import not_executed, retry_after_of
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

TAKEN = "CONFLICTING_UNIQUE_VALUE"
NO_ASSOCIATIONS = "crm.associations.NO_ASSOCIATIONS_FOUND"
DAILY = "DAILY"
DAILY_WAIT = 3600.0  # seconds; the day ends at the account's midnight, which we look for every hour
WINDOW_WAIT = 10.0  # seconds until a rolling window of ten is over
SECOND_WAIT = 1.0
LOCKED_WAIT = 2.0

_TAKEN_TEXT = re.compile(r"(\d+) already has that value")
_EXISTING = re.compile(r"Existing ID: (\d+)")
_uniform = random.SystemRandom().uniform


_INVALID = "Correct the value in the source, or the field's line in the mapping."
_LATER = "HubSpot is busy or in maintenance; it will be tried again."
_RULE = "HubSpot refused the record; its text says what to correct."
_ADDRESS = "Check `base_url` and `api_version` of the connection."

CODES: Mapping[str, Meaning] = {
    # of a property (§5)
    "PROPERTY_DOESNT_EXIST": Meaning(SchemaError, "Create the property in Settings > Properties, or take it out of the mapping."),
    "READ_ONLY_VALUE": Meaning(SchemaError, "HubSpot computes this property: make its line in the mapping `law: one_way`."),
    "INVALID_OPTION": Meaning(ValidationError, "Add the value to the property's options, or translate it in the mapping's `values`."),
    "INVALID_EMAIL": Meaning(ValidationError, _INVALID),
    "INVALID_LONG": Meaning(ValidationError, _INVALID),
    "INVALID_INTEGER": Meaning(ValidationError, _INVALID),
    "INVALID_DOUBLE": Meaning(ValidationError, _INVALID),
    "INVALID_NUMBER": Meaning(ValidationError, _INVALID),
    "INVALID_DATE": Meaning(ValidationError, "A date is midnight UTC: write it to a date property, or an instant to a datetime one."),
    "MISSING_REQUIRED_PROPERTY": Meaning(ValidationError, "Map the property that the account requires, or give it a default."),
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": Meaning(ValidationError, "Map the property that the account requires, or give it a default."),
    TAKEN: Meaning(ConflictError, "Another record has this unique value already; link the two."),
    # categories (§5)
    "INVALID_AUTHENTICATION": Meaning(AuthenticationError, "Copy the app's token into the connection anew: it was rotated, revoked or mistyped."),
    "EXPIRED_AUTHENTICATION": Meaning(AuthenticationError, "The token has ended; with a refresh token in the connection it is renewed by itself."),
    "MISSING_SCOPES": Meaning(PermissionDeniedError, "Add the scope to the app in HubSpot, and install it again where it is an OAuth app."),
    "OBJECT_NOT_FOUND": Meaning(NotFoundError, "It may have been archived, merged or deleted for good."),
    "CONFLICT": Meaning(ConflictError, "Another record has this value already; link the two."),
    "OBJECT_ALREADY_EXISTS": Meaning(ConflictError, "It is there already; use it."),
    "VALIDATION_ERROR": Meaning(ValidationError, _RULE),
    "RATE_LIMITS": Meaning(RateLimitedError),
}  # fmt: skip

_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning(ValidationError, _RULE),
    401: Meaning(AuthenticationError, "Check the connection's credentials."),
    403: Meaning(PermissionDeniedError, "Check the scopes of the app, and whether the account may use this feature."),
    404: Meaning(NotFoundError, "It may have been archived, merged or deleted for good."),
    405: Meaning(ConfigurationError, _ADDRESS),
    409: Meaning(ConflictError, "Another record has this value already; link the two."),
    414: Meaning(ConfigurationError, "Too much is asked in one address: map fewer properties."),
    415: Meaning(ConfigurationError, _ADDRESS),
    423: Meaning(TransientError, "A bulk change holds the record; it will be tried again.", executed=False),
    477: Meaning(TransientError, "The account moves to another data centre; it will be tried again.", executed=False),
}


def classify(response: requests.Response) -> CrosswalkError | None:
    """Return the error an answer stands for; None when it is none. 207 is none: its rows are read one by one."""
    status = response.status_code
    if status < 300:
        return None
    body = _body(response)
    if status == 429:
        return _limited(body, retry_after_of(response))
    if status == 404 and body is None:  # a path nobody knows: an HTML page (§4)
        return ConfigurationError("HubSpot knows no such address.", hint=_ADDRESS, code="404")
    if status >= 500 or status in (415, 423, 477) or body is None:
        return _by_status(status, body)
    return error_of(body, status)


def error_of(entry: Mapping[str, Any], status: int = 400) -> CrosswalkError:
    """Return what an error body, or one entry of a batch's ``errors``, stands for: its first property that is wrong, else its category."""
    message = _one_line(str(entry.get("message") or "HubSpot named no reason."))
    part = next((one for one in _parts(entry) if one.get("code") in CODES), {})
    code = str(part.get("code") or entry.get("category") or status)
    if taken := _TAKEN_TEXT.search(message):
        code = TAKEN
    existing = taken or _EXISTING.search(message)
    meaning = CODES.get(code) or _BY_STATUS.get(status) or Meaning(ValidationError, _RULE)
    return meaning.kind(
        _one_line(str(part.get("message") or message)),
        hint=_scopes(entry) or meaning.hint,
        code=code,
        field=_first(part.get("context"), "propertyName"),
        record=existing[1] if existing else None,
    )


def _limited(body: Mapping[str, Any] | None, asked: float | None) -> RateLimitedError:
    """Tell the limits apart: a policy's name, or a category alone for searches (HubSpot §6)."""
    policy = str((body or {}).get("policyName") or (body or {}).get("category") or "")
    message = str((body or {}).get("message") or "HubSpot asks for patience.")
    if policy == DAILY:
        return RateLimitedError(
            "HubSpot's calls of the day are used up.",
            retry_after=DAILY_WAIT,
            hint="They begin anew at midnight in the account's time zone. Other apps of the account spend the same calls.",
            code=DAILY,
        )
    window = WINDOW_WAIT if policy == "TEN_SECONDLY_ROLLING" else _uniform(1.0, 1.5) * SECOND_WAIT
    wait = window if asked is None else asked
    return RateLimitedError(message, retry_after=wait, hint="It will be tried again.", code=policy or "429")


def _by_status(status: int, body: Mapping[str, Any] | None) -> CrosswalkError:
    meaning = _BY_STATUS.get(status) or Meaning(TransientError if status >= 500 else ValidationError, _LATER)
    text = str((body or {}).get("message") or "an answer without an error body")
    error = meaning.kind(_one_line(text), hint=meaning.hint, code=str((body or {}).get("category") or status))
    if isinstance(error, TransientError) and not meaning.executed:
        not_executed(error)
        error.__dict__.setdefault("retry_after", LOCKED_WAIT if status == 423 else None)
    return error


def _scopes(entry: Mapping[str, Any]) -> str:
    """Return a hint that names the scopes of which one is missing; empty for other errors."""
    found = [
        str(one) for part in _parts(entry) for one in (part.get("context") or {}).get("requiredGranularScopes", ())
    ]
    return f"Add the scope {' or '.join(sorted(set(found)))} to the app in HubSpot." if found else ""


def _parts(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = entry.get("errors")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _first(context: object, name: str) -> str | None:
    found = context.get(name) if isinstance(context, dict) else None
    return str(found[0]) if isinstance(found, list) and found else None


def _body(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = json.loads(response.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _one_line(message: str) -> str:
    return " ".join(message.split())
