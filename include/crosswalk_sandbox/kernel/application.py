"""The skeleton of a vendor's HTTP face: takes a request apart, answers it in one of a few threads, sends the answer.

A vendor's app is a subclass that answers a :class:`Request` with a :class:`Response`; routes, admission and errors are its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request as _Arriving

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was sent: path and query still encoded, header names in lower case."""

    method: str
    scheme: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """Host and port that were asked; empty where the client named none."""
        return self.headers.get("host", "")

    @property
    def base_url(self) -> str:
        """The address that the client knows the account by."""
        return f"{self.scheme}://{self.host or 'localhost'}"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it goes out: header names in lower case, the body as its headers describe it."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Application(ABC):
    """ASGI app of one account; handlers run in threads, the store keeps writes apart."""

    workers: ClassVar[int] = 8
    """Threads that answer requests."""

    def __init__(self) -> None:
        self._workers: anyio.CapacityLimiter | None = None

    @abstractmethod
    async def respond(self, request: Request) -> Response:
        """The answer to a request, whatever happens."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        request = await _request(_Arriving(scope, receive))
        response = await self.respond(request)
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Do blocking work in one of the app's few threads."""
        if self._workers is None:  # it belongs to the running loop
            self._workers = anyio.CapacityLimiter(self.workers)
        return await anyio.to_thread.run_sync(work, limiter=self._workers)


async def _request(arriving: _Arriving) -> Request:
    scope = arriving.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return Request(
        arriving.method,
        scope["scheme"],
        raw.split(b"?")[0].decode("ascii", "replace"),
        scope["query_string"].decode("ascii", "replace"),
        {name.lower(): value for name, value in arriving.headers.items()},
        await arriving.body(),
    )
