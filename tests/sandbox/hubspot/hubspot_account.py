"""A running HubSpot account for tests."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from crosswalk_sandbox.company.model import Size

Opener = Callable[..., "Client"]
NOW = datetime.now(UTC)
SIZE = Size(25, 60, 60)
OBJECTS = "/crm/v3/objects"


class Client:
    """Calls the account as a private app does."""

    def __init__(self, url: str, emulator: Any, clock: Any) -> None:
        self.url = url
        self.emulator = emulator
        self.clock = clock
        self.access: dict[str, Any] = emulator.access(url)
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {self.access['access_token']}"

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        return self.http.request(method, self.url + path, timeout=20, **options)

    def good(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.call(method, path, body, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, dict[str, Any]]:
        answer = self.call(method, path, body, **options)
        assert answer.status_code >= 400, answer.text[:600]
        assert answer.headers["X-HubSpot-Correlation-Id"] == answer.json()["correlationId"]
        return answer.status_code, answer.json()

    def create(self, kind: str, associations: Any = None, /, **properties: Any) -> str:
        body = {"properties": properties, **({"associations": associations} if associations else {})}
        return str(self.good("POST", f"{OBJECTS}/{kind}", body)["id"])

    def read(self, kind: str, ident: str, *properties: str) -> dict[str, Any]:
        wanted = f"?properties={','.join(properties)}" if properties else ""
        found: dict[str, Any] = self.good("GET", f"{OBJECTS}/{kind}/{ident}{wanted}")
        return found

    def value(self, kind: str, ident: str, name: str) -> Any:
        return self.read(kind, ident, name)["properties"][name]

    def set(self, kind: str, ident: str, /, **properties: Any) -> Any:
        return self.good("PATCH", f"{OBJECTS}/{kind}/{ident}", {"properties": properties})

    def search(self, kind: str, *filters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        groups = {"filterGroups": [{"filters": list(filters)}]} if filters else {}
        found: dict[str, Any] = self.good("POST", f"{OBJECTS}/{kind}/search", {**groups, **more})
        return found

    def action(self, name: str, /, **wish: Any) -> Any:
        return self.emulator.actions[name](wish)


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [one["id"] for one in answer["results"]]


def to(ident: str, number: int, category: str = "HUBSPOT_DEFINED") -> dict[str, Any]:
    return {"to": {"id": ident}, "types": [{"associationCategory": category, "associationTypeId": number}]}


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Receiver:
    """A webhook receiver that answers with the statuses given, then 204."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = ""
        self._arrived = threading.Condition()

    def wait_for(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, 60), f"only {len(self.requests)} came"
        return self.requests

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self._arrived:
            self.requests.append((headers, body))
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 204


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(found.take(dict(self.headers), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hooks/hubspot?tenant=acme"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
