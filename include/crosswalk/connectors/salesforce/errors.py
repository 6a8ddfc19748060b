"""What Salesforce's error codes mean to us (Salesforce §6). Codes are matched, not texts, but for the one code with two meanings."""

from __future__ import annotations

import json
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
    RetryableError,
    SchemaError,
    TransientError,
    ValidationError,
)

LOCATOR_LOST = "INVALID_QUERY_LOCATOR"
QUERY_TOO_HEAVY = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "QUERY_TOO_COMPLICATED"})
DUPLICATE = "DUPLICATE_VALUE"
LOCKED = "UNABLE_TO_LOCK_ROW"
ROLLED_BACK = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED", "BATCH_PROCESSING_HALTED"})
DAILY_WAIT = 3600.0  # seconds; the allowance is a rolling day, so that some calls are free again within the hour

_NO_COLUMN = re.compile(r"No such column '([^']+)' on (?:entity '([^']+)'|sobject of type (\w+))")
_FLS = "Give the integration user's permission set access to the field (field-level security), or take it out of the mapping."
_HELD = "Another transaction held the record or its parent; it will be sent again."


_INVALID = "Correct the value in the source, or the field's line in the mapping."
_HUMAN = "A rule of the org refused the record; its text says what to correct."
_RIGHT = "Ask the admin to add this right to the integration user's permission set."
_LATER = "Salesforce is busy or in maintenance; it will be tried again."
_SPLIT = "Narrow the selection's `where`, or leave out wide fields."
_VERSION = "Set `version` of the connection to a supported one."
_BULK = "Bulk does not read this; the pull goes by REST where the query fits a URL. Map fewer fields if it does not."
_BUSY = Meaning(TransientError, _LATER, executed=False)

