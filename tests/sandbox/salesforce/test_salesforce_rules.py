"""Salesforce §14: opportunities and lines, price books, orders, tasks; validation and duplicate rules."""

from __future__ import annotations

import pytest


def line(api, deal, entry, **values):
    return api.post(
        "/sobjects/OpportunityLineItem/",
        {"OpportunityId": deal, "PricebookEntryId": entry, **{"Quantity": 2, "UnitPrice": 10}, **values},
    )


# opportunities
def test_the_stage_decides_closed_won_probability_and_forecast(api):
    deal = api.deal(StageName="Negotiation/Review")
    row = api.record("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategoryName"]) == (
        False,
        False,
        90.0,
        "Pipeline",
    )
    api.clock.advance(5)
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = api.record("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategory"]) == (True, True, 100.0, "Closed")
    assert row["LastStageChangeDate"] == "2026-05-06T12:00:05.000+0000"
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Prospecting"})
    assert api.record("Opportunity", deal)["IsWon"] is False


def test_lines_make_the_amount_set_the_book_and_move_the_stamp(api):
    _, entry = api.product()
    deal = api.deal(Amount=7)
    assert api.record("Opportunity", deal)["Pricebook2Id"] is None
    api.clock.advance(10)
    assert line(api, deal, entry, Quantity=3, UnitPrice=12.5).status_code == 201
    row = api.record("Opportunity", deal)
    assert (row["Amount"], row["HasOpportunityLineItem"], row["Pricebook2Id"]) == (37.5, True, api.standard_book())
    assert row["SystemModstamp"] == "2026-05-06T12:00:10.000+0000"
    assert (row["ExpectedRevenue"], row["TotalOpportunityQuantity"]) == (3.75, 3.0)


def test_writing_the_amount_of_a_deal_with_lines_changes_nothing(api):
    _, entry = api.product()
    deal = api.deal()
    line(api, deal, entry)
    assert api.patch(f"/sobjects/Opportunity/{deal}", {"Amount": 1, "NextStep": "call"}).status_code == 204
    row = api.record("Opportunity", deal)
    assert (row["Amount"], row["NextStep"]) == (20.0, "call")


