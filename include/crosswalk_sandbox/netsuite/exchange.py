"""One request as the services see it, and one answer as they give it."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs, unquote

import orjson

from crosswalk_sandbox.netsuite.account import Caller, Role
from crosswalk_sandbox.netsuite.errors import Refusal, as_told, invalid_content, invalid_parameter

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options

_BOOLEANS: Final = {"true": True, "false": False, "t": True, "f": False}
_STANDING: Final = (
    (b"cache-control", b"No-Cache"),
    (b"pragma", b"No-Cache"),
    (b"expires", b"0"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"vary", b"User-Agent, Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
)
_SMALLEST_GZIP: Final = 200


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in. ``segments`` are the decoded parts of the path after the service's version."""

    method: str
    base_url: str
    path: str
    raw_query: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes = b""
    arrived: int | None = None
    """The account's commit count when the request came in; None for work that is done at once."""
    page_code: str = "INVALID_PARAMETER"
    """Code of a bad ``limit`` or ``offset``, which is not settled (NetSuite §15)."""
    caller: Caller = field(default_factory=lambda: Caller(Role(0, "Nobody", default_level="None")))

    @property
    def url(self) -> str:
        """The URL as it was asked for."""
        return f"{self.base_url}{self.path}" + (f"?{self.raw_query}" if self.raw_query else "")

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the first value of each."""
        return {name: values[0] for name, values in parse_qs(self.raw_query, keep_blank_values=True).items()}

    def header(self, name: str) -> str:
        """A header's value, empty without it."""
        return self.headers.get(name.lower(), "")

    def prefers(self, preference: str) -> bool:
        """Whether the ``Prefer`` header names the preference."""
        words = [word.strip().lower().replace('"', "") for word in self.header("prefer").split(",")]
        return preference in words

    def flag(self, name: str) -> bool:
        """A boolean query parameter; ``true`` and ``True`` both work (NetSuite §4)."""
        given = self.query.get(name)
        if given is None:
            return False
        if given.lower() not in _BOOLEANS:
            raise invalid_parameter(name, f"Invalid value '{given}' for the query parameter '{name}'.")
        return _BOOLEANS[given.lower()]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty for none."""
        if not self.body.strip():
            return {}
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise invalid_content(f"Invalid content in the request body. Provide valid JSON: {error}.") from error
        if not isinstance(found, dict):
            raise invalid_content("Invalid content in the request body. Provide a JSON object.")
        return found

    def page(self) -> tuple[int, int]:
        """``limit`` and ``offset``: 1-1000, and a multiple of it (NetSuite §5.1)."""
        limit = _whole(self.query, "limit", 1000)
        offset = _whole(self.query, "offset", 0)
        if not 1 <= limit <= 1000:
            detail = "Invalid value for the query parameter 'limit'. Provide 1 to 1000."
            raise invalid_parameter("limit", detail, self.page_code)
        if offset < 0 or offset % limit:
            detail = f"Invalid value for the query parameter 'offset'. It must be divisible by the limit {limit}."
            raise invalid_parameter("offset", detail, self.page_code)
        if offset // limit >= 1000:
            detail = "Invalid value for the query parameter 'offset'. At most 1000 pages."
            raise invalid_parameter("offset", detail, self.page_code)
        return limit, offset

    def with_caller(self, caller: Caller) -> Call:
        """The same call, made by someone."""
        return replace(self, caller=caller)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name)
    if given is None:
        return default
    try:
        return int(given)
    except ValueError as error:
        raise invalid_parameter(name, f"Invalid value '{given}' for the query parameter '{name}'.") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with a JSON body of some vendor kind; a body of None is an empty answer."""

    status: int = 200
    body: Any = None
    kind: Literal["singular", "collection", "error", "json", "swagger", "schema", "select-options"] = "singular"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, refusal: Refusal, options: Options) -> Answer:
        """The answer that a refusal becomes in this account."""
        told = as_told(refusal, options)
        return cls(told.status, told.body(rfc2616=options.rfc2616_types), "error", told.headers)

    @property
    def content_type(self) -> str:
        """The vendor's content type (NetSuite §4)."""
        match self.kind:
            case "json":
                return "application/json;charset=utf-8"
            case "swagger":
                return "application/swagger+json; charset=UTF-8"
            case "schema":
                return "application/schema+json; charset=UTF-8"
            case _:
                return f"application/vnd.oracle.resource+json; type={self.kind}; charset=UTF-8"

    def wire(self, *, gzipped: bool, job: str | None = None) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body as they go out; ``job`` is the request's id in the vendor's logs."""
        payload = b"" if self.body is None else orjson.dumps(self.body)
        headers = [
            *_STANDING,
            (b"x-n-operationid", str(uuid.uuid4()).encode()),
            (b"x-netsuite-jobid", (job or str(uuid.uuid4())).encode()),
        ]
        if self.body is not None:
            headers.append((b"content-type", self.content_type.encode()))
        if gzipped and len(payload) >= _SMALLEST_GZIP:
            payload = gzip.compress(payload, compresslevel=1, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
        headers += [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        if self.status != 204:
            headers.append((b"content-length", str(len(payload)).encode()))
        return headers, payload


def segments_of(raw_path: str) -> tuple[str, ...]:
    """Decoded parts of a raw path; a trailing slash adds none."""
    return tuple(unquote(part) for part in raw_path.split("/") if part)


def link(href: str, rel: str = "self", *, method: bool = True) -> dict[str, str]:
    """A link; only ``self`` has a method (NetSuite §5.1)."""
    return {"rel": rel, "href": href, "method": "GET"} if method and rel == "self" else {"rel": rel, "href": href}
