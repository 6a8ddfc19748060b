"""The demo company in the org: counts, ids, relations, derived fields; loading is all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size

COMPANY = generate(seed=7, now=datetime(2026, 5, 6, tzinfo=UTC), size=Size(60, 20, 80))


@pytest.fixture
def loaded(make_api):
    api = make_api()
    api.emulator.load(COMPANY)
    return api


def count(api, sobject, condition="Id != null"):
    return api.query(f"SELECT COUNT() FROM {sobject} WHERE {condition}").json()["totalSize"]


def test_every_crm_fact_is_there_under_its_own_id(loaded):
    parties = [party for party in COMPANY.parties() if party.crm]
    assert count(loaded, "Account") == len(parties)
    for party in parties[:20]:
        row = loaded.record("Account", ids.salesforce_id(ids.ACCOUNT, party.sequence))
        assert (row["Name"], row["ERP_Id__c"], row["CurrencyIsoCode"]) == (
            party.crm.name,
            party.crm.stored_erp_id,
            party.crm.currency,
        )
    deals = list(COMPANY.deals())
    assert count(loaded, "Opportunity") == len(deals)
    assert count(loaded, "OpportunityLineItem") == sum(len(deal.lines) for deal in deals)
    assert count(loaded, "PricebookEntry") == sum(price.crm_price is not None for price in COMPANY.prices())
    assert count(loaded, "Pricebook2", "IsStandard = true") == 1


def test_lines_add_up_and_lead_to_products(loaded):
    rows = loaded.rows(
        "SELECT Amount, HasOpportunityLineItem, (SELECT TotalPrice, Product2.Name, PricebookEntry.Pricebook2Id FROM OpportunityLineItems) FROM Opportunity LIMIT 200"
    )
    seen = 0
    for row in rows:
        lines = row["OpportunityLineItems"]["records"] if row["OpportunityLineItems"] else []
        assert row["HasOpportunityLineItem"] is bool(lines)
        if lines:
            seen += 1
            assert row["Amount"] == pytest.approx(sum(line["TotalPrice"] for line in lines))
            assert all(line["Product2"]["Name"] for line in lines)
    assert seen > 10


def test_won_deals_are_won_by_their_stage(loaded):
    assert count(loaded, "Opportunity", "IsWon = true AND StageName != 'Closed Won'") == 0
    assert count(loaded, "Opportunity", "IsWon = false AND StageName = 'Closed Won'") == 0
    assert count(loaded, "Opportunity", "IsWon = true") == sum(deal.is_won for deal in COMPANY.deals())


def test_new_records_take_higher_ids(loaded):
    highest = loaded.rows("SELECT MAX(Id) m FROM Account")[0]["m"]
    assert loaded.make("Account", Name="new") > highest


def test_a_loaded_record_can_be_changed_like_any_other(loaded):
    deal = loaded.rows(
        "SELECT Id, Amount FROM Opportunity WHERE IsClosed = false AND HasOpportunityLineItem = true LIMIT 1"
    )[0]
    line = loaded.rows(f"SELECT Id, Quantity FROM OpportunityLineItem WHERE OpportunityId = '{deal['Id']}' LIMIT 1")[0]
    assert (
        loaded.patch(f"/sobjects/OpportunityLineItem/{line['Id']}", {"Quantity": line["Quantity"] + 1}).status_code
        == 204
    )
    assert loaded.record("Opportunity", deal["Id"])["Amount"] > deal["Amount"]


def test_picklist_values_of_the_company_are_known_to_the_org(loaded):
    fields = {field["name"]: field for field in loaded.get("/sobjects/Opportunity/describe").json()["fields"]}
    stages = {value["value"] for value in fields["StageName"]["picklistValues"]}
    assert {row["StageName"] for row in loaded.rows("SELECT StageName FROM Opportunity GROUP BY StageName")} <= stages


def test_loading_twice_is_refused(loaded):
    assert loaded.emulator.is_loaded()
    with pytest.raises(ValueError, match="already"):
        loaded.emulator.load(COMPANY)


def test_a_failed_load_leaves_an_empty_org(make_api):
    class Broken:
        def __getattr__(self, name):
            return getattr(COMPANY, name)

        def deals(self):
            yield next(iter(COMPANY.deals()))
            raise RuntimeError("power cut")

    api = make_api()
    with pytest.raises(RuntimeError):
        api.emulator.load(Broken())
    assert not api.emulator.is_loaded()
    assert count(api, "Account") == 0
    assert count(api, "Pricebook2", "IsStandard = true") == 1
    assert api.make("Account", Name="a")


def test_the_company_survives_a_restart(make_api, tmp_path):
    first = make_api(directory=tmp_path / "kept")
    first.emulator.load(COMPANY)
    expected = count(first, "Contact")
    first.emulator.close()
    second = make_api(directory=tmp_path / "kept")
    assert second.emulator.is_loaded()
    assert count(second, "Contact") == expected > 0
