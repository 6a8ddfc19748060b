"""A shop in the emulated account: goods of known prices and stock, customers, orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netsuite_account import Client, error_of

ADDRESS = {"addr1": "1 Main St", "city": "Seattle", "state": "WA", "zip": "98101", "country": {"id": "US"}}


@dataclass
class Shop:
    """An account with goods of known prices and stock, and a customer of subsidiary 1."""

    client: Client
    ids: dict[str, str] = field(default_factory=dict)

    def item(self, name: str, kind: str = "inventoryItem", price: Any = 10, **body: Any) -> str:
        brackets = price if isinstance(price, dict) else {"0": price}
        prices = {
            "items": [
                {
                    "currencyPage": {"id": "1"},
                    "priceLevel": {"id": "1"},
                    "quantity": {"value": bound},
                    "price": rate,
                }
                for bound, rate in brackets.items()
            ]
        }
        body = {"itemId": name, "subsidiary": {"items": [{"id": "1"}]}, "price": prices} | body
        self.ids[name] = self.client.create(kind, body)
        return self.ids[name]

    def customer(self, **body: Any) -> str:
        default = {"companyName": "Buyer", "subsidiary": {"id": "1"}, "taxable": False, "terms": {"id": "1"},
                   "addressBook": {"items": [{"defaultBilling": True, "defaultShipping": True, "addressBookAddress": ADDRESS}]}}  # fmt: skip
        return self.client.create("customer", default | body)

    def order(self, customer: str, *lines: dict[str, Any], **body: Any) -> str:
        return self.client.create(
            "salesOrder",
            {"entity": {"id": customer}, "orderStatus": {"id": "B"}, "item": {"items": list(lines)}} | body,
        )

    def lines(self, kind: str, ident: str) -> list[dict[str, Any]]:
        return self.client.get(f"{kind}/{ident}/item", expandSubResources="true")["items"]

    def stock(self, item: str, on_hand: int, location: int = 1) -> None:
        self.client.emulator._store.insert(
            "inventoryitemlocations",
            {"item": int(item), "location": location, "quantityonhand": on_hand, "quantityavailable": on_hand,
             "quantitycommitted": 0, "quantitybackordered": 0},
        )  # fmt: skip

    def status(self, ident: str) -> str:
        return self.client.sql(f"SELECT status FROM transaction WHERE id = {ident}")[0]["status"]

    def transform(self, source: str, ident: str, target: str, body: Any = None) -> str:
        answer = self.client.record("POST", f"{source}/{ident}/!transform/{target}", body or {})
        assert answer.status_code == 204, answer.text
        assert f"/{target}/" in answer.headers["Location"]
        return answer.headers["Location"].rsplit("/", 1)[1]


def line(item: str, quantity: float = 1, **more: Any) -> dict[str, Any]:
    return {"item": {"id": item}, "quantity": quantity} | more


def refused(shop: Shop, body: dict[str, Any], path: str) -> None:
    answer = shop.client.record("POST", "salesOrder", body)
    assert error_of(answer)[:2] == (400, "INVALID_CONTENT"), answer.text
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == path
    assert "You have entered an Invalid Field Value" in error_of(answer)[2]
