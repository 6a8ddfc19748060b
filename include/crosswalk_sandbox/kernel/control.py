"""The sandbox's own routes under ``/__sandbox__/``: clock, faults, latency, request counts, actions."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from crosswalk_sandbox.kernel.emulator import Actionable, Emulator
from crosswalk_sandbox.kernel.faults import FaultRule, Faults

if TYPE_CHECKING:
    from starlette.requests import Request

    from crosswalk_sandbox.kernel.clock import Clock
    from crosswalk_sandbox.kernel.request_log import RequestLog

PREFIX = "/__sandbox__"


@dataclass(frozen=True, slots=True)
class Control:
    """The knobs of one running emulator and their routes."""

    emulator: Emulator
    clock: Clock
    faults: Faults
    log: RequestLog

    def mount(self) -> Mount:
        """The routes, mounted at :data:`PREFIX`."""
        routes: list[BaseRoute] = [
            Route("/state", _answering(self._state), methods=["GET"]),
            Route("/clock", _answering(self._clock), methods=["GET", "POST"]),
            Route("/faults", _answering(self._faults), methods=["GET", "POST", "DELETE"]),
            Route("/faults/{number:int}", _answering(self._fault), methods=["DELETE"]),
            Route("/latency", _answering(self._latency), methods=["POST"]),
            Route("/requests", _answering(self._requests), methods=["GET", "DELETE"]),
            Route("/sessions", _answering(self._sessions), methods=["DELETE"]),
            Route("/actions/{name}", _answering(self._action), methods=["POST"]),
            Route("/reset", _answering(self._reset), methods=["POST"]),
        ]
        return Mount(PREFIX, routes=routes)

    async def _state(self, request: Request) -> Any:
        base_url = f"{request.url.scheme}://{request.url.netloc}"
        return {
            "name": self.emulator.name,
            "pid": os.getpid(),
            "loaded": self.emulator.is_loaded(),
            "clock": self.clock.snapshot(),
            "latency": self.faults.latency,
            "faults": self.faults.snapshot(),
            "requests": self.log.snapshot()["total"],
            "actions": sorted(self.emulator.actions) if isinstance(self.emulator, Actionable) else [],
            "access": self.emulator.access(base_url),
        }

    async def _clock(self, request: Request) -> Any:
        if request.method == "POST":
            wish = await _json(request)
            if wish.get("reset"):
                self.clock.reset()
            if "now" in wish:
                self.clock.set(datetime.fromisoformat(wish["now"]), frozen=bool(wish.get("frozen", False)))
            if "advance_seconds" in wish:
                self.clock.advance(float(wish["advance_seconds"]))
        return self.clock.snapshot()

    async def _faults(self, request: Request) -> Any:
        if request.method == "DELETE":
            self.faults.clear()
        if request.method == "POST":
            rule = FaultRule.from_json(await _json(request))
            if rule.action is not None:
                self._named(rule.action)
            return {"number": self.faults.add(rule)}
        return {"latency": self.faults.latency, "rules": self.faults.snapshot()}

    async def _fault(self, request: Request) -> Any:
        number: int = request.path_params["number"]
        if not self.faults.remove(number):
            raise ValueError(f"There is no fault number {number}")
        return {"removed": number}

    async def _latency(self, request: Request) -> Any:
        seconds = float((await _json(request)).get("seconds", 0))
        if seconds < 0:
            raise ValueError(f"Latency is 0 seconds or more, not {seconds}")
        self.faults.latency = seconds
        return {"seconds": seconds}

    async def _requests(self, request: Request) -> Any:
        if request.method == "DELETE":
            self.log.clear()
        return self.log.snapshot(recent=int(request.query_params.get("recent", "0")))

    async def _sessions(self, _request: Request) -> Any:
        self.emulator.expire_sessions()
        return {"expired": True}

    async def _action(self, request: Request) -> Any:
        return self._named(request.path_params["name"])(await _json(request))

    def _named(self, name: str) -> Callable[[Mapping[str, Any]], Any]:
        """The emulator's action of this name. Raises ValueError naming those it has."""
        actions = self.emulator.actions if isinstance(self.emulator, Actionable) else {}
        if name not in actions:
            raise ValueError(
                f"{self.emulator.name} has no action {name!r}; it has {', '.join(sorted(actions)) or 'none'}"
            )
        return actions[name]

    async def _reset(self, _request: Request) -> Any:
        self.clock.reset()
        self.faults.clear()
        self.log.clear()
        return {"reset": ["clock", "faults", "requests"]}


def _answering(handle: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handle(request))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return endpoint


async def _json(request: Request) -> dict[str, Any]:
    body = await request.body()
    values = json.loads(body) if body else {}
    if not isinstance(values, dict):
        raise ValueError("The sandbox's control routes take a JSON object")
    return values