def test_the_book_and_currency_stay_while_lines_exist(api):
    product, entry = api.product()
    book = api.make("Pricebook2", Name="Other", IsActive=True)
    deal = api.deal()
    own = line(api, deal, entry).json()["id"]
    for change in ({"Pricebook2Id": book}, {"CurrencyIsoCode": "EUR"}):
        assert (
            api.refused(api.patch(f"/sobjects/Opportunity/{deal}", change))["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
        )
    api.delete(f"/sobjects/OpportunityLineItem/{own}")
    assert api.patch(f"/sobjects/Opportunity/{deal}", {"Pricebook2Id": book}).status_code == 204
    assert product


def test_a_contact_given_on_create_becomes_the_primary_role(api):
    contact = api.make("Contact", LastName="x")
    deal = api.deal(ContactId=contact)
    roles = api.rows(f"SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{deal}'")
    assert [(row["ContactId"], row["IsPrimary"]) for row in roles] == [(contact, True)]
    second = api.make("Contact", LastName="y")
    api.make("OpportunityContactRole", OpportunityId=deal, ContactId=second, IsPrimary=True)
    primary = api.rows("SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true")
    assert [row["ContactId"] for row in primary] == [second]


# lines
@pytest.mark.parametrize(
    ("values", "code", "text"),
    [
        ({"TotalPrice": 20}, "FIELD_INTEGRITY_EXCEPTION", "UnitPrice"),
        ({"UnitPrice": None}, "REQUIRED_FIELD_MISSING", "UnitPrice or TotalPrice"),
        ({"Quantity": 0}, "FIELD_INTEGRITY_EXCEPTION", "quantity must be nonzero"),
        ({"PricebookEntryId": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [PricebookEntryId]"),
        ({"Quantity": None}, "REQUIRED_FIELD_MISSING", "[Quantity]"),
        ({"ListPrice": 5}, "INVALID_FIELD_FOR_INSERT_UPDATE", "ListPrice"),
    ],
)
def test_bad_lines(api, values, code, text):
    _, entry = api.product()
    error = api.refused(line(api, api.deal(), entry, **values))
    assert error["errorCode"] == code
    assert text in error["message"]


def test_a_line_by_total_price_or_product_derives_the_rest(api):
    product, entry = api.product(price=99)
    deal = api.deal(Pricebook2Id=api.standard_book())
    own = api.make("OpportunityLineItem", OpportunityId=deal, Product2Id=product, Quantity=4, TotalPrice=50)
    row = api.record("OpportunityLineItem", own)
    assert (row["PricebookEntryId"], row["UnitPrice"], row["ListPrice"]) == (entry, 12.5, 99.0)
    assert (row["ProductCode"], row["Name"]) == ("VALVE", "Deal Valve")
    api.patch(f"/sobjects/OpportunityLineItem/{own}", {"Quantity": 6})
    row = api.record("OpportunityLineItem", own)
    assert (row["UnitPrice"], row["TotalPrice"]) == (12.5, 75.0)


def test_the_entry_must_fit_the_deal(api):
    product, standard = api.product()
    book = api.make("Pricebook2", Name="Other", IsActive=True)
    other = api.entry(product, 80, book=book)
    deal = api.deal(Pricebook2Id=book)
    error = api.refused(line(api, deal, standard))
    assert "pricebook entry is in a different pricebook than the one assigned to the opportunity" in error["message"]
    euro = api.deal(CurrencyIsoCode="EUR")
    assert "currency code" in api.refused(line(api, euro, standard))["message"]
    api.patch(f"/sobjects/PricebookEntry/{other}", {"IsActive": False})
    error = api.refused(line(api, deal, other))
    assert error["message"] == "field integrity exception: PricebookEntryId (pricebook entry has been inactivated)"


def test_deleting_a_deal_takes_its_lines_and_undeleting_is_for_the_parent(api):
    _, entry = api.product()
    deal = api.deal()
    own = line(api, deal, entry).json()["id"]
    api.delete(f"/sobjects/Opportunity/{deal}")
    assert api.get(f"/sobjects/OpportunityLineItem/{own}").status_code == 404


# prices
def test_the_standard_price_comes_first(api):
    product = api.make("Product2", Name="New")
    book = api.make("Pricebook2", Name="Other", IsActive=True)
    values = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 5}
    error = api.refused(api.post("/sobjects/PricebookEntry/", values))
    assert (error["errorCode"], error["message"]) == (
        "STANDARD_PRICE_NOT_DEFINED",
        "Before creating a custom price, create a standard price.",
    )
    api.entry(product, 6)
    assert api.post("/sobjects/PricebookEntry/", values).status_code == 201
    error = api.refused(api.post("/sobjects/PricebookEntry/", {**values, "CurrencyIsoCode": "EUR"}))
    assert error["errorCode"] == "STANDARD_PRICE_NOT_DEFINED"


def test_one_price_per_book_product_and_currency(api):
    product, _ = api.product()
    api.entry(product, 90, currency="EUR")
    values = {"Pricebook2Id": api.standard_book(), "Product2Id": product, "UnitPrice": 5}
    error = api.refused(api.post("/sobjects/PricebookEntry/", values))
    assert (error["errorCode"], error["message"]) == (
        "DUPLICATE_VALUE",
        "This price definition already exists in this price book",
    )


def test_entries_default_to_inactive_and_keep_book_and_product(api):
    product = api.make("Product2", Name="New")
    assert api.record("Product2", product)["IsActive"] is False
    own = api.make("PricebookEntry", Pricebook2Id=api.standard_book(), Product2Id=product, UnitPrice=5)
    assert api.record("PricebookEntry", own)["IsActive"] is False
    error = api.refused(api.patch(f"/sobjects/PricebookEntry/{own}", {"Product2Id": product}))
    assert error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_an_entry_that_uses_the_standard_price_follows_it(api):
    product, standard = api.product(price=10)
    book = api.make("Pricebook2", Name="Other", IsActive=True)
    values = {"Pricebook2Id": book, "Product2Id": product, "UseStandardPrice": True}
    error = api.refused(api.post("/sobjects/PricebookEntry/", {**values, "UnitPrice": 11}))
    assert error["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    own = api.make("PricebookEntry", **values, UnitPrice=10)
    api.patch(f"/sobjects/PricebookEntry/{standard}", {"UnitPrice": 12})
    assert api.record("PricebookEntry", own)["UnitPrice"] == 12.0


def test_price_changes_leave_lines_alone(api):
    _, entry = api.product(price=10)
    own = line(api, api.deal(), entry).json()["id"]
    api.patch(f"/sobjects/PricebookEntry/{entry}", {"UnitPrice": 99})
    assert api.record("OpportunityLineItem", own)["ListPrice"] == 10.0


def test_used_products_are_archived_and_used_entries_stay(api):
    product, entry = api.product()
    line(api, api.deal(), entry)
    assert api.refused(api.delete(f"/sobjects/PricebookEntry/{entry}"))["errorCode"] == "DELETE_FAILED"
    assert api.delete(f"/sobjects/Product2/{product}").status_code == 204
    rows = api.get("/queryAll", params={"q": "SELECT IsArchived, IsDeleted FROM Product2"}).json()["records"]
    assert (rows[0]["IsArchived"], rows[0]["IsDeleted"]) == (True, True)


def test_the_standard_book_exists_once_and_stays(api):
    assert api.refused(api.delete(f"/sobjects/Pricebook2/{api.standard_book()}"))["errorCode"] == "DELETE_FAILED"
    error = api.refused(api.post("/sobjects/Pricebook2/", {"Name": "x", "IsStandard": True}))
    assert error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


# orders
@pytest.fixture
def order(api):
    api.customer = api.make("Account", Name="a")
    _, api.price = api.product(price=50)
    api.order = api.make(
        "Order", AccountId=api.customer, EffectiveDate="2026-05-01", Status="Draft", Pricebook2Id=api.standard_book()
    )
    return api


def item(api, **values):
    return api.post(
        "/sobjects/OrderItem/",
        {"OrderId": api.order, "PricebookEntryId": api.price, "Quantity": 2, "UnitPrice": 45, **values},
    )


def test_orders_are_numbered_and_total_their_products(order):
    item(order)
    item(order, Quantity=1, UnitPrice=10)
    row = order.record("Order", order.order)
    assert (row["OrderNumber"], row["StatusCode"], row["TotalAmount"]) == ("00000100", "Draft", 100.0)


def test_an_order_starts_as_draft_with_an_account(api):
    values = {"EffectiveDate": "2026-05-01", "Status": "Draft"}
    assert api.refused(api.post("/sobjects/Order/", values))["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    account = api.make("Account", Name="a")
    error = api.refused(api.post("/sobjects/Order/", {**values, "AccountId": account, "Status": "Activated"}))
    assert error["fields"] == ["Status"]


def test_activation_needs_products_and_freezes(order):
    error = order.refused(order.patch(f"/sobjects/Order/{order.order}", {"Status": "Activated"}))
    assert error["errorCode"] == "FAILED_ACTIVATION"
    own = item(order).json()["id"]
    assert order.patch(f"/sobjects/Order/{order.order}", {"Status": "Activated"}).status_code == 204
    row = order.record("Order", order.order)
    assert (row["StatusCode"], row["ActivatedById"]) == ("Activated", order.access["user_id"])
    for answer in (
        order.patch(f"/sobjects/Order/{order.order}", {"EffectiveDate": "2026-05-02"}),
        order.patch(f"/sobjects/OrderItem/{own}", {"Quantity": 9}),
        order.delete(f"/sobjects/OrderItem/{own}"),
        item(order),
    ):
        assert order.refused(answer)["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert order.refused(order.delete(f"/sobjects/Order/{order.order}"))["errorCode"] == "DELETE_FAILED"
    assert order.refused(order.delete(f"/sobjects/Account/{order.customer}"))["errorCode"] == "DELETE_FAILED"
    assert order.patch(f"/sobjects/Order/{order.order}", {"ERP_Status__c": "Open"}).status_code == 204
    assert order.patch(f"/sobjects/Order/{order.order}", {"Status": "Draft"}).status_code == 204
    assert order.patch(f"/sobjects/OrderItem/{own}", {"Quantity": 9}).status_code == 204


def test_inactive_products_prevent_activation(order):
    item(order)
    order.patch(f"/sobjects/PricebookEntry/{order.price}", {"IsActive": False})
    error = order.refused(order.patch(f"/sobjects/Order/{order.order}", {"Status": "Activated"}))
    assert error["errorCode"] == "FAILED_ACTIVATION"


def test_order_products_need_an_entry_of_the_orders_book(order):
    book = order.make("Pricebook2", Name="Other", IsActive=True)
    bare = order.make("Order", AccountId=order.customer, EffectiveDate="2026-05-01", Status="Draft", Pricebook2Id=book)
    error = order.refused(item(order, OrderId=bare))
    assert error["message"].startswith("Order Products must have a Price Book Entry that belongs to the Price Book")
    missing = item(order, PricebookEntryId=None).json()
    assert [entry["errorCode"] for entry in missing] == [
        "REQUIRED_FIELD_MISSING",
        "FIELD_INTEGRITY_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
    ]
    assert missing[2]["message"] == "Enter a List Price.: List Price"


def test_quantity_alone_rescales_the_unit_price(order):
    own = item(order, Quantity=2, UnitPrice=45).json()["id"]
    order.patch(f"/sobjects/OrderItem/{own}", {"Quantity": 3})
    row = order.record("OrderItem", own)
    assert (row["UnitPrice"], row["TotalPrice"]) == (30.0, 90.0)


def test_order_products_start_no_earlier_than_the_order(order):
    assert order.refused(item(order, ServiceDate="2026-04-01"))["fields"] == ["ServiceDate"]


def test_edit_activated_orders_is_a_right(make_api):
    api = make_api(edit_activated_orders=True)
    account = api.make("Account", Name="a")
    _, entry = api.product()
    own = api.make(
        "Order", AccountId=account, EffectiveDate="2026-05-01", Status="Draft", Pricebook2Id=api.standard_book()
    )
    line_id = api.make("OrderItem", OrderId=own, PricebookEntryId=entry, Quantity=1, UnitPrice=1)
    api.patch(f"/sobjects/Order/{own}", {"Status": "Activated"})
    assert api.patch(f"/sobjects/OrderItem/{line_id}", {"Quantity": 2}).status_code == 204


# tasks, relations
def test_tasks_have_defaults_and_derive_their_account(api):
    account = api.make("Account", Name="a")
    deal = api.deal(AccountId=account)
    row = api.record("Task", api.make("Task", Subject="x", WhatId=deal))
    assert (row["Status"], row["Priority"], row["AccountId"], row["IsClosed"]) == (
        "Not Started",
        "Normal",
        account,
        False,
    )
    lead = api.make("Lead", LastName="l", Company="c")
    assert (
        api.refused(api.post("/sobjects/Task/", {"Subject": "x", "WhoId": lead, "WhatId": deal}))["errorCode"]
        == "FIELD_INTEGRITY_EXCEPTION"
    )


def test_contacts_to_multiple_accounts(make_api, api):
    assert api.refused(api.query("SELECT Id FROM AccountContactRelation"))["errorCode"] == "INVALID_TYPE"
    full = make_api(contacts_to_multiple_accounts=True)
    first, second = (full.make("Account", Name=name) for name in "ab")
    contact = full.make("Contact", LastName="x", AccountId=first)
    relation = full.rows("SELECT AccountId, IsDirect FROM AccountContactRelation")
    assert [(row["AccountId"], row["IsDirect"]) for row in relation] == [(first, True)]
    again = full.post("/sobjects/AccountContactRelation/", {"AccountId": first, "ContactId": contact})
    assert full.refused(again)["errorCode"] == "DUPLICATE_VALUE"
    full.make("AccountContactRelation", AccountId=second, ContactId=contact, Roles="Influencer;Evaluator")


# rules of the org's owner
def test_validation_rules_refuse_with_the_admins_words(make_api):
    api = make_api(validation_rules=("Opportunity | Amount > 1000 | Ask the board first. | Amount",))
    assert api.deal(Amount=1000)
    values = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-01", "Amount": 1001}
    error = api.refused(api.post("/sobjects/Opportunity/", values))
    assert error == {
        "message": "Ask the board first.",
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "fields": ["Amount"],
    }
    assert len(api.rows("SELECT Id FROM Opportunity")) == 1


def test_duplicate_rules_block_until_the_header_allows(make_api):
    api = make_api(duplicate_rules=True)
    first = api.make("Account", Name="Acme")
    error = api.refused(api.post("/sobjects/Account/", {"Name": "acme"}))
    assert (error["errorCode"], error["message"], error["fields"]) == (
        "DUPLICATES_DETECTED",
        "Use one of these records?",
        [],
    )
    detailed = api.post(
        "/sobjects/Account/",
        {"Name": "acme"},
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true"},
    )
    result = api.refused(detailed)["duplicateResult"]
    assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
    allowed = api.post(
        "/sobjects/Account/", {"Name": "acme"}, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    )
    assert allowed.status_code == 201


# features
def test_state_and_country_picklists_check_and_complete_addresses(make_api):
    api = make_api(state_country_picklists=True)
    own = api.make(
        "Account", Name="a", BillingCountry="united states", BillingState="Washington", BillingCity="Seattle"
    )
    row = api.record("Account", own)
    assert (row["BillingCountryCode"], row["BillingStateCode"], row["BillingCountry"]) == ("US", "WA", "United States")
    assert (row["BillingAddress"]["countryCode"], row["BillingAddress"]["stateCode"]) == ("US", "WA")
    for values in ({"BillingCountry": "Atlantis"}, {"BillingCountryCode": "US", "BillingState": "Bavaria"}):
        error = api.refused(api.post("/sobjects/Account/", {"Name": "b", **values}))
        assert error["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
        assert error["message"].startswith("There's a problem with this")
    assert (
        api.patch(f"/sobjects/Account/{own}", {"BillingCountryCode": "DE", "BillingStateCode": None}).status_code == 204
    )
    assert api.record("Account", own)["BillingCountry"] == "Germany"


def test_without_picklists_there_are_no_codes(api):
    error = api.refused(api.post("/sobjects/Account/", {"Name": "a", "BillingCountryCode": "US"}))
    assert error["message"] == "No such column 'BillingCountryCode' on sobject of type Account"


def test_quotes_sum_their_lines(make_api):
    api = make_api(quotes=True)
    account = api.make("Account", Name="a")
    _, entry = api.product(price=50)
    quote = api.make("Quote", Name="q", OpportunityId=api.deal(AccountId=account), Tax=5)
    own = api.make("QuoteLineItem", QuoteId=quote, PricebookEntryId=entry, Quantity=2, UnitPrice=50, Discount=10)
    row = api.record("Quote", quote)
    assert (row["Subtotal"], row["TotalPrice"], row["GrandTotal"], row["LineItemCount"], row["AccountId"]) == (
        100.0,
        90.0,
        95.0,
        1,
        account,
    )
    assert row["Pricebook2Id"] == api.standard_book()
    assert row["QuoteNumber"] == "00000100"
    api.delete(f"/sobjects/QuoteLineItem/{own}")
    assert api.record("Quote", quote)["GrandTotal"] == 5.0


def test_record_types_are_described_and_checked(api):
    kind = api.make("RecordType", Name="Dealer", DeveloperName="Dealer", SobjectType="Account", IsActive=True)
    infos = api.get("/sobjects/Account/describe").json()["recordTypeInfos"]
    assert [(info["developerName"], info["master"]) for info in infos] == [("Dealer", False), ("Master", True)]
    own = api.make("Account", Name="a", RecordTypeId=kind)
    assert (
        api.rows(f"SELECT RecordType.DeveloperName FROM Account WHERE Id = '{own}'")[0]["RecordType"]["DeveloperName"]
        == "Dealer"
    )
    error = api.refused(api.post("/sobjects/Contact/", {"LastName": "x", "RecordTypeId": kind}))
    assert error["message"] == "No such column 'RecordTypeId' on sobject of type Contact"
