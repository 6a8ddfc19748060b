"""A signed-in client of an emulated org, and where the recorded payloads lie."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.salesforce import SalesforceEmulator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 5, 6, 12, 0, 0, tzinfo=UTC)
CONTRACTS = Path(__file__).parents[2] / "contracts" / "salesforce"
STRUCTURAL = {
    "multi_currency",
    "quotes",
    "contacts_to_multiple_accounts",
    "erp_fields",
    "restricted_stage",
    "state_country_picklists",
    "currencies",
}


class Api:
    """A signed-in client of one org: paths are relative to ``/services/data/vNN.0``."""

    def __init__(self, emulator: SalesforceEmulator, clock: Clock, version: str = "60.0") -> None:
        self.emulator = emulator
        self.clock = clock
        self.base = f"/services/data/v{version}"
        self.http = TestClient(emulator.app, base_url="http://acme.test").__enter__()
        self.access = emulator.access("http://acme.test")
        self.token = self.sign_in()

    def close(self) -> None:
        self.http.__exit__(None, None, None)
        self.emulator.close()

    def sign_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.access["consumer_key"],
            "client_secret": self.access["consumer_secret"],
        }
        return self.http.post("/services/oauth2/token", data=form).json()["access_token"]

    def call(self, method: str, path: str, **rest: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **rest.pop("headers", {})}
        url = path if path.startswith("/services") else self.base + path
        return self.http.request(method, url, headers=headers, **rest)

    def get(self, path: str, **rest: Any) -> Any:
        return self.call("GET", path, **rest)

    def post(self, path: str, json: Any, **rest: Any) -> Any:
        return self.call("POST", path, json=json, **rest)

    def patch(self, path: str, json: Any, **rest: Any) -> Any:
        return self.call("PATCH", path, json=json, **rest)

    def delete(self, path: str, **rest: Any) -> Any:
        return self.call("DELETE", path, **rest)

    def query(self, soql: str, **rest: Any) -> Any:
        return self.get("/query/", params={"q": soql}, **rest)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        answer = self.query(soql)
        assert answer.status_code == 200, answer.text
        return answer.json()["records"]

    def make(self, sobject: str, **values: Any) -> str:
        answer = self.post(f"/sobjects/{sobject}/", values)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def record(self, sobject: str, own: str) -> dict[str, Any]:
        answer = self.get(f"/sobjects/{sobject}/{own}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, answer: Any, status: int = 400) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        return answer.json()[0]

    # the usual set-up
    def product(self, name: str = "Valve", price: float = 100.0, currency: str = "USD") -> tuple[str, str]:
        product = self.make("Product2", Name=name, ProductCode=name.upper(), IsActive=True)
        return product, self.entry(product, price, currency)

    def entry(self, product: str, price: float, currency: str = "USD", book: str | None = None) -> str:
        values = {
            "Pricebook2Id": book or self.standard_book(),
            "Product2Id": product,
            "UnitPrice": price,
            "IsActive": True,
        }
        return self.make("PricebookEntry", **values, CurrencyIsoCode=currency)

    def standard_book(self) -> str:
        return self.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]

    def deal(self, **values: Any) -> str:
        return self.make(
            "Opportunity", **{"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-06-30", **values}
        )
