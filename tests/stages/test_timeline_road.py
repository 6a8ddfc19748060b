"""Invoices and payments on the CRM's timelines: each event once, only of linked customers, only from the first day on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosswalk.model.errors import ReadOnlyError
from crosswalk.pairing.timeline import TimelinePolicy
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.company.model import Size
from tests.stages.house import PAIRING, SYSTEMS, House
from tests.stages.world import World, world

SECRET = "margin 42 %"


@pytest.fixture
def pair(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    size = Size(accounts=1, products=20, deals=1)
    with world(tmp_path, hub_dsn, size=size, systems=SYSTEMS, pairing=PAIRING) as running:
        yield running


def tell(house: House, mode: str, days: int = 0) -> dict[str, Any]:
    """Read what accounting did and run the flow, so many days from now; returns the counts."""
    events = ("invoice_created", "invoice_paid", "invoice_overdue", "payment_received")
    policy = TimelinePolicy.model_validate({"since": house.today, "events": events, "mode": mode})
    house.world.pairing = house.world.pairing.model_copy(update={"timeline": policy, "hierarchies": None})
    house.read()
    for entity in ("invoice", "payment"):
        pull(house.world.context(), "erp", entity)
    context = house.world.context(now=datetime.now(UTC) + timedelta(days=days))
    counts = plan(context, "timeline").as_dict() | gate(context, "timeline").as_dict()
    counts |= deliver(context, "timeline").as_dict()
    return counts | settle(context, "timeline").as_dict()


def notes(house: House) -> list[tuple[str, str]]:
    """What salespeople see: the letter of the company, and the first line of the note."""
    letters = {ident: letter for letter, ident in house.ids.items()}
    query = {"properties": "hs_note_body", "associations": "companies", "limit": "100"}
    rows = house.crm.call("GET", "/crm/v3/objects/notes", params=query).json()["results"]
    found = []
    for row in rows:
        text = row["properties"]["hs_note_body"]
        assert SECRET not in text
        about = {one["id"] for one in row.get("associations", {}).get("companies", {}).get("results", ())} & set(
            letters
        )
        found += [(letters[one], text.partition("<br>")[0]) for one in about]
    return sorted(found)


def test_each_event_is_told_once_and_only_where_writes_are_allowed(pair: World) -> None:
    house = House(pair, "erp")
    for name in ("A", "X"):
        house.partner(name)
    house.company("A")
    old = house.invoice("A", days=-1)
    first, second, of_x = (house.invoice(name, Comments=SECRET) for name in ("A", "A", "X"))

    assert tell(house, "off")["intents"] == 0
    shadowed = tell(house, "shadow")
    assert (shadowed["intents"], shadowed["done"]) == (2, 0)
    assert notes(house) == []
    pair.read_only = True
    with pytest.raises(ReadOnlyError):
        tell(house, "live")
    pair.read_only = False
    with pair.hub.connection() as connection:
        connection.execute("update hub.intent set not_before = null, lease_until = null")  # half a minute later
    counts = tell(house, "live")
    assert counts["done"] == 2, (counts, pair.rows("select key, status, message, hint, not_before from hub.intent"))
    made = [("A", f"<strong>Invoice {number}</strong>") for number in sorted((first, second))]
    assert notes(house) == made
    assert (old in str(notes(house)), of_x in str(notes(house))) == (False, False)
    cause = "select distinct source_system, source_entity from hub.intent where flow = 'timeline' and settled_at is not null"
    assert pair.rows(cause) == [("sap_business_one", "invoice")]

    # nothing twice: what lies within the overlap of two looks is wanted again, and stays told
    assert tell(house, "live")["done"] == 0
    assert notes(house) == made

    # paid, late, and linked at last
    payment = house.pay(first)
    tell(house, "live")
    paid = [f"<strong>Invoice {first} is paid</strong>", f"<strong>Payment {payment}</strong>"]
    made = sorted([*made, *(("A", title) for title in paid)])
    assert notes(house) == made
    tell(house, "live", days=60)
    made = sorted([*made, ("A", f"<strong>Invoice {second} is overdue</strong>")])
    assert notes(house) == made
    house.company("X")
    tell(house, "live")
    assert notes(house) == sorted([*made, ("X", f"<strong>Invoice {of_x}</strong>")])
    tell(house, "live", days=60)
    assert tell(house, "live", days=60)["done"] == 0
