"""Our pages in the Airflow UI, imported by the first who asks for one.

Every Airflow process loads the plugin, tasks included, and only the API server shows pages. So what the plugin mounts costs nothing
to import; the pages' server and its libraries come with the first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

PREFIX = "/crosswalk"

_Message = MutableMapping[str, Any]  # ASGI's own words


class Pages:
    """The pages' server as an ASGI app."""

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        from crosswalk_airflow.ui.app import app

        await app(scope, receive, send)
