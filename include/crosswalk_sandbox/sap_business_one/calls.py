"""A request and its answer (SAP Business One §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import orjson

from .errors import Refusal, generic
from .sessions import Session

_PREFERENCE: Final = re.compile(r"odata\.maxpagesize=(\d+)")
_BODIES: Final = ("application/json", "text/plain", "")


@dataclass(slots=True)
class Call:
    """One request: ``path`` below the service root, decoded; parameters in order; header names in lower case; raw body."""

    method: str
    path: str
    version: int
    root: str
    """Absolute address of the service root, with a slash at its end."""
    parameters: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    session: Session | None = None
    in_batch: bool = False

    def option(self, name: str) -> str | None:
        """A query option; None without it."""
        return next((value for key, value in self.parameters if key == name), None)

    def flag(self, name: str) -> bool:
        """A ``B1S-`` header that says true."""
        return self.headers.get(name, "").strip().lower() == "true"

    def preferred_page(self) -> int | None:
        """The page size of ``Prefer`` (§4); None without one."""
        match = _PREFERENCE.search(self.headers.get("prefer", ""))
        return int(match[1]) if match else None

    @property
    def wants_no_content(self) -> bool:
        """Whether a create may answer without a body (§4)."""
        return "return-no-content" in self.headers.get("prefer", "")

    def json(self) -> Any:
        """The body. Raises Refusal 400 -1000, 415 for XML."""
        media = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if media not in _BODIES:
            raise Refusal(415, -1000, f"Unsupported media type '{media}'")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise generic("Invalid JSON format in the request body") from None

    def object(self) -> dict[str, Any]:
        """The body as an object; an empty one without a body."""
        found = self.json() if self.body.strip() else {}
        if not isinstance(found, dict):
            raise generic("Invalid JSON format in the request body")
        return found

    def context(self, what: str) -> dict[str, str]:
        """The first member of an answer: what it is (§2)."""
        name = "@odata.context" if self.version == 2 else "odata.metadata"
        return {name: f"{self.root}$metadata#{what}"}

    def single(self, what: str) -> dict[str, str]:
        """The context of one entity (§2)."""
        return self.context(f"{what}/{'$entity' if self.version == 2 else '@Element'}")

    def name(self, annotation: str) -> str:
        """An annotation's name: ``etag``, ``nextLink``, ``count`` (§2)."""
        return f"@odata.{annotation}" if self.version == 2 else f"odata.{annotation}"

    def location(self, resource: str) -> str:
        """The absolute address of a resource."""
        return self.root + quote(resource, safe="()',=$/")


@dataclass(slots=True)
class Reply:
    """One answer; ``body`` is JSON data, text, bytes, or None for an empty body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    cookies: tuple[str, ...] = ()
