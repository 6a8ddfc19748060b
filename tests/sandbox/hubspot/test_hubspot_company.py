"""HubSpot §25: the demo company, its size, and what survives; legacy paths and empty answers for tools."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hubspot_account import NOW, OBJECTS, SIZE, Client, Opener, ids, where

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.hubspot import Options, create
from crosswalk_sandbox.hubspot.seed.rows import BASES
from crosswalk_sandbox.kernel.clock import Clock


def test_the_company_is_the_one_that_everybody_shows(account: Opener) -> None:
    hub, company = account(), generate(7, now=NOW, size=SIZE)
    parties = [one for one in company.parties() if one.crm is not None]
    assert hub.search("companies")["total"] == len(parties)
    for party in parties[:8]:
        shown = hub.read(
            "companies",
            str(BASES["0-2"] + party.sequence),
            "name",
            "erp_key",
            "erp_number",
            "city",
            "numberofemployees",
        )["properties"]
        crm = party.crm
        assert (shown["name"], shown["erp_key"], shown["erp_number"]) == (
            crm.name,
            crm.stored_erp_id,
            crm.account_number,
        )
        assert shown["city"] == (crm.billing.city if crm.billing else None)
        if party.erp is not None and shown["erp_key"]:
            assert hub.good("GET", f"{OBJECTS}/companies/{shown['erp_key']}?idProperty=erp_key")["id"] == str(
                BASES["0-2"] + party.sequence
            )
    assert any(one.crm.name != one.erp.name for one in parties if one.erp), "spelled otherwise than in the ERP"
    deals = list(company.deals())
    assert hub.search("deals")["total"] == len(deals)
    won = next(one for one in deals if one.is_won and len(one.lines) > 1 and one.currency != "USD")
    ident = str(BASES["0-3"] + won.sequence)
    lines = hub.good("GET", f"/crm/v4/objects/deals/{ident}/associations/line_items")["results"]
    amounts = [float(hub.value("line_items", str(one["toObjectId"]), "amount")) for one in lines]
    assert sum(amounts) == pytest.approx(float(won.amount), abs=0.02)
    shown = hub.read("deals", ident, "amount", "deal_currency_code", "hs_is_closed_won", "hubspot_owner_id")[
        "properties"
    ]
    assert (float(shown["amount"]), shown["deal_currency_code"], shown["hs_is_closed_won"]) == (
        float(won.amount),
        won.currency,
        "true",
    )
    assert hub.good("GET", f"/crm/v3/owners/{shown['hubspot_owner_id']}")["email"]
    assert (
        hub.good("GET", f"/crm/v4/objects/deals/{ident}/associations/companies")["results"][0]["toObjectId"]
        == BASES["0-2"] + won.party
    )


def test_seeded_values_are_those_their_definitions_take(account: Opener) -> None:
    hub = account()
    for kind in ("companies", "contacts", "deals", "line_items", "products", "quotes"):
        known = hub.emulator.account.definitions(hub.emulator.account.kind(kind))
        for record in hub.emulator.records.store.page(hub.emulator.account.kind(kind).id, 0, 0, 100):
            assert set(record.properties) <= set(known), (kind, set(record.properties) - set(known))
            for name, value in record.properties.items():
                assert known[name].values is None or value in known[name].values, (kind, name, value)


def test_two_accounts_and_wrong_options(tmp_path: Path) -> None:
    one, two = (create(tmp_path / name, Clock(), {"portal_id": number}) for name, number in (("a", 1), ("b", 2)))
    assert one.access("http://x")["access_token"] != two.access("http://x")["access_token"]
    assert (one.access("http://x")["portal_id"], two.access("http://x")["portal_id"]) == (1, 2)
    for emulator in (one, two):
        emulator.close()
    with pytest.raises(ValueError, match="Unknown HubSpot option colour; there are "):
        Options.read({"colour": 1})
    with pytest.raises(ValueError, match="tier is one of"):
        Options.read({"tier": "platinum"})


def test_a_company_is_loaded_once_and_whole(tmp_path: Path) -> None:
    emulator = create(tmp_path, Clock(), {})
    emulator.load(generate(7, now=datetime.now(UTC), size=SIZE))
    with pytest.raises(ValueError, match="holds a company already"):
        emulator.load(generate(7, now=datetime.now(UTC), size=SIZE))
    emulator.close()


def test_reads_do_not_slow_with_depth(account: Opener) -> None:
    hub = account()
    rows = [
        (81_000_000_000 + one, "0-2", 0, one, one, None, f'{{"name":"Deep {one}","domain":"d{one}.example"}}')
        for one in range(60_000)
    ]
    with hub.emulator.records.store.write() as connection:
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def seconds(path: str, body: object = None) -> float:
        best = 9.9
        for _ in range(5):
            started = time.process_time()
            hub.good("POST" if body else "GET", path, body)
            best = min(best, time.process_time() - started)
        return best

    first, last = (seconds(f"{OBJECTS}/companies?limit=100&after={81_000_000_000 + at}") for at in (0, 59_000))
    assert last < 3 * first + 0.005
    near, far = (
        seconds(
            f"{OBJECTS}/companies/search",
            {
                "limit": 200,
                "sorts": ["hs_object_id"],
                "filters": [where("hs_object_id", "GT", str(81_000_000_000 + at))],
            },
        )
        for at in (0, 59_000)
    )
    assert far < 3 * near + 0.005
    by_domain = seconds(f"{OBJECTS}/companies/search", {"filters": [where("domain", "EQ", "D59999.example")]})
    assert by_domain < 2 * near, "equality on a domain is answered by an index"


def test_legacy_paths_that_tools_call(hub: Client) -> None:  # §12, §25
    assert isinstance(hub.good("GET", "/properties/v2/company/properties"), list)
    names = {one["name"] for one in hub.good("GET", "/properties/v1/contacts/properties")}
    assert "email" in names
    assert hub.good("GET", "/crm-pipelines/v1/pipelines/deals")["results"][0]["stages"][0]["stageId"]
    page = hub.good("GET", "/companies/v2/companies/paged?limit=10&properties=name")
    assert page["has-more"]
    assert (
        hub.good("GET", f"/companies/v2/companies/paged?limit=10&offset={page['offset']}")["companies"][0]["companyId"]
        == page["offset"]
    )
    ident = page["companies"][0]["companyId"]
    assert hub.good("GET", f"/companies/v2/companies/{ident}")["properties"]["name"]["value"]
    recent = hub.good("GET", "/companies/v2/companies/recent/modified?count=3")
    assert (len(recent["results"]), recent["total"]) == (3, hub.search("companies")["total"])
    assert hub.good("GET", "/deals/v1/deal/paged?limit=5")["deals"][0]["dealId"]
    contacts = hub.good("GET", "/contacts/v1/lists/all/contacts/all?count=2&property=email")
    assert contacts["contacts"][0]["vid"] < contacts["vid-offset"]
    assert hub.good("GET", f"/contacts/v1/contact/vid/{contacts['contacts'][0]['vid']}/profile")["canonical-vid"]
    assert {one["name"] for one in hub.good("GET", "/companies/v2/properties")} >= {"name", "domain"}
    wanted = [one["vid"] for one in contacts["contacts"]]
    found = hub.good("GET", f"/contacts/v1/contact/vids/batch?vid={wanted[0]}&vid={wanted[1]}&vid=999&property=email")
    assert {int(vid) for vid in found} == set(wanted)
    assert "value" in found[str(wanted[0])]["properties"]["email"]


def test_recent_contacts_are_paged_back_in_time(hub: Client) -> None:  # §25
    path = "/contacts/v1/lists/recently_updated/contacts/recent?count=20"
    seen, page = [], hub.good("GET", path)
    while page["contacts"]:
        seen += [(one["properties"]["lastmodifieddate"]["value"], one["vid"]) for one in page["contacts"]]
        page = hub.good("GET", f"{path}&vidOffset={page['vid-offset']}&timeOffset={page['time-offset']}")
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == hub.search("contacts")["total"] > 20


@pytest.mark.parametrize(
    "path",
    ["/forms/v2/forms", "/contacts/v1/lists", "/email/public/v1/campaigns/by-id", "/automation/v3/workflows", "/email/public/v1/subscriptions/timeline", "/marketing/v3/forms",
     "/crm/v3/lists/search", "/engagements/v1/engagements/modified/after", "/settings/v3/users/teams", "/settings/v3/users"],
)  # fmt: skip
def test_what_tools_probe_is_empty_and_valid(hub: Client, path: str) -> None:
    assert hub.call("GET", path).status_code == 200


def test_switches_change_a_running_account(account: Opener) -> None:  # §25
    hub = account()
    hub.action("switch", search_delay=60.0)
    ident = hub.create("companies", name="x", zip="SWITCHED")
    assert ids(hub.search("companies", where("zip", "EQ", "switched"))) == []
    hub.action("catch_up")
    assert ids(hub.search("companies", where("zip", "EQ", "switched"))) == [ident]
    with pytest.raises(ValueError, match="Unknown HubSpot option"):
        hub.action("switch", nonsense=1)
    hub.action("switch", link_host="https://api.hubapi.com")
    assert hub.good("GET", f"{OBJECTS}/deals?limit=1")["paging"]["next"]["link"].startswith(
        "https://api.hubapi.com/crm"
    )
