"""Refusals in HubSpot's envelope (HubSpot §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

NOT_JSON: Final = "text/html;charset=utf-8"


class Refusal(Exception):
    """An answer other than success: status, message, and whatever else the envelope holds."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str | None = None,
        *,
        context: Mapping[str, Sequence[str]] | None = None,
        errors: Sequence[Mapping[str, Any]] | None = None,
        sub_category: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.context = context
        self.errors = errors
        self.sub_category = sub_category
        self.extra = extra or {}
        self.headers = headers or {}

    def body(self, correlation: str) -> dict[str, Any]:
        """The envelope; only what is known is in it."""
        found: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": correlation}
        if self.context:
            found["context"] = {key: list(values) for key, values in self.context.items()}
        if self.errors:
            found["errors"] = list(self.errors)
        found |= self.extra
        if self.category:
            found["category"] = self.category
        if self.sub_category:
            found["subCategory"] = self.sub_category
        return found

    def entry(self, **context: Sequence[str]) -> dict[str, Any]:
        """The same as one entry of a batch answer's ``errors`` (§9)."""
        found: dict[str, Any] = {
            "status": "error",
            "category": self.category or "VALIDATION_ERROR",
            "message": self.message,
            "context": {**{key: list(values) for key, values in (self.context or {}).items()}, **context},
            "links": {},
            "errors": list(self.errors or ()),
        }
        if self.sub_category:
            found["subCategory"] = self.sub_category
        return found


class HtmlRefusal(Exception):
    """An answer of the edge, in HTML: unknown paths, wrong verbs, long URLs (§4)."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        page = (
            f"<!DOCTYPE html><html><head><title>{title}</title></head>"
            f"<body><h2>HTTP ERROR {status} {title}</h2></body></html>"
        )
        self.body = page.encode()


def validation(message: str, **context: Sequence[str]) -> Refusal:
    """400 ``VALIDATION_ERROR``."""
    return Refusal(400, message, "VALIDATION_ERROR", context=context)


def broken_json(message: str) -> Refusal:
    """400 without category: the body cannot be read (§4)."""
    return Refusal(400, message)


def wrong_shape(java: str, found: Any) -> Refusal:
    """400 for JSON of another shape, in the words of the platform's parser (§4)."""
    kind = {dict: "Object", list: "Array", str: "String", bool: "Boolean"}.get(type(found), "Number")
    return broken_json(
        f"Invalid input JSON on line 1, column 1: Cannot deserialize value of type `{java}` from {kind} value"
    )


def not_found() -> Refusal:
    """404 of a numeric id that does not exist; no category (§5)."""
    return Refusal(404, "resource not found")


def bad_id(text: str) -> Refusal:
    """404 of an id that can be none (§5)."""
    usually = "positive" if text.lstrip("-").isdigit() else "numeric"
    opening = "objectId is usually" if usually == "positive" else "Object not found.  objectId are usually"
    return Refusal(404, f"{opening} {usually}.", "OBJECT_NOT_FOUND", context={"id": [text]})


def missing_property(name: str) -> Refusal:
    """404 of a property definition (§5)."""
    return Refusal(404, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND", context={"propertyName": [name]})


def missing(message: str, **context: Sequence[str]) -> Refusal:
    """404 ``OBJECT_NOT_FOUND`` with a sentence."""
    return Refusal(404, message, "OBJECT_NOT_FOUND", context=context)


def invalid_values(problems: Sequence[tuple[str, str, str]], portal: int) -> Refusal:
    """All bad properties of a record, twice: as JSON within the message and in ``errors`` (§5).

    ``problems`` are (property, code, message).
    """
    told = [
        {
            "isValid": False, "message": message, "error": code, "name": name,
            "localizedErrorMessage": message, "portalId": portal,
        }
        for name, code, message in problems
    ]  # fmt: skip
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}} for name, code, message in problems
    ]
    return Refusal(
        400, f"Property values were not valid: {orjson.dumps(told).decode()}", "VALIDATION_ERROR", errors=errors
    )


def contact_exists(ident: int) -> Refusal:
    """409: another contact has the address (§17)."""
    return Refusal(409, f"Contact already exists. Existing ID: {ident}", "CONFLICT")


def value_taken(name: str, value: str, ident: int, portal: int) -> Refusal:
    """400: another record has the unique value (§5)."""
    message = f"Cannot set PropertyValueCoordinates{{propertyName={name}, value={value}}} on the record. {ident} already has that value"
    return Refusal(
        400, message, "VALIDATION_ERROR",
        errors=[{"message": message, "code": "CONFLICTING_UNIQUE_VALUE", "context": {"propertyName": [name], "conflictingId": [str(ident)]}}],
        context={"portalId": [str(portal)]},
    )  # fmt: skip


def no_credentials() -> Refusal:
    """401: none, or none that can be read (§2)."""
    return Refusal(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
        " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def expired(seconds: int) -> Refusal:
    """401: an OAuth token past its time (§2)."""
    return Refusal(
        401, f"The OAuth token used to make this call expired {seconds} second(s) ago.", "EXPIRED_AUTHENTICATION"
    )


def scopes_missing(required: Sequence[str]) -> Refusal:
    """403: none of the accepted scopes was granted (§2)."""
    page = "https://developers.hubspot.com/scopes"
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here:"
        f" {page}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(required)},
            }
        ],
        extra={"links": {"scopes": page}},
    )
