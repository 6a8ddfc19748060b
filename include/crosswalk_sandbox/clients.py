"""Small clients of the vendors' APIs, for the driver: written from the platform pages alone, as any user would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
from requests_oauthlib import OAuth1

_TIMEOUT: Final = 60
_VERSION: Final = "v62.0"


class RefusedError(RuntimeError):
    """The vendor refused; the message is its own, with the status."""


class Client:
    """A session with a base URL that knows the vendor's time from its answers."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self.now = datetime.now(UTC)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request; raises RefusedError for every status from 400 on."""
        answer = self._session.request(method, self._base_url + path, timeout=_TIMEOUT, **options)
        if "date" in answer.headers:
            self.now = parsedate_to_datetime(answer.headers["date"])
        if answer.status_code >= 400:
            raise RefusedError(f"{method} {path.partition('?')[0]} answered {answer.status_code}: {answer.text[:300]}")
        return answer


class SalesforceClient(Client):
    """Salesforce by client credentials (Salesforce §2.3); signs in again when the session is gone."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        super().__init__(access["http"])
        self._credentials = access["credentials"]
        self._sign_in()

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Records of one page of a SOQL query."""
        records: list[dict[str, Any]] = self._rest("GET", "query", params={"q": soql}).json()["records"]
        return records

    def create(self, sobject: str, values: Mapping[str, Any]) -> str:
        """Create a record; returns its id."""
        made: str = self._rest("POST", f"sobjects/{sobject}", json=dict(values)).json()["id"]
        return made

    def update(self, sobject: str, key: str, values: Mapping[str, Any]) -> None:
        """Change some fields of a record."""
        self._rest("PATCH", f"sobjects/{sobject}/{key}", json=dict(values))

    def _rest(self, method: str, path: str, **options: Any) -> requests.Response:
        path = f"/services/data/{_VERSION}/{path}"
        try:
            return self.call(method, path, **options)
        except RefusedError as error:
            if "INVALID_SESSION_ID" not in str(error):
                raise
        self._sign_in()
        return self.call(method, path, **options)

    def _sign_in(self) -> None:
        form = {"grant_type": "client_credentials"}
        pair = (self._credentials["consumer_key"], self._credentials["consumer_secret"])
        answer = self.call("POST", "/services/oauth2/token", data=form, auth=pair)
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


class NetSuiteClient(Client):
    """NetSuite by token-based authentication (NetSuite §2)."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        super().__init__(access["http"])
        tokens = access["credentials"]
        self._session.auth = OAuth1(
            tokens["consumer_key"],
            tokens["consumer_secret"],
            tokens["token_id"],
            tokens["token_secret"],
            realm=tokens["account_id"],
            signature_method="HMAC-SHA256",
        )

    def suiteql(self, query: str, limit: int = 100) -> list[dict[str, str]]:
        """Rows of the first page of a SuiteQL query, keys in lower case."""
        answer = self.call(
            "POST",
            f"/services/rest/query/v1/suiteql?limit={limit}&offset=0",
            json={"q": query},
            headers={"Prefer": "transient"},
        )
        return [{key.lower(): value for key, value in row.items() if key != "links"} for row in answer.json()["items"]]

    def update(self, kind: str, key: str, values: Mapping[str, Any]) -> None:
        """Change some fields of a record."""
        self.call("PATCH", f"/services/rest/record/v1/{kind}/{key}", json=dict(values))

    def transform(self, source: str, key: str, target: str, values: Mapping[str, Any] | None = None) -> str:
        """Make a ``target`` document out of a ``source`` one (NetSuite §5.10); returns the new one's id."""
        path = f"/services/rest/record/v1/{source}/{key}/!transform/{target}"
        return self.call("POST", path, json=dict(values or {})).headers["location"].rsplit("/", 1)[-1]
