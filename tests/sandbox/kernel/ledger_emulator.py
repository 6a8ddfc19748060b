"""A tiny emulator for the kernel's own tests: POST /entries commits a line to SQLite, GET /entries lists them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.kernel.clock import Clock


class LedgerEmulator:
    def __init__(self, directory: Path, clock: Clock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = "ledger"
        self.clock = clock
        self.sessions = {"valid-token"}
        self.actions = {"rename": self._rename, "drop": self._drop}
        self._base = sqlite3.connect(directory / "ledger.sqlite", check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("CREATE TABLE IF NOT EXISTS entry (text TEXT)")
        self._base.execute("CREATE TABLE IF NOT EXISTS loaded (accounts INTEGER)")
        self.app = Starlette(
            routes=[
                Route("/entries", self._list, methods=["GET"]),
                Route("/entries", self._create, methods=["POST"]),
                Route("/entries/{key:int}", self._one, methods=["GET"]),
                Route("/secret", self._secret, methods=["GET"]),
            ]
        )

    def load(self, company: Company) -> None:
        count = sum(1 for _ in company.parties())
        self._base.execute("BEGIN")
        self._base.execute("INSERT INTO loaded VALUES (?)", (count,))
        self._base.execute("COMMIT")

    def is_loaded(self) -> bool:
        return self._base.execute("SELECT count(*) FROM loaded").fetchone()[0] > 0

    def access(self, base_url: str) -> dict[str, Any]:
        return {"token": "valid-token", "entries": f"{base_url}/entries"}

    def error_body(self, status: int) -> tuple[bytes, str]:
        return b'{"vendor_error":%d}' % status, "application/vnd.ledger+json"

    def expire_sessions(self) -> None:
        self.sessions.clear()

    def close(self) -> None:
        self._base.close()

    def _rename(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        if "to" not in wish:
            raise ValueError("rename needs 'to'")
        return {"renamed": wish["to"]}

    def _drop(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        return {"dropped": self._base.execute("DELETE FROM entry WHERE text = ?", (wish["text"],)).rowcount}

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([row[0] for row in self._base.execute("SELECT text FROM entry ORDER BY rowid")])

    async def _create(self, request: Request) -> Response:
        self._base.execute("INSERT INTO entry VALUES (?)", ((await request.body()).decode(),))
        return Response(status_code=204)

    async def _one(self, request: Request) -> Response:
        return JSONResponse({"key": request.path_params["key"]})

    async def _secret(self, request: Request) -> Response:
        allowed = request.headers.get("authorization", "").removeprefix("Bearer ") in self.sessions
        return JSONResponse({"allowed": allowed}, status_code=200 if allowed else 401)


def create(directory: Path, clock: Clock, options: Mapping[str, object]) -> LedgerEmulator:
    """Same entry point as the vendors' packages."""
    assert isinstance(options, Mapping)
    return LedgerEmulator(directory, clock)
