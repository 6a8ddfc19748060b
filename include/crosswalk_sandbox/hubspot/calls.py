"""A request and its answer, and the table of resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlencode

import orjson

from .errors import HtmlRefusal, broken_json, validation, wrong_shape

JSON_TYPE: Final = "application/json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the app behind the token, its scopes, the user; ``kind`` is private, oauth, app or none."""

    kind: str = "none"
    app_id: int = 0
    scopes: frozenset[str] = frozenset()
    user_id: int | None = None
    key: str = ""
    """What calls are counted by."""


@dataclass(slots=True)
class Call:
    """One request: path as sent without query, parameters in order, header names in lower case, raw body."""

    method: str
    path: str
    parameters: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    edition: str = ""
    """The dated version of the path, empty for numbered paths (§1)."""
    caller: Caller = field(default_factory=Caller)

    def text(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return next((value for key, value in reversed(self.parameters) if key == name), default)

    def flag(self, name: str) -> bool:
        """A boolean parameter, whatever its case (§4)."""
        return self.text(name).strip().lower() == "true"

    def listed(self, name: str) -> list[str]:
        """A list parameter: repeated, separated by commas, or both (§0)."""
        found = (part.strip() for key, value in self.parameters if key == name for part in value.split(","))
        return list(dict.fromkeys(part for part in found if part))

    def number(self, name: str, default: int, most: int, least: int = 1) -> int:
        """A whole-number parameter. Raises Refusal 400 beyond its bounds."""
        given = self.text(name)
        if not given:
            return default
        if not re.fullmatch(r"-?\d+", given):
            raise validation(f"Invalid {name}: {given} is not a number", **{name: [given]})
        if not least <= int(given) <= most:
            raise validation(f"{name} must be between {least} and {most}, not {given}", **{name: [given]})
        return int(given)

    def json(self) -> Any:
        """The body as JSON. Raises Refusal 400 without category (§4)."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            raise broken_json(f"Invalid input JSON on line {line}, column {column}: {error.msg}") from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise wrong_shape("com.hubspot.api.Request", found)
        return found

    def inputs(self, most: int = 100) -> list[dict[str, Any]]:
        """The ``inputs`` of a batch. Raises Refusal 400 for too many (§9)."""
        found = self.object().get("inputs")
        if not isinstance(found, list):
            raise (
                wrong_shape("java.util.List<java.lang.Object>", found)
                if found is not None
                else validation("Invalid input: required field 'inputs' is missing")
            )
        if len(found) > most:
            raise validation(f"Maximum {most} items are allowed in a batch, {len(found)} were given")
        for item in found:
            if not isinstance(item, dict):
                raise wrong_shape("com.hubspot.api.Input", item)
        return found

    def link(self, after: str, host: str = "") -> str:
        """This request's own address with another ``after`` (§8)."""
        kept = [(key, value) for key, value in self.parameters if key != "after"]
        return f"{host or self.base_url}{self.path}?{urlencode([*kept, ('after', after)])}"


@dataclass(slots=True)
class Reply:
    """One answer; ``body`` is JSON data, bytes, or None for an empty body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Resource:
    """Who serves a path, and how it is guarded: ``open`` needs nothing, ``app`` the developer key, ``crm`` a token."""

    handler: Handler
    guard: str = "crm"
    counted: str = "crm"
    """Which counter a call spends: crm, search, associations, none."""


class Routes:
    """The resources of the account. A path matches with or without a trailing slash; segments are decoded once (§4)."""

    def __init__(self) -> None:
        self._routes: list[tuple[frozenset[str], re.Pattern[str], Resource]] = []

    def add(self, methods: str, pattern: str, handler: Handler, *, guard: str = "crm", counted: str = "crm") -> None:
        """Register a handler for ``GET POST …`` on a path with ``{names}``; ``{id:d}`` takes digits only."""
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        regex = re.sub(r"\{(\w+):d\}", r"(?P<\1>\\d+)", regex)
        entry = (frozenset(methods.split()), re.compile(regex + "/?"), Resource(handler, guard, counted))
        self._routes.append(entry)

    def find(self, method: str, path: str) -> tuple[Resource, dict[str, str]]:
        """The resource of a path and the names in it. Raises HtmlRefusal 404 or 405 (§4)."""
        known = False
        for methods, pattern, resource in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if method in methods or (method == "HEAD" and "GET" in methods):
                return resource, {name: unquote(value) for name, value in match.groupdict().items()}
            known = True
        if known:
            raise HtmlRefusal(405, "Method Not Allowed")
        raise HtmlRefusal(404, "Not Found")
