"""Invoices and payments on the CRM's timelines: each event once, only of linked customers, only from the first day on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import ReadOnlyError
from crosswalk.pairing.timeline import TimelinePolicy
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.company.model import Size
from tests.stages.house import PAIRING, SYSTEMS, House
from tests.stages.world import Vendor, World, world

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


TEMPLATE = {
    "name": "Accounting", "objectType": "companies", "headerTemplate": "{{title}}", "detailTemplate": "{{body}}",
    "tokens": [{"name": name, "label": name, "type": "string"} for name in ("title", "body")],
}  # fmt: skip


class AppVendor(Vendor):
    """HubSpot as a public app signs in to it, with a template of its own."""

    template = ""

    def settings(self) -> ConnectionSettings:
        """Return the app's credentials in the place of a private app's token."""
        access = self.emulator.access(self.base_url)
        app = {name: str(access[name]) for name in ("client_id", "client_secret", "refresh_token")}
        extra = {name: value for name, value in super().settings().extra.items() if name != "access_token"}
        return ConnectionSettings(extra={**extra, **app, "event_template": self.template})


def test_an_app_with_a_template_tells_events_of_its_own_and_each_once(pair: World) -> None:
    house, hubspot = House(pair, "erp"), pair.vendors["hubspot"]
    access = hubspot.emulator.access(hubspot.base_url)
    api = f"{hubspot.base_url}/integrators/timeline/v3"
    made = requests.post(
        f"{api}/{access['app_id']}/event-templates",
        params={"hapikey": access["developer_key"]},
        json=TEMPLATE,
        timeout=30,
    )
    made.raise_for_status()
    pair.vendors["hubspot"] = app = AppVendor(**vars(hubspot))
    app.template = made.json()["id"]
    house.partner("A")
    house.company("A")
    number = house.invoice("A", Comments=SECRET)
    payment = house.pay(number)

    assert tell(house, "live")["done"] == 3
    assert notes(house) == []
    rows = pair.rows(
        "select key, source_entity from hub.intent where flow = 'timeline' and status = 'done' order by key"
    )
    assert [entity for _, entity in rows] == ["invoice", "invoice", "payment"]
    form = {
        "grant_type": "refresh_token",
        **{name: access[name] for name in ("client_id", "client_secret", "refresh_token")},
    }
    token = requests.post(f"{hubspot.base_url}/oauth/v1/token", data=form, timeout=30).json()["access_token"]
    events = [
        requests.get(
            f"{api}/events/{app.template}/{key}", headers={"Authorization": f"Bearer {token}"}, timeout=30
        ).json()
        for key, _ in rows
    ]
    assert {one["objectId"] for one in events} == {house.ids["A"]}
    told = [one["tokens"]["title"] for one in events]
    assert sorted(told) == sorted([f"Invoice {number}", f"Invoice {number} is paid", f"Payment {payment}"])
    assert SECRET not in str(events)
    assert tell(house, "live")["done"] == 0
