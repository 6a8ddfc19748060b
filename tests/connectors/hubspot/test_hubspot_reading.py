"""What the connector asks, and how it reads the answers (HubSpot §2, §6, §7, §10, §16, §17)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.connectors.hubspot.auth import base_url
from crosswalk.connectors.hubspot.client import is_read
from crosswalk.connectors.hubspot.errors import error_of
from crosswalk.connectors.hubspot.pace import Pace
from crosswalk.connectors.hubspot.paths import versioned
from crosswalk.connectors.hubspot.values import converter, same, version_of, wire_text
from crosswalk.connectors.hubspot.where import conditions
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.mapping.document import load_mapping
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
)
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.hubspot.portal import Portal, refusal, running
from tests.connectors.loopback import Reply

HUBSPOT = Path(__file__).parents[3] / "include" / "mappings" / "hubspot.yaml"
NAMES = Selection("customer", "companies", (NativeField("name", "text"),))


def pulled(portal: Portal, selection: Selection, **options: object) -> list[NativeRecord]:
    with running(portal, read_only=True, **options) as (connector, _):
        return [record for page in connector.pull(selection, None) for record in page.records]


# --- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "header", "least", "most"),
    [
        ({"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "message": "x"}, None, 10, 10),
        ({"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "message": "x"}, "3", 3, 3),
        ({"category": "RATE_LIMITS", "message": "You have reached your secondly limit."}, None, 1, 1.5),
        ({"errorType": "RATE_LIMIT", "policyName": "SECONDLY", "message": "x"}, None, 1, 1.5),
    ],
)
def test_each_limit_has_its_own_wait(body: dict[str, str], header: str | None, least: float, most: float) -> None:
    portal, waits = Portal(), list[float]()
    portal.save("companies", name="Limited")
    refused = Reply(429, json.dumps({"status": "error", **body}).encode(), {"Retry-After": header} if header else {})
    once = [refused]
    portal.faults.append(lambda _request: once.pop() if once else None)
    assert len(pulled(portal, NAMES, sleep=waits.append)) == 1
    assert least <= sum(waits) <= most


def test_a_day_that_is_used_up_ends_the_run_at_once() -> None:
    portal, waits = Portal(), list[float]()
    portal.faults.append(lambda _request: refusal(429, "", "You have reached your daily limit.", policyName="DAILY"))
    with pytest.raises(RateLimitedError, match="calls of the day") as spent:
        pulled(portal, NAMES, sleep=waits.append)
    assert waits == []
    assert spent.value.hint
    assert len(portal.calls) == 1


@given(gaps=st.lists(st.floats(0, 0.5), min_size=1, max_size=40), searches=st.integers(1, 6))
def test_no_second_holds_more_searches_than_allowed(gaps: list[float], searches: int) -> None:
    now, asked = [100.0], list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(searches=searches, sleep=sleep, clock=lambda: now[0])
    for gap in gaps:
        now[0] += gap
        pace.search()
        asked.append(now[0])
    for first, beyond in zip(asked, asked[searches:], strict=False):
        assert beyond - first >= 1 - 1e-6


# --- signing in -------------------------------------------------------------------------------------

APP = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1"}


def test_an_access_token_is_renewed_before_it_ends_and_once_when_it_is_refused() -> None:
    portal = Portal()
    key = portal.save("companies", name="Signed")
    with running(portal, extra=APP) as (connector, server):
        for _ in range(3):
            assert len(connector.fetch(NAMES, [key])) == 1
        assert portal.calls.count("POST /oauth/v3/token") == 1
        portal.access = "ended"
        assert len(connector.fetch(NAMES, [key])) == 1
        connector.client.transport.authenticator._ends = 0.0
        assert len(connector.fetch(NAMES, [key])) == 1
        logins = [one for one in server.received if one.path == "/oauth/v3/token"]
    assert len(logins) == 3
    assert b"refresh_token=refresh-1" in logins[0].body
    assert b"refresh_token=refresh-2" in logins[1].body, "what came back with the token counts"


def test_a_token_that_is_refused_is_not_tried_again() -> None:
    portal = Portal()
    portal.access = "another"
    with pytest.raises(AuthenticationError) as refused:
        pulled(portal, NAMES)
    assert len(portal.calls) == 1
    assert refused.value.hint


@pytest.mark.parametrize("extra", [{}, {"access_token": " "}, {"client_id": "app", "client_secret": "x"}])
def test_incomplete_credentials_are_refused_before_anything_is_sent(extra: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="credentials"), running(Portal(), extra=extra):
        raise AssertionError("it opened")


def test_a_token_leaves_this_machine_by_https_only() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        base_url(ConnectionSettings(host="http://api.example.com"))
    assert base_url(ConnectionSettings()) == "https://api.hubapi.com"


# --- paths ------------------------------------------------------------------------------------------


def test_a_dated_version_moves_every_path() -> None:
    portal = Portal()
    portal.save("deals", dealname="Dated")
    selection = Selection(
        "deal",
        "deals",
        (
            NativeField("dealname", "text"),
            NativeField("companies.id", "reference"),
            NativeField("hubspot_owner_id.name", "text"),
        ),
    )
    with running(portal, extra={"access_token": portal.access, "api_version": "2026-03"}) as (connector, _):
        since = {"since": (portal.now - timedelta(hours=1)).isoformat()}
        assert [r.values["dealname"] for page in connector.pull(selection, since) for r in page.records] == ["Dated"]
        connector.preflight([selection])
    assert portal.calls
    assert not [call for call in portal.calls if "/v3/" in call or "/v4/" in call], portal.calls
    assert versioned("/oauth/v3/token", "2026-03") == "/oauth/2026-03/token"
    with (
        pytest.raises(ConfigurationError, match="no version"),
        running(portal, extra={"access_token": "x", "api_version": "4"}),
    ):
        raise AssertionError("it opened")


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_searches_and_batch_reads_are_harmless_and_nothing_else_that_is_posted(version: str) -> None:
    for path in (
        "/crm/v3/objects/deals/search",
        "/crm/v3/objects/deals/batch/read",
        "/crm/v4/associations/a/b/batch/read",
    ):
        assert is_read("POST", versioned(path, version))
    for path in (
        "/crm/v3/objects/deals",
        "/crm/v3/objects/deals/batch/create",
        "/crm/v3/objects/deals/merge",
        "/crm/v3/objects/search",
    ):
        assert not is_read("POST", versioned(path, version)) or path.endswith("objects/search")
    assert not is_read("DELETE", versioned("/crm/v3/objects/deals/1", version))


# --- rows -------------------------------------------------------------------------------------------


def test_the_primary_company_counts_however_many_there_are_and_a_label_chooses_another() -> None:
    portal = Portal()
    deals = [portal.save("deals", dealname=str(number)) for number in range(3)]
    for company, types in ((31, (341,)), (32, (5, 341)), (33, (341,)), (34, (341,)), (35, (341,))):
        portal.associate("deals", deals[0], "companies", str(company), *types)
    portal.associate("deals", deals[0], "companies", "36", 77, label="Billing contact")
    portal.associate("deals", deals[1], "companies", "41", 5, 341)
    fields = (NativeField("companies.id", "reference"), NativeField("companies[Billing contact].id", "reference"))
    records = pulled(portal, Selection("deal", "deals", fields))
    assert [tuple(record.values.values()) for record in records] == [("32", "36"), ("41", None), (None, None)]
    assert portal.calls.count("POST /crm/v4/associations/deals/companies/batch/read") == 3, (
        "six ends of one deal, two a page"
    )
    portal.calls.clear()
    assert [r.values["companies.id"] for r in pulled(portal, Selection("deal", "deals", fields[:1]))] == [
        "32",
        "41",
        None,
    ]
    reads = [
        body
        for call, body in zip(portal.calls, portal.bodies[-len(portal.calls) :], strict=True)
        if "associations" in call
    ]
    assert [one["id"] for one in reads[0]["inputs"]] == [deals[0]], "the list told the others beyond doubt"


def test_a_phone_without_country_code_is_read_as_of_the_contact_else_its_company_else_the_accounts_default() -> None:
    portal = Portal()
    munich = portal.save("companies", name="Isar AG", country="Germany")
    nowhere = portal.save("companies", name="Nowhere", country=None)
    contact = load_mapping(HUBSPOT).entities["contact"]
    given = [
        ({"phone": "089 45678900", "associatedcompanyid": munich}, "+498945678900"),
        ({"phone": "020 7946 0958", "associatedcompanyid": munich, "country": "United Kingdom"}, "+442079460958"),
        ({"mobilephone": "(206) 555-0123", "associatedcompanyid": nowhere}, "+12065550123"),
        ({"phone": "(206) 555-0123"}, "+12065550123"),
        ({"phone": "+49 89 45678900", "associatedcompanyid": "999"}, "+498945678900"),
    ]
    keys = {portal.save("contacts", lastname="X", **values): number for values, number in given}
    mapper = Mapper("hubspot", contact)
    images = [mapper.to_image(record) for record in pulled(portal, contact.selection)]
    assert {one.key: one.values["phone"] or one.values["mobile"] for one in images} == keys
    reads = [
        body
        for call, body in zip(portal.calls, portal.bodies[-len(portal.calls) :], strict=True)
        if "companies/batch/read" in call
    ]
    assert [{one["id"] for one in body["inputs"]} for body in reads] == [{munich, nowhere}], (
        "only those that decide, each once"
    )


def test_contacts_whose_phones_say_their_country_cost_no_call_more() -> None:
    portal = Portal()
    company = portal.save("companies", name="Isar AG", country="Germany")
    for number in range(3):
        portal.save("contacts", lastname="X", phone=f"+49 89 4567890{number}", associatedcompanyid=company)
    pulled(portal, load_mapping(HUBSPOT).entities["contact"].selection)
    assert not [call for call in portal.calls if "batch/read" in call]


def test_a_line_of_no_deal_is_left_out_and_a_discount_taken_off() -> None:
    portal = Portal()
    fields = tuple(
        NativeField(path, kind)
        for path, kind in (("deals.id", "reference"), ("price.net", "amount"), ("quantity", "quantity"))
    )
    selection = Selection("deal_line", "line_items", fields)
    for number, values in enumerate(
        (
            {"price": "10"},
            {"price": "10", "discount": "1.5"},
            {"price": "10", "hs_discount_percentage": "25"},
            {"price": "10"},
        )
    ):
        key = portal.save("line_items", quantity="2.50", **values)
        if number < 3:
            portal.associate("line_items", key, "deals", "9", 20)
    assert [(r.values["price.net"], r.values["quantity"]) for r in pulled(portal, selection)] == [
        (Decimal(10), Decimal("2.5")), (Decimal("8.5"), Decimal("2.5")), (Decimal("7.5"), Decimal("2.5")),
    ]  # fmt: skip
    with running(portal) as (connector, _):
        since = {"since": (portal.now - timedelta(hours=1)).isoformat()}
        told = [record for page in connector.pull(selection, since) for record in page.records]
    assert sorted(record.deleted for record in told) == [False, False, False, True]


def test_a_product_has_a_price_for_each_currency_and_says_which_it_has_no_more() -> None:
    portal = Portal()
    key = portal.save("products", price="310", hs_price_eur=None)
    fields = tuple(
        NativeField(path, "text") for path in ("hs_object_id", "price.list", "price.currency", "price.amount")
    )
    records = pulled(portal, Selection("price", "products", fields))
    assert [(r.key, r.deleted, r.values.get("price.amount")) for r in records] == [
        (f"{key}|USD", False, Decimal(310)),
        (f"{key}|EUR", True, None),
    ]
    portal.archive("products", key)
    with running(portal) as (connector, _):
        since = {"since": (portal.now - timedelta(hours=1)).isoformat()}
        gone = {
            r.key
            for page in connector.pull(Selection("price", "products", fields), since)
            for r in page.records
            if r.deleted
        }
    assert gone == {f"{key}|USD", f"{key}|EUR"}


def test_owners_present_and_former_and_stages_are_told_by_name() -> None:
    portal = Portal()
    for owner, stage in (("7", "55"), ("8", "56"), (None, None)):
        portal.save("deals", hubspot_owner_id=owner, dealstage=stage)
    fields = (NativeField("hubspot_owner_id.name", "text"), NativeField("dealstage.label", "text"))
    assert [tuple(r.values.values()) for r in pulled(portal, Selection("deal", "deals", fields))] == [("Ada Owns", "Won it"), ("Lea Left", "56"), (None, None)]  # fmt: skip


def test_a_mapping_too_wide_for_an_address_is_read_by_batches() -> None:
    portal = Portal()
    names = [f"a_property_with_a_long_name_{number:03}" for number in range(300)]
    portal.save("companies", **dict.fromkeys(names, "x"))
    selection = Selection("customer", "companies", tuple(NativeField(name, "text") for name in names))
    with running(portal, read_only=True) as (connector, server):
        [record] = [record for page in connector.pull(selection, None) for record in page.records]
    assert set(record.values.values()) == {"x"}
    assert max(len(one.target) for one in server.received) < 8_000


def test_a_where_leaves_out_the_same_records_on_every_way() -> None:
    portal = Portal()
    keys = [
        portal.save("companies", name=str(number), type=kind)
        for number, kind in enumerate(("CUSTOMER", "VENDOR", None))
    ]
    selection = Selection(
        "customer", "companies", (NativeField("name", "text"),), where="type NEQ vendor AND name HAS_PROPERTY"
    )
    assert [record.key for record in pulled(portal, selection)] == [keys[0], keys[2]]
    with running(portal) as (connector, _):
        assert [record.key for record in connector.fetch(selection, keys)] == [keys[0], keys[2]]
    for wrong in ("type LIKE x", "type EQ", "type HAS_PROPERTY x"):
        with pytest.raises(ConfigurationError):
            conditions(wrong)


# --- values and errors ------------------------------------------------------------------------------

ZONE = ZoneInfo("America/New_York")


@given(
    day=st.dates(date(1990, 1, 1), date(2080, 1, 1)),
    zone=st.sampled_from(["America/New_York", "Pacific/Auckland", "Europe/Berlin", "UTC"]),
)
def test_a_day_written_to_an_instant_is_read_as_that_day(day: date, zone: str) -> None:
    here = ZoneInfo(zone)
    for kind in ("date", "datetime"):
        assert converter("date", lambda: here)(wire_text(day, kind, lambda: here)) == day


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_numbers_come_back_exactly(value: Decimal) -> None:
    assert converter("amount", lambda: ZONE)(wire_text(value, "number", lambda: ZONE)) == value


def test_spellings_of_one_value_are_no_difference() -> None:
    assert same("1500.50", "1500.5")
    assert same("", None)
    assert same("2026-03-30T10:11:12.000Z", "2026-03-30T10:11:12Z")
    assert not same("0", "")
    assert not same("a", "A")
    assert version_of("2026-03-30T10:11:12Z") == version_of("2026-03-30T10:11:12.000Z") == "2026-03-30T10:11:12.000Z"
    assert wire_text(None, "", lambda: UTC) == "", "null would change nothing"
    assert wire_text(datetime(2026, 1, 2, 3, tzinfo=UTC), "", lambda: UTC) == "2026-01-02T03:00:00.000Z"


@pytest.mark.parametrize(
    ("entry", "kind", "fact"),
    [
        ({"message": "x", "category": "VALIDATION_ERROR", "errors": [{"message": "y", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["erp_no"]}}]}, SchemaError, ("field", "erp_no")),
        ({"message": "Contact already exists. Existing ID: 377", "category": "CONFLICT"}, ConflictError, ("record", "377")),
        ({"message": "… 512 already has that value", "category": "VALIDATION_ERROR"}, ConflictError, ("record", "512")),
        ({"message": "x", "category": "MISSING_SCOPES", "errors": [{"message": "y", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}]}, PermissionDeniedError, ("hint", "Add the scope crm.objects.deals.read to the app in HubSpot.")),
    ],
)  # fmt: skip
def test_an_error_names_what_it_is_about(
    entry: dict[str, object], kind: type[Exception], fact: tuple[str, str]
) -> None:
    error = error_of(entry)
    assert type(error) is kind
    assert getattr(error, fact[0]) == fact[1]


def test_a_page_that_comes_again_is_found_out() -> None:
    page = b'{"results": [{"id": "1", "properties": {}, "updatedAt": "2026-01-01T00:00:00Z"}], "paging": {"next": {"after": "1"}}}'
    portal = Portal()
    portal.faults.append(lambda _one: Reply(200, page) if len(portal.calls) < 9 else refusal(400, "", "asked for ever"))
    with pytest.raises(TransientError, match="repeats a page"):
        pulled(portal, NAMES)
