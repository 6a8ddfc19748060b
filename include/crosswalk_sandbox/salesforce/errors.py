"""What the vendor says when it refuses: one class per level (request, row), in the shapes of Salesforce §6."""

from __future__ import annotations

from collections.abc import Sequence


class ApiError(Exception):
    """A whole request is refused: ``status`` and the REST error array."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.entries: list[dict[str, object]] = [error_entry(code, message, fields)]

    @property
    def code(self) -> str:
        """Vendor code of the first entry."""
        return str(self.entries[0]["errorCode"])

    def body(self) -> list[dict[str, object]]:
        """The JSON array of §6.1."""
        return self.entries


class RowError(Exception):
    """One record is refused; several entries are possible (§6.1). ``status`` applies to single-record calls."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.entries: list[tuple[str, str, list[str]]] = [(code, message, list(fields))]
        self.extra: dict[str, object] = {}

    @classmethod
    def many(cls, errors: Sequence[RowError]) -> RowError:
        """Several refusals of the same record as one."""
        first = errors[0]
        joined = cls(*first.entries[0], status=first.status)
        joined.entries = [entry for error in errors for entry in error.entries]
        return joined

    def rest(self) -> list[dict[str, object]]:
        """As a single-record call answers it."""
        return [{**error_entry(code, message, fields), **self.extra} for code, message, fields in self.entries]

    def rows(self) -> list[dict[str, object]]:
        """As collections, tree and Bulk 1.0 answer it: ``statusCode`` instead of ``errorCode``."""
        return [
            {"statusCode": code, "message": message, "fields": fields, **self.extra}
            for code, message, fields in self.entries
        ]

    def text(self) -> str:
        """As ``sf__Error`` of Bulk 2.0 prints it (§8.1)."""
        return ";".join(f"{code}:{message}:{' '.join(fields)} --" for code, message, fields in self.entries)


def error_entry(code: str, message: str, fields: Sequence[str] | None = None) -> dict[str, object]:
    """One element of the REST error array."""
    entry: dict[str, object] = {"message": message, "errorCode": code}
    if fields is not None:
        entry["fields"] = list(fields)
    return entry


def not_found() -> ApiError:
    """404 for an unknown resource or sObject (§4.2)."""
    error = ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    error.entries = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    return error


def no_external_field(name: str) -> ApiError:
    """404 for an upsert by a field that is no external id (§4.4)."""
    text = f"Provided external ID field does not exist or is not accessible: {name}"
    return ApiError(404, "NOT_FOUND", text)


def session_expired() -> ApiError:
    """401 of every REST resource without a living session (§2.7)."""
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def json_error(message: str) -> ApiError:
    """400 for a body that is no JSON or has another shape."""
    return ApiError(400, "JSON_PARSER_ERROR", message)
