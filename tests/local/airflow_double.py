"""A tiny server with the few routes of Airflow's API that the local runtime uses, and an emulator's control page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "right"
HEALTHY = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "triggerer", "dag_processor")}


@dataclass
class AirflowDouble:
    """What the server keeps: `stored[kind][name]` is an entity; `silent_requests` are cut off without an answer."""

    port: int = 0
    stored: dict[str, dict[str, Any]] = field(default_factory=lambda: {"connections": {}, "pools": {}})
    health: dict[str, Any] = field(default_factory=lambda: dict(HEALTHY))
    access: object = None
    silent_requests: int = 0
    tokens: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: dict[str, Any], token: str | None) -> tuple[int, object]:
        if path == "/api/v2/monitor/health":
            return 200, self.health
        if path == "/__sandbox__/state":
            return 200, {"access": self.access}
        if path == "/auth/token":
            return (201, {"access_token": "good"}) if body["password"] == PASSWORD else (401, {"detail": "no"})
        if token != "Bearer good":
            return 401, {"detail": "no"}
        kind = path.rsplit("/", 1)[-1]
        return 200, {"create": {"success": self._create(kind, body["actions"][0]), "errors": []}}

    def _create(self, kind: str, action: dict[str, Any]) -> list[str]:
        written = []
        for entity in action["entities"]:
            name = entity["connection_id" if kind == "connections" else "name"]
            if action["action_on_existence"] == "overwrite" or name not in self.stored[kind]:
                self.stored[kind][name] = entity
                written.append(name)
        return written


@contextmanager
def airflow_double() -> Iterator[AirflowDouble]:
    """Serve on a free loopback port."""
    double = AirflowDouble()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if double.silent_requests > 0:
                double.silent_requests -= 1
                self.close_connection = True
                return
            status, found = double.answer(self.command, self.path, body, self.headers.get("Authorization"))
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
