"""Refusals in the vendor's form (NetSuite §11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options

_RFC9110: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Bad Request", "15.5.1"),
    401: ("Unauthorized", "15.5.2"),
    403: ("Forbidden", "15.5.4"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    406: ("Not Acceptable", "15.5.7"),
    409: ("Conflict", "15.5.10"),
    413: ("Content Too Large", "15.5.14"),
    415: ("Unsupported Media Type", "15.5.16"),
    429: ("Too Many Requests", "15.5"),
    500: ("Internal Server Error", "15.6.1"),
    502: ("Bad Gateway", "15.6.3"),
    503: ("Service Unavailable", "15.6.4"),
    504: ("Gateway Timeout", "15.6.5"),
}
_RFC2616: Final[Mapping[int, str]] = {400: "10.4.1", 401: "10.4.2", 403: "10.4.4", 404: "10.4.5", 405: "10.4.6",
                                      406: "10.4.7", 409: "10.4.10", 415: "10.4.16", 500: "10.5.1"}  # fmt: skip
_ACCESSING: Final = "Error while accessing a resource. "
_BAD_VALUE: Final = re.compile(r"You have entered an Invalid Field Value .* for the following field: (.+)$", re.DOTALL)


class Refusal(Exception):
    """A request that the account refuses; becomes the error body of NetSuite §11.

    ``where`` is one of ``o:errorPath``, ``o:errorQueryParam``, ``o:errorHeader``, ``o:errorUrl`` and its value.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        where: tuple[str, str] | None = None,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.where = where
        self.title = title
        self.headers = dict(headers or {})

    def body(self, *, rfc2616: bool = False) -> dict[str, Any]:
        """The error body."""
        detail = {"detail": self.detail}
        if self.where is not None:
            detail[self.where[0]] = self.where[1]
        detail["o:errorCode"] = self.code
        title, section = _RFC9110.get(self.status, ("Error", "15"))
        kind = f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}"
        if rfc2616:
            kind = f"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec{_RFC2616.get(self.status, '10')}"
        return {"type": kind, "title": self.title or title, "status": self.status, "o:errorDetails": [detail]}


def user_error(detail: str) -> Refusal:
    """400 for a business rule; the detail follows NetSuite's standing words."""
    return Refusal(400, "USER_ERROR", _ACCESSING + detail)


def required(*labels: str) -> Refusal:
    """400 for mandatory fields that have no value."""
    return user_error(f"Please enter value(s) for: {', '.join(labels)}.")


def invalid_value(value: object, field: str, path: str) -> Refusal:
    """400 for a value or reference that the field cannot hold."""
    detail = f"You have entered an Invalid Field Value {value} for the following field: {field}"
    return Refusal(400, "INVALID_CONTENT", _ACCESSING + detail, where=("o:errorPath", path))


def invalid_content(detail: str, path: str | None = None) -> Refusal:
    """400 for a body that cannot be read."""
    return Refusal(400, "INVALID_CONTENT", detail, where=("o:errorPath", path) if path else None)


def invalid_parameter(name: str, detail: str, code: str = "INVALID_PARAMETER") -> Refusal:
    """400 for a bad query parameter."""
    return Refusal(400, code, detail, where=("o:errorQueryParam", name))


def invalid_login() -> Refusal:
    """401 for everything about credentials; the body never says why (NetSuite §2)."""
    return Refusal(
        401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at"
        " Setup > Users/Roles > User Management > View Login Audit Trail."
    )  # fmt: skip


def unknown_type(name: str, path: str) -> Refusal:
    """404 for a record type that is not there (NetSuite §5.3)."""
    return Refusal(404, "NONEXISTENT_ID", f"Record type '{name}' does not exist.", where=("o:errorUrl", path))


def unknown_record(*, is_transaction: bool = False) -> Refusal:
    """The answer to an unknown id: 400 for transactions, 404 for everything else (NetSuite §5.3)."""
    if is_transaction:
        return user_error("Transaction type specified is incorrect.")
    return Refusal(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.")


def unknown_url(path: str) -> Refusal:
    """404 for a path that names no service."""
    return Refusal(404, "NONEXISTENT_ID", "The requested resource does not exist.", where=("o:errorUrl", path))


def method_not_allowed(method: str) -> Refusal:
    """405 for a method that the resource does not know."""
    return Refusal(405, "METHOD_NOT_ALLOWED", f"The method {method} is not allowed for this resource.")


def permission(label: str) -> Refusal:
    """403 for a role that may not do this (NetSuite §11)."""
    return Refusal(
        403,
        "INSUFFICIENT_PERMISSION",
        f"Permission Violation: You need the '{label}' permission to access this page."
        " Please contact your account administrator.",
    )


def too_many_requests() -> Refusal:
    """429 when the account's concurrent requests are used up (NetSuite §10); no Retry-After is documented."""
    return Refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")


def unexpected(error_id: str) -> Refusal:
    """500 with an Error ID."""
    return Refusal(500, "UNEXPECTED_ERROR", f"An unexpected error occurred. Error ID: {error_id}")


def record_changed(status: int) -> Refusal:
    """Another save came in between."""
    return Refusal(status, "RCRD_HAS_BEEN_CHANGED", _ACCESSING + "Record has been changed")


def as_told(refusal: Refusal, options: Options) -> Refusal:
    """The refusal in the words of this account, where sources know two (NetSuite §11)."""
    if refusal.code == "INSUFFICIENT_PERMISSION" and options.permission_as_user_error:
        return user_error(refusal.detail)
    found = _BAD_VALUE.search(refusal.detail) if options.newer_value_words else None
    if found is not None:
        refusal.detail = f"Invalid value for the resource or sub-resource field '{found[1]}'. Provide a valid value."
    return refusal
