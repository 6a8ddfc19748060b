"""A running Business One company for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

Opener = Callable[..., "Client"]
FIRST = 'W/"356A192B7913B04C54574D18C28D46E6395428AB"'
SECOND = 'W/"DA4B9237BACCCDF19C0760CAB7AEC4A8359010B0"'


class Client:
    """Calls the service layer as a signed-in user does; ``old`` is the same in OData v3."""

    def __init__(self, url: str, emulator: Any, clock: Any, version: int = 2) -> None:
        self.url = url
        self.emulator = emulator
        self.clock = clock
        self.version = version
        self.access: dict[str, Any] = emulator.access(url)
        self.root = f"{url}/b1s/v{version}/"
        self.http = requests.Session()

    @property
    def credentials(self) -> dict[str, Any]:
        return {
            "CompanyDB": self.access["company_db"],
            "UserName": self.access["user_name"],
            "Password": self.access["password"],
        }

    def login(self, **changes: Any) -> requests.Response:
        return self.http.post(self.root + "Login", json={**self.credentials, **changes}, timeout=20)

    def another(self, version: int = 2, **changes: Any) -> Client:
        found = Client(self.url, self.emulator, self.clock, version)
        answer = found.login(**changes)
        assert answer.status_code == 200, answer.text
        return found

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        return self.http.request(method, self.root + path, timeout=20, **options)

    def good(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.call(method, path, body, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **options: Any) -> Any:
        return self.good("GET", path, **options)

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, int]:
        """Status and code of a refusal; its envelope is the version's to the letter (§10)."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code >= 400, answer.text[:600]
        return answer.status_code, code_of(answer, self.version)

    def action(self, name: str, /, **wish: Any) -> Any:
        return self.emulator.actions[name](wish)

    def customer(self, code: str, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.good(
            "POST", "BusinessPartners", {"CardCode": code, "CardName": f"Customer {code}", **values}
        )
        return found


def code_of(answer: requests.Response, version: int = 2) -> int:
    """The code of a refusal."""
    error = answer.json()["error"]
    if version == 2:
        assert set(error) == {"code", "details", "message"}
        assert error["details"] == [{"code": "", "message": ""}]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
    else:
        assert set(error) - {"innererror"} == {"code", "message"}
        assert isinstance(error["code"], int)
        assert set(error["message"]) == {"lang", "value"}
    return int(error["code"])
