"""HubSpot §17: what is particular to each object."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot_account import OBJECTS, Client, Opener, to


def test_an_address_belongs_to_one_contact(hub: Client) -> None:  # §0.9
    one = hub.create("contacts", email="One@unique.example", hs_additional_emails="second@unique.example")
    for address in ("ONE@unique.example", "Second@unique.example"):
        status, body = hub.refused("POST", f"{OBJECTS}/contacts", {"properties": {"email": address}})
        assert (status, body["category"], body["message"]) == (
            409,
            "CONFLICT",
            f"Contact already exists. Existing ID: {one}",
        )
    two = hub.create("contacts", firstname="No address")
    assert hub.refused("PATCH", f"{OBJECTS}/contacts/{two}", {"properties": {"email": "one@unique.example"}})[0] == 409
    assert (
        hub.refused("POST", f"{OBJECTS}/contacts", {"properties": {"email": "not an address"}})[1]["errors"][0]["code"]
        == "INVALID_EMAIL"
    )


def test_companies_are_not_told_apart_by_domain(hub: Client) -> None:  # §0.9
    one, two = (
        hub.create("companies", name="x", domain=text) for text in ("https://WWW.Twice.example/about", "twice.example")
    )
    assert one != two
    assert hub.value("companies", one, "domain") == hub.value("companies", two, "domain") == "twice.example"


def test_lifecycle_stages_only_move_forward(hub: Client) -> None:  # §0.10
    ident = hub.create("contacts", email="cycle@rules.example", lifecyclestage="opportunity")
    assert (
        hub.call("PATCH", f"{OBJECTS}/contacts/{ident}", {"properties": {"lifecyclestage": "lead"}}).status_code == 200
    )
    assert hub.value("contacts", ident, "lifecyclestage") == "opportunity"
    hub.set("contacts", ident, lifecyclestage="customer")
    assert hub.value("contacts", ident, "lifecyclestage") == "customer"
    hub.set("contacts", ident, lifecyclestage="")
    hub.set("contacts", ident, lifecyclestage="lead")
    assert hub.value("contacts", ident, "lifecyclestage") == "lead", "back takes two steps"


def test_the_primary_company_and_parents_are_shown(hub: Client) -> None:
    parent, child = hub.create("companies", name="Parent"), hub.create("companies", name="Child")
    contact = hub.create("contacts", [to(child, 279)], email="primary@rules.example")
    assert hub.value("contacts", contact, "associatedcompanyid") == child
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 13}]
    hub.call("PUT", f"/crm/v4/objects/companies/{parent}/associations/companies/{child}", spec)
    assert hub.value("companies", child, "hs_parent_company_id") == parent
    assert hub.value("companies", parent, "hs_num_child_companies") == "1"
    other = hub.create("companies", name="Other")
    assert hub.refused("PUT", f"/crm/v4/objects/companies/{other}/associations/companies/{child}", spec)[0] == 400


def test_a_deals_figures_follow_its_stage(hub: Client) -> None:
    names = ("hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability", "hs_projected_amount", "hs_closed_amount", "closedate",
             "hs_date_entered_closedwon", "hs_v2_date_exited_contractsent", "amount_in_home_currency")  # fmt: skip
    ident = hub.create("deals", dealname="x", dealstage="contractsent", amount=1000, deal_currency_code="EUR")
    assert list(hub.read("deals", ident, *names)["properties"].values())[:5] == ["false", "false", "0.9", "900", "0"]
    hub.set("deals", ident, dealstage="closedwon")
    won = hub.read("deals", ident, *names)["properties"]
    assert (won["hs_is_closed_won"], won["hs_closed_amount"], won["amount_in_home_currency"]) == (
        "true",
        "1000",
        "1080",
    )
    assert won["closedate"]
    assert won["hs_date_entered_closedwon"] == won["hs_v2_date_exited_contractsent"]
    hub.set("deals", ident, dealstage="contractsent")
    assert hub.value("deals", ident, "hs_is_closed_won") == "false", "a deal can leave won again"


def line(hub: Client, deal: str | None = None, **values: Any) -> str:
    return hub.create("line_items", [to(deal, 20)] if deal else None, name="x", **values)


@pytest.mark.parametrize(
    ("given", "pre", "less", "net"),
    [({"price": "10", "quantity": "3"}, "30", "0", "30"), ({"price": "10.5", "quantity": "2.5", "discount": "0.5"}, "26.25", "1.25", "25"),
     ({"price": "200", "quantity": "1", "hs_discount_percentage": "15"}, "200", "30", "170")],
)  # fmt: skip
def test_line_items_are_calculated(hub: Client, given: dict[str, str], pre: str, less: str, net: str) -> None:
    found = hub.read("line_items", line(hub, **given), "hs_pre_discount_amount", "hs_total_discount", "amount")[
        "properties"
    ]
    assert (found["hs_pre_discount_amount"], found["hs_total_discount"], found["amount"]) == (pre, less, net)


def test_recurring_and_taxed_line_items(hub: Client) -> None:
    group = hub.good("GET", "/tax-rates/v1/tax-rates")["results"][1]
    ident = line(
        hub,
        price="120",
        quantity="1",
        recurringbillingfrequency="annually",
        hs_recurring_billing_period="P24M",
        hs_tax_rate_group_id=group["id"],
    )
    found = hub.read(
        "line_items", ident, "hs_mrr", "hs_arr", "hs_tcv", "hs_term_in_months", "hs_tax_amount", "hs_post_tax_amount"
    )["properties"]
    assert [
        found[name]
        for name in ("hs_mrr", "hs_arr", "hs_tcv", "hs_term_in_months", "hs_tax_amount", "hs_post_tax_amount")
    ] == ["10", "120", "240", "24", "22.8", "142.8"]


def test_a_line_item_copies_its_product_once(hub: Client) -> None:
    product = hub.create("products", name="Bolt", price="2", hs_sku="B-1")
    ident = hub.create("line_items", hs_product_id=product, quantity="4", hs_sku="own")
    hub.set("products", product, price="3")
    found = hub.read("line_items", ident, "name", "price", "hs_sku", "amount")["properties"]
    assert (found["name"], found["price"], found["hs_sku"], found["amount"]) == ("Bolt", "2", "own", "8")
    assert hub.refused("POST", f"{OBJECTS}/line_items", {"properties": {"hs_product_id": "999"}})[0] == 400
    assert hub.refused("POST", f"{OBJECTS}/line_items", {"properties": {"price": "-1"}})[0] == 400


@pytest.mark.parametrize(("shared", "status"), [("refuse", 400), ("record", 200)])
def test_a_line_item_has_one_parent(account: Opener, shared: str, status: int) -> None:  # §0.16
    hub = account(shared_line_items=shared)
    one, two = (hub.create("deals", dealname=name, dealstage="contractsent") for name in "xy")
    ident = line(hub, one)
    assert hub.call("PUT", f"/crm/v4/objects/deals/{two}/associations/default/line_items/{ident}").status_code == status
    assert [found["kind"] for found in hub.action("misuse")] == ["shared line item"]


def test_a_lines_currency_is_the_deals(hub: Client) -> None:
    deal = hub.create("deals", dealname="x", dealstage="contractsent", deal_currency_code="EUR")
    body = {"properties": {"name": "x", "hs_line_item_currency_code": "USD"}, "associations": [to(deal, 20)]}
    assert hub.refused("POST", f"{OBJECTS}/line_items", body)[0] == 400


@pytest.mark.parametrize("orphans", [True, False])
def test_what_becomes_of_the_lines(account: Opener, orphans: bool) -> None:  # §0.16
    hub = account(orphan_line_items=orphans)
    deal = hub.create("deals", dealname="x", dealstage="contractsent")
    quote = hub.create("quotes", hs_title="x", hs_expiration_date="2030-01-01")
    of_deal = line(hub, deal)
    of_quote = hub.create("line_items", [to(quote, 68)], name="x")
    for kind, ident in (("deals", deal), ("quotes", quote)):
        hub.call("DELETE", f"{OBJECTS}/{kind}/{ident}")
    assert hub.call("GET", f"{OBJECTS}/line_items/{of_quote}").status_code == 404
    assert hub.call("GET", f"{OBJECTS}/line_items/{of_deal}").status_code == (200 if orphans else 404)


def test_an_amount_follows_the_lines_where_switched(account: Opener) -> None:
    hub = account(amount_from_lines=True)
    deal = hub.create("deals", dealname="x", dealstage="contractsent", amount="1")
    ident = line(hub, deal, price="10", quantity="2")
    assert hub.value("deals", deal, "amount") == "20"
    hub.set("line_items", ident, quantity="3")
    assert hub.value("deals", deal, "amount") == "30"


def test_a_quote_is_published_and_locked(hub: Client) -> None:
    deal, template = (
        hub.create("deals", dealname="x", dealstage="contractsent"),
        hub.good("GET", f"{OBJECTS}/quote_templates")["results"][0]["id"],
    )
    quote = hub.create("quotes", [to(deal, 64)], hs_title="x", hs_expiration_date="2030-01-01")
    publish = {"properties": {"hs_status": "APPROVAL_NOT_NEEDED"}}
    assert hub.refused("PATCH", f"{OBJECTS}/quotes/{quote}", publish)[0] == 400
    hub.create("line_items", [to(quote, 68)], name="x", price="10", quantity="2")
    hub.call(
        "PUT",
        f"/crm/v4/objects/quotes/{quote}/associations/quote_template/{template}",
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 286}],
    )
    assert hub.call("PATCH", f"{OBJECTS}/quotes/{quote}", publish).status_code == 200
    found = hub.read(
        "quotes", quote, "hs_locked", "hs_quote_amount", "hs_quote_number", "hs_quote_link", "hs_pdf_download_link"
    )["properties"]
    assert (found["hs_locked"], found["hs_quote_amount"]) == ("true", "20")
    assert found["hs_quote_number"]
    assert found["hs_pdf_download_link"].startswith("https://")
    assert hub.refused("PATCH", f"{OBJECTS}/quotes/{quote}", {"properties": {"hs_title": "y"}})[0] == 400
    hub.set("quotes", quote, hs_status="DRAFT")
    hub.set("quotes", quote, hs_title="y")


@pytest.mark.parametrize("deletable", [False, True])
def test_invoices_open_with_lines_and_a_contact(account: Opener, deletable: bool) -> None:
    hub = account(invoices_open_deletable=deletable)
    invoice = hub.create("invoices", hs_currency="EUR")
    found = hub.read("invoices", invoice, "hs_invoice_date", "hs_due_date", "hs_invoice_status")["properties"]
    assert found["hs_invoice_status"] == "draft"
    assert found["hs_invoice_date"] == found["hs_due_date"]
    opened = {"properties": {"hs_invoice_status": "open"}}
    assert hub.refused("PATCH", f"{OBJECTS}/invoices/{invoice}", opened)[0] == 400
    hub.create("line_items", [to(invoice, 410)], name="x", price="10", quantity="2")
    hub.create("contacts", [to(invoice, 178)], email="billed@rules.example")
    hub.set("invoices", invoice, **opened["properties"])
    assert hub.value("invoices", invoice, "hs_balance_due") == "20"
    assert hub.call("DELETE", f"{OBJECTS}/invoices/{invoice}").status_code == (204 if deletable else 400)
    assert hub.create("invoices", hs_currency="EUR", hs_invoice_billable="false", hs_invoice_status="open"), (
        "an ERP's invoice needs nothing"
    )


def test_orders_have_a_unique_external_id(hub: Client) -> None:
    hub.create("order", hs_order_name="x", hs_external_order_id="SO-1")
    status, body = hub.refused(
        "POST", f"{OBJECTS}/orders", {"properties": {"hs_order_name": "y", "hs_external_order_id": "SO-1"}}
    )
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")


def test_the_platform_makes_companies_for_contacts_where_switched(account: Opener) -> None:
    hub = account(company_automation=True)
    contact, free = (hub.create("contacts", email=address) for address in ("me@business.example", "me@gmail.com"))
    assert hub.good("GET", f"/crm/v4/objects/contacts/{contact}/associations/companies")["results"] == []
    hub.clock.advance(6)
    [made] = hub.good("GET", f"/crm/v4/objects/contacts/{contact}/associations/companies")["results"]
    assert hub.value("companies", str(made["toObjectId"]), "domain") == "business.example"
    assert hub.good("GET", f"/crm/v4/objects/contacts/{free}/associations/companies")["results"] == []
    second = hub.create("contacts", email="you@business.example")
    hub.clock.advance(6)
    assert (
        hub.good("GET", f"/crm/v4/objects/contacts/{second}/associations/companies")["results"][0]["toObjectId"]
        == made["toObjectId"]
    )


def test_deals_move_lifecycle_stages_where_switched(account: Opener) -> None:
    hub = account(lifecycle_automation=True)
    company = hub.create("companies", name="x", lifecyclestage="lead")
    deal = hub.create("deals", [to(company, 341)], dealname="x", dealstage="contractsent")
    assert hub.value("companies", company, "lifecyclestage") == "opportunity"
    hub.set("deals", deal, dealstage="closedwon")
    assert hub.value("companies", company, "lifecyclestage") == "customer"


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_batches_move_lifecycle_stages_forward_only(hub: Client, kind: str) -> None:  # §0.10
    ident = hub.create(kind, firstname="x", lifecyclestage="customer") if kind == "contacts" else hub.create(kind, name="x", lifecyclestage="customer")  # fmt: skip
    inputs = {"inputs": [{"id": ident, "properties": {"lifecyclestage": "lead"}}]}
    [row] = hub.good("POST", f"{OBJECTS}/{kind}/batch/update", inputs)["results"]
    assert row["properties"]["lifecyclestage"] == "customer", "answered as it stays"
    wrong = {"properties": {"lifecyclestage": "Lead"}}
    assert hub.refused("PATCH", f"{OBJECTS}/{kind}/{ident}", wrong)[1]["errors"][0]["code"] == "INVALID_OPTION"


def test_a_unique_value_cannot_be_taken_by_an_update(hub: Client) -> None:  # §5, §12
    one, two = (hub.create("deals", dealname="x", dealstage="contractsent", erp_key=f"taken:{at}") for at in range(2))
    status, body = hub.refused("PATCH", f"{OBJECTS}/deals/{two}", {"properties": {"erp_key": "taken:0"}})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["message"].endswith(f"{one} already has that value")
    assert hub.value("deals", two, "erp_key") == "taken:1"
    hub.set("deals", two, erp_key="taken:1")
