"""The review page over HTTP: people and products as customers, what decisions did, taking them back, and the way to a link and its undoing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswalk.hub.further import add_further
from crosswalk.hub.links import LinkPair, create_links, unlink
from crosswalk.hub.matches import Proposal, decided, open_matches, propose
from crosswalk.hub.thresholds import Threshold, keep_threshold
from tests.facts.shop import put
from tests.pages.conftest import Desk
from tests.pages.desk import CRM, ERP, NOW, PAIRING, run_of

SAID = (("name", "nearly the same name", 6.5), ("phone", "another phone", -2.0))
RECORDS = {
    "contact": ({"first_name": "Ada", "last_name": "Quill", "email": "ada@q.example"}, {"first_name": "Ada", "last_name": "Quil", "email": "a@q.example"}),
    "product": ({"sku": "QB-1", "name": "Quill bolt"}, {"sku": "QB1", "name": "Quill bolt M4"}),
    "customer": ({"name": "Quill Foods"}, {"name": "Quill Foods Inc.", "credit_limit": 4711, "subsidiary": "Aldermoor Inc."}),
}  # fmt: skip


@pytest.fixture
def asked(desk: Desk) -> Iterator[dict[str, int]]:
    """One doubtful pair of each kind; returns their numbers."""
    with desk.hub.connection() as connection:
        for entity, (crm, erp) in RECORDS.items():
            put(connection, entity, CRM, f"crm quill {entity}", **crm)
            put(connection, entity, ERP, f"erp quill {entity}", **erp)
            pair = Proposal(f"crm quill {entity}", f"erp quill {entity}", 900.0, "not enough speaks for it", SAID)
            propose(connection, PAIRING, entity, (CRM, ERP), [pair], run_of(1))
        made = {match.entity: match.id for match in open_matches(connection, PAIRING) if "quill" in match.left_key}
    yield made
    with desk.hub.connection() as connection:
        for entity in RECORDS:
            unlink(connection, PAIRING, entity, CRM, f"crm quill {entity}", actor="test", reason="taken away")
            connection.execute("delete from hub.match_candidate where entity = %s", (entity,))
            connection.execute(f"delete from hub.{entity} where key like '%% quill%%'".encode())
        connection.execute("delete from hub.watermark where system like 'thresholds%%'")


@pytest.mark.parametrize("entity", RECORDS)
def test_both_records_and_the_evidence_are_shown_whatever_they_are(
    desk: Desk, asked: dict[str, int], entity: str
) -> None:
    shown = desk.page("/matches", entity=entity)
    rows = {
        row.xpath("string(td[1])"): tuple(row.xpath(f"normalize-space(string(td[{at}]))") for at in (2, 3))
        for row in shown.xpath("//section[@id='pair']//tbody/tr")
    }
    crm, erp = RECORDS[entity]
    for name in crm:
        assert [told.removesuffix(" comes first") for told in rows[name.replace("_", " ")]] == [crm[name], erp[name]]
    assert "credit limit" not in rows
    tags = [" ".join(tag.split()) for tag in shown.xpath("//section[@id='pair']//span[@title]/text()")]
    assert tags == ["nearly the same name +6.5", "another phone -2.0"]
    assert shown.xpath("//nav/a[@aria-current]/@href")[-1:] == [f"matches?pairing={PAIRING}&entity={entity}"]


def test_a_decision_is_listed_with_who_and_taken_back_by_who_may_decide(desk: Desk, asked: dict[str, int]) -> None:
    pair = {"pairing": PAIRING, "match": asked["contact"]}
    assert desk.post("/matches/decide", {**pair, "decision": "different"}, "user").status_code == 303
    [row] = desk.page("/matches").xpath("//table[@id='decided']/tbody/tr")
    assert [row.xpath(f"string(td[{at}])") for at in (1, 2, 3)] == ["not the same contact", "Ada Quill", "Ada Quil"]
    assert "user" in row.xpath("string(td[4])")
    assert not row.xpath(".//button")  # for a viewer
    assert desk.post("/matches/take_back", pair, "viewer").status_code == 403
    assert desk.post("/matches/take_back", pair, "user", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert desk.page("/matches", "user").xpath("//table[@id='decided']//button/text()") == ["Take back"]
    assert desk.post("/matches/take_back", pair, "user").status_code == 303
    with desk.hub.connection() as connection:
        assert decided(connection, PAIRING, "contact") == []
    again = desk.post("/matches/take_back", pair, "user")
    assert (again.status_code, "Somebody took it back" in again.text) == (404, True)


def test_what_decisions_made_of_the_threshold_is_told_with_how_many_came_since(
    desk: Desk, asked: dict[str, int]
) -> None:
    raised = Threshold(
        12.5, -1.0, "raised from 10 to 12.5: 1 pairs that would have been linked were called different", 0
    )
    with desk.hub.connection() as connection:
        keep_threshold(connection, PAIRING, "product", raised, run_id=run_of(1), now=NOW)
    desk.post("/matches/decide", {"pairing": PAIRING, "match": asked["product"], "decision": "different"}, "user")
    [told] = desk.page("/matches").xpath("//p[contains(@class, 'learnt')]")
    words = " ".join(told.text_content().split())
    assert "Product: linked unasked from 12.5 bits on, asked about from -1 on" in words
    assert "raised from 10 to 12.5" in words
    assert "1 since then is taken into account by the next run" in words


def test_a_link_is_reached_from_its_decision_its_customer_and_its_record_and_names_all_customers_of_the_account(
    desk: Desk, asked: dict[str, int]
) -> None:
    crm, erp = "crm quill customer", "erp quill customer"
    desk.post("/matches/decide", {"pairing": PAIRING, "match": asked["customer"], "decision": "same"}, "user")
    with desk.hub.connection() as connection:
        put(connection, "customer", ERP, "erp2 quill", name="Quill Foods Ltd", subsidiary="Aldermoor Ltd")
        assert add_further(connection, PAIRING, [LinkPair(CRM, crm, ERP, "erp2 quill", "scored")], run_of(1)) == 1
    [address] = desk.page("/matches").xpath("//table[@id='decided']//a/@href")
    [of_customer] = desk.page("/customer/record", system=CRM, key=crm).xpath("//a[contains(., 'undo')]/@href")
    [of_record] = desk.page("/ledger/record", system=ERP, entity="customer", key="erp2 quill").xpath("//a[.='Its link']/@href")  # fmt: skip
    shown = desk.page(f"/{address}", "user")
    assert desk.page(of_customer.removeprefix("/crosswalk"), "user").xpath("string(//main)") == shown.xpath(
        "string(//main)"
    )
    assert "by a person's decision" in shown.xpath("string(//main)")
    assert "The account is also Quill Foods Ltd in Aldermoor Ltd." in shown.xpath("string(//p[@id='others'])")
    other = desk.page(of_record.removeprefix("/crosswalk"), "user")
    assert "by resemblance" in other.xpath("string(//main)")
    assert "which is also Quill Foods Inc. in Aldermoor Inc." in other.xpath("string(//p[@id='others'])")
    form = {field.get("name"): field.get("value") for field in other.xpath("//form//input[@type='hidden']")}
    assert desk.post("/matches/undo", {**form, "reason": "another firm"}, "user").status_code == 303
    assert desk.rows("select key from hub.every_end where link_id = (select link_id from hub.link_end where key = %s) order by 1", crm) == [(crm,), (erp,)]  # fmt: skip


def test_contacts_that_are_linked_have_a_page_too(desk: Desk, asked: dict[str, int]) -> None:
    with desk.hub.connection() as connection:
        pair = LinkPair(CRM, "crm quill contact", ERP, "erp quill contact", "exact:email")
        assert create_links(connection, PAIRING, "contact", [pair], run_of(1)) == 1
    shown = desk.page("/matches/link", "user", entity="contact", system=ERP, key="erp quill contact")
    assert "the same contact by the same email" in shown.xpath("normalize-space(string(//main))")
    assert "ada@q.example" in shown.xpath("string(//table)")
