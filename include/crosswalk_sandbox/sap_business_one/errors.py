"""The Service Layer's refusals, in both shapes (SAP Business One §2, §10)."""

from __future__ import annotations

from typing import Any, Final

GENERIC: Final = -1000
NOT_FOUND: Final = -2028
EXISTS: Final = -2035
MODIFIED: Final = -2039
LOCKED_FIELD: Final = -1029
LOGIC: Final = -10
BUSINESS: Final = -5002
UNSUPPORTED: Final = -5006
BATCH_OR_SERIAL: Final = -4014
NOTIFICATION: Final = -1116
NO_SESSION: Final = 301
NO_MATCH: Final = "No matching records found (ODBC -2028)"


class Refusal(Exception):
    """What the vendor refuses: HTTP status, numeric code, text. Nothing of the request is kept."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message

    def body(self, version: int, language: str = "en-us", *, in_batch: bool = False) -> dict[str, Any]:
        """The envelope of v1 or v2; v1 in a batch says an inner error too (§10)."""
        if version == 2:
            told = {"code": str(self.code), "details": [{"code": "", "message": ""}], "message": self.message}
            return {"error": told}
        inner = {"innererror": {"context": None, "trace": None}} if in_batch else {}
        return {"error": {"code": self.code, **inner, "message": {"lang": language, "value": self.message}}}


class Diverted(Refusal):
    """An approval procedure made a draft of the new document; the draft is kept although the answer is -2028 (§16)."""

    def __init__(self, draft: int) -> None:
        super().__init__(400, NOT_FOUND, NO_MATCH)
        self.draft = draft


class HtmlRefusal(Exception):
    """An answer of the front server, which knows nothing of the company (§3)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status

    @property
    def body(self) -> bytes:
        """Apache's page."""
        return front_page(self.status)


_TITLES: Final = {
    404: "Not Found", 405: "Method Not Allowed", 413: "Request Entity Too Large", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Proxy Error", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


def front_page(status: int) -> bytes:
    """The HTML of the front server for a status."""
    title = _TITLES.get(status, "Error")
    return (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
        f"<title>{status} {title}</title>\n</head><body>\n<h1>{title}</h1>\n</body></html>\n"
    ).encode()


def generic(message: str) -> Refusal:
    """400 -1000: the request itself is wrong."""
    return Refusal(400, GENERIC, message)


def unknown_path() -> Refusal:
    """The addressed thing is none of the service's."""
    return Refusal(404, GENERIC, "Unrecognized resource path.")


def unknown_property(name: str, kind: str) -> Refusal:
    """A property the type has not."""
    return generic(f"Property '{name}' of '{kind}' is invalid")


def invalid_value(name: str, value: object) -> Refusal:
    """A value the property cannot take."""
    return generic(f"Value '{value}' of property '{name}' is invalid")


def missing_entity(key: str) -> Refusal:
    """404: the addressed entity is not there; ``key`` as an OData literal."""
    return Refusal(404, NOT_FOUND, f"Entity with value({key}) does not exist")


def no_match(column: str = "") -> Refusal:
    """400 -2028: a code in the body names nothing; ``column`` such as ``OINV.GroupNum``."""
    return Refusal(400, NOT_FOUND, f"[{column}] , '{NO_MATCH}'" if column else NO_MATCH)


def exists() -> Refusal:
    """400 -2035: such a row or key is there already."""
    return Refusal(400, EXISTS, "This entry already exists in the following tables (ODBC -2035)")


def logic(number: int, message: str) -> Refusal:
    """400 -10 with the second code in front of the text."""
    return Refusal(400, LOGIC, f"{number} - {message}")


def business(message: str) -> Refusal:
    """400 -5002: an error of the business rules."""
    return Refusal(400, BUSINESS, message)


def locked_field(column: str) -> Refusal:
    """400 -1029: the field cannot be updated now; ``column`` such as ``ORDR.DocDate``."""
    return Refusal(400, LOCKED_FIELD, f"[{column}] , 'Field cannot be updated (ODBC -1029)'")


def unsupported() -> Refusal:
    """400 -5006: not for this object."""
    return Refusal(400, UNSUPPORTED, "The requested action is not supported for this object.")


def modified() -> Refusal:
    """412 -2039: the ETag is old."""
    message = "Another user or another operation modified data; to continue, open the window again (ODBC -2039)"
    return Refusal(412, MODIFIED, message)


def no_session() -> Refusal:
    """401: no, unknown or expired session."""
    return Refusal(401, NO_SESSION, "Invalid session or session already timeout.")
