"""Every error of the engine, grouped by what to do about it.

    CrosswalkError
    ├── ConfigurationError        a person edits a file or a connection; never retried
    │   ├── AuthenticationError   the system refused the credentials
    │   ├── PermissionDeniedError the credentials lack a right
    │   └── SchemaError           a mapped field or object is missing in the system
    ├── RetryableError            the same call may work later
    │   ├── RateLimitedError      carries ``retry_after`` seconds, or None
    │   ├── TransientError        5xx, a broken connection, a row lock, HTML instead of JSON
    │   └── InDoubtError          a write was sent and its outcome is unknown: ask, never resend
    ├── RecordError               one record is wrong; it goes to quarantine and stops nobody
    │   ├── ValidationError
    │   ├── NotFoundError
    │   └── ConflictError
    └── ReadOnlyError             a mutating call on a read-only connection (law 9)

Retryability is in the type; Airflow's retry policy is built on these classes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict, Unpack


class ErrorClass(StrEnum):
    """What kind of trouble a quarantined record is in (law 8)."""

    VALIDATION = "validation"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    SCHEMA = "schema"
    UNKNOWN = "unknown"


class _Context(TypedDict, total=False):
    """What an error says beside its message."""

    hint: str
    system: str | None
    record: str | None
    field: str | None
    code: str | None


class CrosswalkError(Exception):
    """Root of the tree: ``message`` says what happened and to what, ``hint`` what to do next.

    Instances survive pickling (Airflow moves them between processes).
    """

    error_class: ErrorClass = ErrorClass.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        system: str | None = None,
        record: str | None = None,
        field: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.system = system
        self.record = record
        self.field = field
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[CrosswalkError], state: dict[str, object]) -> CrosswalkError:
    error = kind(str(state["message"]))
    error.__dict__.update(state)
    return error


# --- A person edits a file or a connection ------------------------------------------------


class ConfigurationError(CrosswalkError):
    """A file or a connection is wrong; the message names place and remedy."""

    error_class = ErrorClass.SCHEMA


class AuthenticationError(ConfigurationError):
    """The system refused the credentials."""

    error_class = ErrorClass.AUTHENTICATION


class PermissionDeniedError(ConfigurationError):
    """The credentials are good but lack a right."""

    error_class = ErrorClass.PERMISSION


class SchemaError(ConfigurationError):
    """A mapped field, object or table does not exist for this user."""

    error_class = ErrorClass.SCHEMA


# --- The same call may work later ---------------------------------------------------------


class RetryableError(CrosswalkError):
    """Worth another try, later."""

    error_class = ErrorClass.TIMEOUT


class RateLimitedError(RetryableError):
    """The system asked for patience; ``retry_after`` is in seconds, None when it did not say."""

    error_class = ErrorClass.RATE_LIMIT

    def __init__(self, message: str, *, retry_after: float | None = None, **context: Unpack[_Context]) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after


class TransientError(RetryableError):
    """The system or the way to it is disturbed."""


class InDoubtError(RetryableError):
    """A write was sent and its outcome is unknown. It must be looked up by key, never resent blindly (law 1)."""


# --- One record is wrong ------------------------------------------------------------------


class RecordError(CrosswalkError):
    """One record cannot go on; the others can."""

    error_class = ErrorClass.VALIDATION


class ValidationError(RecordError):
    """A value, or its absence, breaks a rule of ours or of the system."""


class NotFoundError(RecordError):
    """The record is not there (any more)."""

    error_class = ErrorClass.NOT_FOUND


class ConflictError(RecordError):
    """The target moved since the plan was made, or the key already exists."""

    error_class = ErrorClass.CONFLICT


# --- Laws ---------------------------------------------------------------------------------


class ReadOnlyError(CrosswalkError):
    """A mutating request on a read-only connection; refused in the transport (law 9)."""

    error_class = ErrorClass.PERMISSION
