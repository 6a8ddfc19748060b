"""A client of the emulated account that signs with requests_oauthlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests_oauthlib import OAuth1

from crosswalk_sandbox.netsuite import NetSuiteEmulator

RECORDS = "/services/rest/record/v1"
QUERY = "/services/rest/query/v1/suiteql"


@dataclass
class Client:
    """Signs every request anew, as NetSuite demands."""

    base_url: str
    auth: OAuth1
    emulator: NetSuiteEmulator

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.base_url + path
        return requests.request(method, url, auth=self.auth, timeout=30, **options)

    def record(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call(method, f"{RECORDS}/{path}", json=body, **options)

    def create(self, kind: str, body: Any, **options: Any) -> str:
        """The id of a new record."""
        answer = self.record("POST", kind, body, **options)
        assert answer.status_code == 204, answer.text
        assert answer.content == b""
        return answer.headers["Location"].rsplit("/", 1)[1]

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """A record's body."""
        answer = self.record("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sql(self, query: str, *parameters: str, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
        """Rows of a query without their empty links."""
        answer = self.ask(query, *parameters, limit=limit, offset=offset)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["items"]
        assert all(row.pop("links") == [] for row in rows)
        return rows

    def ask(self, query: str, *parameters: str, limit: int = 1000, offset: int = 0) -> requests.Response:
        body: dict[str, Any] = {"q": query} | ({"params": list(parameters)} if parameters else {})
        return self.call(
            "POST", QUERY, json=body, headers={"Prefer": "transient"}, params={"limit": limit, "offset": offset}
        )

    def acting_as(self, token: Mapping[str, str]) -> Client:
        """The same client with another role's token."""
        return Client(self.base_url, signer(self.emulator.access(self.base_url) | dict(token)), self.emulator)


def signer(access: Mapping[str, Any], **changes: Any) -> OAuth1:
    return OAuth1(
        access["consumer_key"],
        changes.get("consumer_secret", access["consumer_secret"]),
        access["token_id"],
        changes.get("token_secret", access["token_secret"]),
        realm=changes.get("realm", access["account_id"]),
        signature_method=changes.get("signature_method", "HMAC-SHA256"),
    )


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and detail of an error answer."""
    detail = answer.json()["o:errorDetails"][0]
    return answer.status_code, detail["o:errorCode"], detail["detail"]


Opener = Callable[..., Client]
