"""What a vendor emulator offers to the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from crosswalk_sandbox.kernel.clock import Clock

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from crosswalk_sandbox.company.model import Company


class Emulator(Protocol):
    """One vendor's account: its API as an ASGI app, with state in a directory that survives ``kill -9``."""

    name: str
    app: ASGIApp
    """The vendor's API only; the control routes are added by the server."""

    def load(self, company: Company) -> None:
        """Fill the empty account with the demo company, all or nothing."""

    def is_loaded(self) -> bool:
        """Whether the account holds a company."""
        ...

    def access(self, base_url: str) -> dict[str, Any]:
        """JSON of what a client needs to sign in at ``base_url``: credentials for every auth flow."""
        ...

    def error_body(self, status: int) -> tuple[bytes, str]:
        """The vendor's error body and content type for an injected status."""
        ...

    def expire_sessions(self) -> None:
        """Drop every session and token that was given out."""

    def close(self) -> None:
        """Let go of files and connections."""


@runtime_checkable
class Actionable(Protocol):
    """An emulator with switches of its own (schema change, index lag …), reached at ``/__sandbox__/actions/{name}``.

    Each action takes the request's JSON object and returns JSON; it raises ValueError with a sentence on bad input.
    """

    actions: Mapping[str, Callable[[Mapping[str, Any]], Any]]


@runtime_checkable
class Queueing(Protocol):
    """An emulator whose vendor serves some requests only one after the other."""

    def queue(self, headers: Mapping[str, str]) -> str | None:
        """Name what a request waits in, by its headers (names in lower case); None when it waits for no other."""
        ...


Factory = Callable[[Path, Clock, Mapping[str, object]], Emulator]
"""``create(directory, clock, options)`` of each vendor package."""
