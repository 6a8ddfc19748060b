"""What salespeople do in HubSpot, and the small client they do it with: written from the platform page alone, as any user would."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from crosswalk_sandbox.clients import Client
from crosswalk_sandbox.company.dice import pick
from crosswalk_sandbox.operations import Event, NothingToDoError, Operation

_OPEN_STAGES: Final = ("qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent")
_DEAL_COMPANY, _LINE_DEAL = 5, 20  # association types (HubSpot §7)
_STREETS: Final = ("Mill Lane", "Station Road", "Harbor Street", "Park Avenue")


class HubSpotClient(Client):
    """HubSpot by a private app's token (HubSpot §2)."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        super().__init__(access["http"])
        self._session.headers["Authorization"] = f"Bearer {access['credentials']['access_token']}"

    def some(self, kind: str, *properties: str, filters: tuple[dict[str, str], ...] = ()) -> list[dict[str, Any]]:
        """Up to 100 records, the newest first."""
        body = {
            "filterGroups": [{"filters": list(filters)}] if filters else [],
            "properties": list(properties),
            "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
            "limit": 100,
        }
        found: list[dict[str, Any]] = self.call("POST", f"/crm/v3/objects/{kind}/search", json=body).json()["results"]
        return found

    def create(self, kind: str, values: Mapping[str, Any], to: str, association: int) -> str:
        """Create a record that belongs to another; returns its id."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association}]
        body = {"properties": dict(values), "associations": [{"to": {"id": to}, "types": types}]}
        made: str = self.call("POST", f"/crm/v3/objects/{kind}", json=body).json()["id"]
        return made

    def update(self, kind: str, key: str, values: Mapping[str, Any]) -> None:
        """Change some properties of a record."""
        self.call("PATCH", f"/crm/v3/objects/{kind}/{key}", json={"properties": dict(values)})


class HubSpotSales:
    """What salespeople do in HubSpot."""

    def __init__(self, crm: HubSpotClient, rng: random.Random) -> None:
        self._crm = crm
        self._rng = rng

    def operations(self) -> list[tuple[Operation, float]]:
        """Operations with their weights."""
        return [(self.open_deal, 4), (self.win_deal, 4), (self.edit_company, 2)]

    def open_deal(self) -> Event:
        """A new deal with lines of products of the library."""
        company = self._one("companies", "name")
        products = self._crm.some(
            "products", "name", "price", filters=({"propertyName": "price", "operator": "HAS_PROPERTY"},)
        )
        if not products:
            raise NothingToDoError("the product library is empty")
        name = f"{company['properties']['name'][:80]} - {self._crm.now:%d %b %H:%M:%S}"
        closes = (self._crm.now + timedelta(days=self._rng.randint(5, 60))).strftime("%Y-%m-%dT12:00:00Z")
        values = {
            "dealname": name,
            "pipeline": "default",
            "dealstage": pick(self._rng, _OPEN_STAGES),
            "closedate": closes,
        }
        deal = self._crm.create("deals", values | {"deal_currency_code": "USD"}, company["id"], _DEAL_COMPANY)
        chosen = self._rng.sample(products, min(self._rng.randint(1, 4), len(products)))
        for product in chosen:
            line = {"hs_product_id": product["id"], "quantity": str(self._rng.randint(1, 20))}
            self._crm.create("line_items", line, deal, _LINE_DEAL)
        return f"hubspot: new deal {name} with {len(chosen)} line(s)"

    def win_deal(self) -> Event:
        """An open deal is won."""
        filters = ({"propertyName": "dealstage", "operator": "EQ", "value": pick(self._rng, _OPEN_STAGES)},)
        found = self._crm.some("deals", "dealname", filters=filters)
        if not found:
            raise NothingToDoError("no deal is open")
        deal = pick(self._rng, found)
        self._crm.update(
            "deals", deal["id"], {"dealstage": "closedwon", "closedate": f"{self._crm.now:%Y-%m-%dT12:00:00Z}"}
        )
        return f"hubspot: won {deal['properties']['dealname']}"

    def edit_company(self) -> Event:
        """Somebody corrects a company."""
        company = self._one("companies", "name")
        street = f"{self._rng.randint(1, 240)} {pick(self._rng, _STREETS)}"
        self._crm.update("companies", company["id"], {"address": street})
        return f"hubspot: address of {company['properties']['name']} changed"

    def _one(self, kind: str, *properties: str) -> dict[str, Any]:
        found = self._crm.some(kind, *properties)
        if not found:
            raise NothingToDoError(f"there are no {kind}")
        return pick(self._rng, found)
