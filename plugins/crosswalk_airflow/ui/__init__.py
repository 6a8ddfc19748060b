"""Our pages in the Airflow UI, imported by the first who asks for one.

Every Airflow process loads the plugin, tasks included, and only the API server shows pages. So what the plugin mounts costs nothing
to import; the pages' server and its libraries come with the first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

PREFIX = "/crosswalk"
CARD_PREFIX = "/crosswalk-card"

_Message = MutableMapping[str, Any]  # ASGI's own words


class Pages:
    """A server of ours as an ASGI app: the pages', or the customer card's."""

    def __init__(self, module: str = "app") -> None:
        self._module = f"{__name__}.{module}"

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        await import_module(self._module).app(scope, receive, send)
