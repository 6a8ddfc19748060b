"""The ledger's pages: why a field has its value, what a run did, what a record was at a time; all of it as SQL and the story have it."""

from __future__ import annotations

import pytest

from tests.pages.conftest import Desk
from tests.pages.desk import CRM, DAG, ERP, ago, run_of

SPACE = "\u202f"


def values(desk: Desk, system: str, entity: str, key: str, **query: object) -> dict[str, str]:
    shown = desk.page("/ledger/record", system=system, entity=entity, key=key, **query)
    return {
        str(row.get("data-field")): row.xpath("string(td[2])") for row in shown.xpath("//table[@id='values']/tbody/tr")
    }


def why(desk: Desk, system: str, entity: str, key: str, field: str) -> tuple[str, dict[str, str]]:
    shown = desk.page("/ledger/record", system=system, entity=entity, key=key, field=field)
    names, said = shown.xpath("//section[@id='why']//dt"), shown.xpath("//section[@id='why']//dd")
    told = {name.text_content(): " ".join(text.text_content().split()) for name, text in zip(names, said, strict=True)}
    return shown.xpath("string(//section[@id='why'])"), told


def test_a_value_that_was_written_names_change_rule_run_write_and_person(desk: Desk) -> None:
    told, facts = why(desk, CRM, "deal", "006done", "counterpart_key")
    assert "Crosswalk wrote it into Salesforce" in told
    assert "“9001”" in told
    assert facts["Change"].startswith("NetSuite order 9001")
    assert "flow write_back" in facts["Rule"]
    assert "salesforce.yaml:" in facts["Rule"]
    assert facts["Planned by run"] == run_of(1)
    assert facts["Write"] == "WB-1, attempt 2"
    assert facts["Person"].startswith("olga replayed it")
    assert "the field was unlocked" in facts["Person"]


def test_a_value_that_changed_in_its_system_says_so_and_what_it_was(desk: Desk) -> None:
    told, facts = why(desk, ERP, "customer", "501", "name")
    assert "No write of Crosswalk set it" in told
    assert facts["Change"] == "Aldermoor Foods → Aldermoor Foods Inc."
    assert facts["Run"] == run_of(2)


def test_a_value_that_never_changed_has_been_there_since_it_was_read(desk: Desk) -> None:
    assert "knows no change of this field" in why(desk, ERP, "customer", "501", "is_active")[0]


def test_what_finance_keeps_to_itself_is_shown_to_nobody(desk: Desk) -> None:
    text = desk.get("/ledger/record", "admin", system=ERP, entity="customer", key="501", field="credit_limit").text
    assert "2500" not in text
    assert "1000.00" not in text
    assert "values of sensitive fields are not kept" in text


@pytest.mark.parametrize(
    ("hours", "name", "phone"),
    [
        (4.9, "Aldermoor Foods", "+1 206 555 0100"),
        (2.1, "Aldermoor Foods", "+1 206 555 0100"),
        (1.5, "Aldermoor Foods Inc.", "+1 206 555 0100"),
        (0.5, "Aldermoor Foods Inc.", "+1 206 555 0199"),
    ],
)
def test_a_record_is_shown_as_it_was(desk: Desk, hours: float, name: str, phone: str) -> None:
    shown = values(desk, ERP, "customer", "501", at=ago(hours=hours).isoformat())
    assert (shown["name"], shown["phone"]) == (name, phone)


def test_of_before_it_was_first_read_nothing_is_told(desk: Desk) -> None:
    shown = desk.page("/ledger/record", system=ERP, entity="customer", key="501", at=ago(hours=6).isoformat())
    assert "had not read it by then" in shown.xpath("string(//div[@id='gaps'])")
    assert "Aldermoor" not in shown.xpath("string(//table[@id='values'])")


def test_a_run_lists_and_counts_what_it_did_as_sql_does(desk: Desk) -> None:
    shown = desk.page("/ledger/run", run=run_of(2))
    counts = {}
    for link in shown.xpath("//p[@id='summary']/a[b]"):
        counts[link.text.strip()] = int(link.xpath("string(b)").replace(SPACE, ""))
    asked = dict(desk.rows("select kind, count(*) from hub.ledger where run_id = %s group by kind", run_of(2)))
    assert counts == asked
    entries = shown.xpath("//table[@class='entries']/tbody/tr/@data-entry")
    newest = desk.rows("select id::text from hub.ledger where run_id = %s order by ledger.id desc limit 50", run_of(2))
    assert [(one,) for one in entries] == newest
    kind = desk.page("/ledger/run", run=run_of(2), kind="rejected").xpath(
        "//table[@class='entries']/tbody/tr/td[2]/text()"
    )
    assert set(kind) == {"rejected"}
    assert len(kind) == asked["rejected"]
    assert shown.xpath("//a[contains(., 'The run in Airflow')]/@href") == [f"/dags/{DAG}/runs/manual__2"]


def test_a_long_history_is_turned_page_by_page_and_misses_nothing(desk: Desk) -> None:
    from crosswalk.hub import ledger
    from tests.pages.desk import PAIRING

    with desk.hub.connection() as connection:
        told = (
            ledger.Entry("warned", PAIRING, "long", "crosswalk", ERP, "customer", "502", detail={"n": n})
            for n in range(120)
        )
        ledger.write(connection, told)
    for address in (f"/ledger/record?system={ERP}&entity=customer&key=502", "/ledger/run?run=long"):
        seen, here = [], address
        while here:
            shown = desk.page(here)
            seen += shown.xpath("//table[@class='entries']/tbody/tr/@data-entry")
            [here, *_] = [*shown.xpath("//nav[@class='pages']/a[contains(., 'Older')]/@href"), ""]
            here = here.removeprefix("/crosswalk")
        assert [(one,) for one in seen] == desk.rows(
            "select id::text from hub.ledger where run_id = 'long' order by ledger.id desc"
        )


def test_the_first_page_offers_the_latest_runs_and_every_kind_of_record(desk: Desk) -> None:
    shown = desk.page("/ledger")
    asked = desk.rows("select id from hub.run order by started_at desc, id desc limit 25")
    assert [(row,) for row in shown.xpath("//table[@id='runs']/tbody/tr/td[1]/a/text()")] == asked
    assert {"customer", "deal", "order", "stock"} <= set(shown.xpath("//select[@name='entity']/option/@value"))


def test_a_record_in_quarantine_says_so_and_leads_there_and_to_its_own_system(desk: Desk) -> None:
    shown = desk.page("/ledger/record", system=CRM, entity="deal", key="006order1")
    item = desk.one("select id from hub.quarantine where key = '006order1' and status = 'open'")
    assert f"/crosswalk/quarantine/item/{item}" in shown.xpath("//a/@href")
    assert "https://example.my.salesforce.com/006order1" in shown.xpath("//a/@href")


def test_a_customers_page_leads_to_its_records_in_the_ledger(desk: Desk) -> None:
    shown = desk.page("/customer/record", system=ERP, key="501")
    [address] = shown.xpath("//a[contains(., 'NetSuite in the ledger')]/@href")
    assert "Aldermoor" in desk.page(f"/customer/{address}").xpath("string(//h1)")