TABLE: Mapping[str, Meaning] = {
    # a person edits a mapping, a permission or the org
    "INVALID_FIELD": Meaning(SchemaError, _FLS),
    "INVALID_TYPE": Meaning(SchemaError, "Give the user read access to the object, or switch its feature on."),
    "MALFORMED_QUERY": Meaning(SchemaError, "Correct the selection's `where` in the mapping."),
    "INVALID_QUERY_FILTER_OPERATOR": Meaning(SchemaError, "Correct the selection's `where` in the mapping."),
    "INVALID_TYPE_FOR_OPERATION": Meaning(SchemaError, "The object does not offer this; correct the mapping."),
    "INVALIDENTITY": Meaning(SchemaError, _BULK),
    "InvalidEntity": Meaning(SchemaError, _BULK),
    "API_ERROR": Meaning(SchemaError, _BULK),
    "UNSUPPORTED_API_VERSION": Meaning(ConfigurationError, _VERSION),
    "InvalidVersion": Meaning(ConfigurationError, _VERSION),
    "METHOD_NOT_ALLOWED": Meaning(ConfigurationError, _VERSION),
    "UNSUPPORTED_MEDIA_TYPE": Meaning(ConfigurationError, _VERSION),
    "INVALID_REPLICATION_DATE": Meaning(ConfigurationError, "Reset the watermark: the org remembers thirty days."),
    "ORG_LOCKED": Meaning(PermissionDeniedError, "The org is locked; ask Salesforce."),
    "TRIAL_EXPIRED": Meaning(PermissionDeniedError, "The org's trial is over."),
    "API_DISABLED_FOR_ORG": Meaning(PermissionDeniedError, "Give the integration user the permission API Enabled."),
    "API_CURRENTLY_DISABLED": Meaning(PermissionDeniedError, "Give the integration user the permission API Enabled."),
    "FUNCTIONALITY_NOT_ENABLED": Meaning(PermissionDeniedError, "Switch the feature on in Setup."),
    "FeatureNotEnabled": Meaning(PermissionDeniedError, "Switch the Bulk API on in Setup."),
    "INSUFFICIENT_ACCESS": Meaning(PermissionDeniedError, _RIGHT),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning(PermissionDeniedError, _RIGHT),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning(PermissionDeniedError, _RIGHT),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning(PermissionDeniedError, _FLS),
    "FIELD_NOT_UPDATABLE": Meaning(PermissionDeniedError, _FLS),
    "INVALID_READ_ONLY_USER_DML": Meaning(PermissionDeniedError, _RIGHT),
    "UNAVAILABLE_RECORDTYPE_EXCEPTION": Meaning(PermissionDeniedError, "Give the user's profile this record type."),
    "TXN_SECURITY_METERING_ERROR": Meaning(PermissionDeniedError, _RIGHT),
    "TXN_SECURITY_NO_ACCESS": Meaning(PermissionDeniedError, _RIGHT),
    "STORAGE_LIMIT_EXCEEDED": Meaning(ConfigurationError, "Free data storage in the org, then replay."),
    "INVALID_SESSION_ID": Meaning(AuthenticationError),
    "InvalidSessionId": Meaning(AuthenticationError),
    "INVALID_LOGIN": Meaning(AuthenticationError, "Check the connection's credentials."),
    "PASSWORD_LOCKOUT": Meaning(AuthenticationError, "Unlock the integration user in Setup > Users."),
    "LOGIN_DURING_RESTRICTED_DOMAIN": Meaning(AuthenticationError, "Let this machine's address in: the profile's IP ranges."),
    "LOGIN_DURING_RESTRICTED_TIME": Meaning(AuthenticationError, "Widen the login hours of the user's profile."),
    # later
    LOCKED: Meaning(TransientError, _HELD, executed=False),
    "SERVER_UNAVAILABLE": Meaning(TransientError, _LATER),
    "UNKNOWN_EXCEPTION": Meaning(TransientError, _LATER),
    "REQUEST_RUNNING_TOO_LONG": Meaning(TransientError, _LATER),
    "API_TEMPORARILY_UNAVAILABLE": _BUSY,
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": _BUSY,
    "TOO_MANY_APEX_REQUESTS": _BUSY,
    "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE": _BUSY,
    "ORG_IN_MAINTENANCE": _BUSY,
    "TERRITORY_REALIGN_IN_PROGRESS": _BUSY,
    "RECORD_IN_USE_BY_WORKFLOW": Meaning(TransientError, _HELD, executed=False),
    "TooManyLockFailure": Meaning(TransientError, _HELD),
    "Timeout": Meaning(TransientError, _LATER),
    "INTERNAL_ERROR": Meaning(TransientError, _LATER),
    "ExceededQuota": Meaning(RetryableError, "Bulk's jobs of 24 hours are used up; it will be tried again."),
    "ENTITY_IS_LOCKED": Meaning(ValidationError, "The record is in an approval; replay when it is decided."),
    "QUERY_TIMEOUT": Meaning(RetryableError, _SPLIT),
    "OPERATION_TOO_LARGE": Meaning(RetryableError, _SPLIT),
    "QUERY_TOO_COMPLICATED": Meaning(RetryableError, _SPLIT),
    "EXCEEDED_ID_LIMIT": Meaning(RetryableError, _SPLIT),
    LOCATOR_LOST: Meaning(NotFoundError, "The cursor is gone; the query is restarted behind the last record."),
    # one record
    "NOT_FOUND": Meaning(NotFoundError, "It may have been deleted, or the user may not see it."),
    "ENTITY_IS_DELETED": Meaning(NotFoundError, "It was deleted or merged; its MasterRecordId names the winner."),
    "INVALID_CROSS_REFERENCE_KEY": Meaning(NotFoundError, "A referenced record is gone or invisible to the user."),
    "MALFORMED_ID": Meaning(ValidationError, _INVALID),
    "INVALID_ID_FIELD": Meaning(ValidationError, _INVALID),
    "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD": Meaning(ValidationError, _INVALID),
    "INVALID_EMAIL_ADDRESS": Meaning(ValidationError, _INVALID),
    "INVALID_CURRENCY_ISO": Meaning(ValidationError, "Activate the currency in the org, or correct the value."),
    "CIRCULAR_DEPENDENCY": Meaning(ValidationError, "The record would be its own ancestor; correct its parent."),
    "LIMIT_EXCEEDED": Meaning(ValidationError, "A limit of the org is reached; its text says which."),
    "EXCEEDED_MAX_SOBJECTS": Meaning(ValidationError, "Lower the option `write_batch`."),
    "InvalidBatch": Meaning(ValidationError, _INVALID),
    "InvalidJob": Meaning(ValidationError, "The job is gone; run it again."),
    "InvalidJobState": Meaning(ValidationError, "The job has ended; run it again."),
    "ClientInputError": Meaning(ValidationError, _INVALID),
    "REQUIRED_FIELD_MISSING": Meaning(ValidationError, "Map the required field, or give it a default in the mapping."),
    "STRING_TOO_LONG": Meaning(ValidationError, "Set `max_length` of the field in the mapping, or shorten the value."),
    "NUMBER_OUTSIDE_VALID_RANGE": Meaning(ValidationError, _INVALID),
    "JSON_PARSER_ERROR": Meaning(ValidationError, "The value has the wrong type for the field; check its converter."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning(
        ValidationError, "Add the value to the picklist, or translate it in the mapping's `values`."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning(ValidationError, _HUMAN),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Meaning(ValidationError, _HUMAN),
    "FIELD_INTEGRITY_EXCEPTION": Meaning(ValidationError, _HUMAN),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning(ValidationError, _HUMAN),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Meaning(ValidationError, _HUMAN),
    "CUSTOM_APEX_ERROR": Meaning(ValidationError, _HUMAN),
    "FAILED_ACTIVATION": Meaning(ValidationError, _HUMAN),
    "FLOW_EXCEPTION": Meaning(ValidationError, _HUMAN),
    "DELETE_FAILED": Meaning(ValidationError, _HUMAN),
    "STANDARD_PRICE_NOT_DEFINED": Meaning(ValidationError, "Create the product's entry in the standard price book first."),
    "INACTIVE_OWNER_OR_USER": Meaning(ValidationError, "Name an active owner."),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Meaning(ValidationError, "Name an active owner."),
    "DUPLICATE_DEVELOPER_NAME": Meaning(ConflictError, "The org has a field or object of this name already; use it."),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Meaning(ConflictError, "The record moved; read it again, then plan anew."),
    DUPLICATE: Meaning(ConflictError, "Another record has this unique value already; link the two."),
    "DUPLICATES_DETECTED": Meaning(
        ConflictError, "A duplicate rule matched: link the existing record, or set the option `duplicate_rule: allow`."
    ),
    **{code: Meaning(ConflictError, "Another record of the request was refused; see its error.") for code in ROLLED_BACK},
}  # fmt: skip

_BY_STATUS: Mapping[int, Meaning] = {
    300: Meaning(ConflictError, "Several records have this external id: merge them and make the field unique."),
    401: Meaning(AuthenticationError, "Check the connection's credentials."),
    403: Meaning(PermissionDeniedError, "Check the integration user's permissions and the org's IP ranges."),
    404: Meaning(NotFoundError, "It may have been deleted, or the user may not see it."),
    405: Meaning(ConfigurationError, _VERSION),
    406: Meaning(TransientError, "An edge server answered; it will be tried again."),
    408: Meaning(TransientError, "It will be tried again."),
    409: Meaning(ConflictError, "Read the record again, then plan anew."),
    410: Meaning(ConfigurationError, _VERSION),
    412: Meaning(ConflictError, "The record moved; read it again, then plan anew."),
    414: Meaning(ConfigurationError, "The query is too long for a URL: map fewer fields."),
    415: Meaning(ConfigurationError, _VERSION),
    420: Meaning(TransientError, "An edge server answered; it will be tried again."),
    428: Meaning(ConflictError, "Read the record again, then plan anew."),
    431: Meaning(ConfigurationError, "The query is too long for a URL: map fewer fields."),
}


def classify(response: requests.Response) -> CrosswalkError | None:
    """Return the error an answer stands for; None when it is none (304 included)."""
    status = response.status_code
    if status < 300 or status == 304:
        return None
    entries = _entries(response)
    entry = _culprit(entries)
    if status == 429:
        return RateLimitedError("Salesforce's gateway asks for patience.", retry_after=retry_after_of(response))
    if entry is not None and (error := _known(entry)) is not None and _tells_more(error, status):
        return error
    meaning = _BY_STATUS.get(status, _default(status))
    text = str(entry.get("message")) if entry else "an answer without an error body"
    return meaning.kind(text, hint=meaning.hint, code=_code(entry) if entry else str(status))


def _tells_more(error: CrosswalkError, status: int) -> bool:
    """Whether a code tells more than the status: not of a refused login, and not of a server that failed, whatever it blames."""
    return status != 401 and (status < 500 or isinstance(error, RetryableError))


def row_error(errors: Sequence[Mapping[str, Any]]) -> CrosswalkError:
    """Return what a failed row of a collection stands for: the culprit among its errors (Salesforce §7.1)."""
    entry = _culprit(errors) or {"statusCode": "UNKNOWN", "message": "Salesforce named no reason."}
    return _known(entry) or ValidationError(
        str(entry.get("message")), hint="Correct the record, then replay it.", code=_code(entry), field=_field(entry)
    )


def _known(entry: Mapping[str, Any]) -> CrosswalkError | None:
    code, message = _code(entry), str(entry.get("message") or entry.get("exceptionMessage") or "")
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(message)
    if LOCKED in message:  # a trigger's failure that is a lock in truth
        code = LOCKED
    meaning = TABLE.get(code)
    if meaning is None:
        return None
    if column := _NO_COLUMN.search(message):
        return _missing(column[1], column[2] or column[3])
    error = meaning.kind(_one_line(message), hint=meaning.hint, code=code, field=_field(entry))
    if isinstance(error, TransientError) and not meaning.executed:
        not_executed(error)
    return error


def _limited(message: str) -> RateLimitedError:
    """One code, two meanings (Salesforce §6.2): the day's calls are used up, or too many long requests run at once."""
    if "TotalRequests" in message:
        return RateLimitedError(
            "The org's API calls for 24 hours are used up.",
            retry_after=DAILY_WAIT,
            hint="Pulls go on when calls are free again. See Setup > Company Information for who uses them.",
            code="REQUEST_LIMIT_EXCEEDED",
        )
    return RateLimitedError(
        f"Too many long requests run in the org: {_one_line(message)}",
        hint="Lower the parallelism of this system's pool.",
        code="REQUEST_LIMIT_EXCEEDED",
    )


def _missing(field: str, entity: str) -> SchemaError:
    hint = _FLS
    if field.lower() == "currencyisocode":
        hint = "The org has one currency only: take CurrencyIsoCode out of the mapping."
    return SchemaError(
        f"{entity} has no field {field} that this user can see.",
        hint=hint,
        code="INVALID_FIELD",
        field=field,
        record=entity,
    )


def _culprit(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first error that is not a mere consequence of another's."""
    return next((entry for entry in entries if _code(entry) not in ROLLED_BACK), entries[0] if entries else None)


def _entries(response: requests.Response) -> list[Mapping[str, Any]]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return []
    found = body if isinstance(body, list) else [body]
    return [entry for entry in found if isinstance(entry, dict)]


def _code(entry: Mapping[str, Any]) -> str:
    return str(
        entry.get("errorCode") or entry.get("statusCode") or entry.get("exceptionCode") or entry.get("error") or ""
    )


def _field(entry: Mapping[str, Any]) -> str | None:
    fields = entry.get("fields")
    return ", ".join(map(str, fields)) or None if isinstance(fields, list) else None


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _default(status: int) -> Meaning:
    if status >= 500:
        return Meaning(TransientError, "Salesforce is busy or in maintenance; it will be tried again.")
    return Meaning(ValidationError, "Correct the record, then replay it.")
