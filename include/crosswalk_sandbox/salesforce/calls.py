"""A request and its answer, free of the web server, so that composite calls can run others inside (Salesforce §7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from .errors import ApiError, json_error, not_found

if TYPE_CHECKING:
    from .org import Org

JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(slots=True)
class Call:
    """One request: header names in lower case; ``body`` raw; ``data`` set for requests inside a composite."""

    org: Org
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    user_id: str = ""
    version: str = ""
    data: Any = None

    def json(self) -> Any:
        """The body as JSON. Raises ApiError JSON_PARSER_ERROR."""
        if self.data is not None:
            return self.data
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise json_error(f"Unexpected character in request body: {error}") from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ApiError JSON_PARSER_ERROR."""
        found = self.json()
        if not isinstance(found, dict):
            raise json_error("The HTTP entity body is required to be a JSON object")
        return found

    def inner(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], data: Any) -> Call:
        """A sub-request of this one: same user, own address and body."""
        body = b"" if data is None else b"{}"
        return replace(self, method=method, path=path, query=query, headers=headers, data=data, body=body)


@dataclass(slots=True)
class Reply:
    """One answer; ``body`` is JSON data, bytes, or None for an empty body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = JSON_TYPE


Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """Methods and path of a resource."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    handler: Handler


class Routes:
    """The resources of one API. Paths compare without case and with or without a trailing slash (§1)."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, methods: str, pattern: str, handler: Handler) -> None:
        """Registers a handler for ``GET POST …`` on a path with ``{names}``."""
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append(Route(frozenset(methods.split()), re.compile(regex + r"/?", re.IGNORECASE), handler))

    def answer(self, call: Call, path: str) -> Reply:
        """Runs the handler for a path. Raises ApiError 404 or 405."""
        method = call.method
        if method == "POST" and call.query.get("_HttpMethod"):
            method = call.query["_HttpMethod"].upper()
        allowed: set[str] = set()
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            if method in route.methods or (method == "HEAD" and "GET" in route.methods):
                return route.handler(call, **match.groupdict())
            allowed |= route.methods
        if allowed:
            order = [
                name
                for name in ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")
                if name in allowed or (name == "HEAD" and "GET" in allowed)
            ]
            text = f"HTTP Method '{method}' not allowed. Allowed are {','.join(order)}"
            raise ApiError(405, "METHOD_NOT_ALLOWED", text)
        raise not_found()
