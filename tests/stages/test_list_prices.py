"""Which list a deal's lines are held against: the deal's own, else its customer's."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Image
from crosswalk.orders.facts import DealFacts, ProductFacts
from crosswalk.pairing import load_pairing
from crosswalk.stages.credit_facts import list_prices_of

PAIRING = load_pairing(Path(__file__).parents[2] / "include" / "pairings" / "sap_business_one_hubspot.yaml")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def image(side: str, entity: str, key: str, **values: Any) -> Image:
    return Image(PAIRING.side(side).system, entity, key, "1", NOON, False, values, fingerprint=hash(key))


@pytest.mark.parametrize(
    ("book", "level", "currency", "listed"),
    [
        (None, "Partners", "USD", "80"),
        (None, "Retail", "USD", "100"),
        ("Retail", "Partners", "USD", "100"),
        (None, "Partners", "EUR", None),
        (None, None, "USD", None),
    ],
)
def test_the_deals_list_counts_before_its_customers(
    hub: Hub, book: str | None, level: str | None, currency: str, listed: str | None
) -> None:
    prices = [
        image("erp", "price", name, product_key="i1", price_list=name, currency="USD", unit_price=Decimal(price))
        for name, price in (("Retail", "100"), ("Partners", "80"))
    ]
    with hub.connection() as connection:
        system = PAIRING.erp.system
        land(connection, system=system, entity=ENTITIES["price"], images=prices, run_id="run 1", watermark=None)
        facts = DealFacts(
            image("crm", "deal", "d1", currency=currency, price_list=book),
            (image("crm", "deal_line", "l1", product_key="p1", quantity=Decimal(1)),),
            None,
            "c1" if level else None,
            image("erp", "customer", "c1", price_level=level) if level else None,
            {"p1": ProductFacts("i1", "i1")},
        )
        found = list_prices_of(connection, PAIRING, [facts])
    assert found == {"l1": None if listed is None else Decimal(listed)}
