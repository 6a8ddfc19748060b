from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.connectors import registry
from crosswalk.connectors.netsuite import NetSuiteConnector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import TransientError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.netsuite.small_netsuite import Answer, Seen, SmallNetSuite, error

Open = Callable[..., NetSuiteConnector]
CUSTOMERS = Selection(
    "customer", "customer", (NativeField("companyname", "text"), NativeField("currency.symbol", "currency"))
)
ORDERS = Selection("order", "transaction", (NativeField("tranid", "text"),))

CATALOG = "/services/rest/record/v1/metadata-catalog"
SCHEMA = {
    "type": "object",
    "properties": {
        "companyName": {"title": "Company Name", "type": "string", "nullable": True},
        "creditLimit": {"type": "number", "format": "double", "nullable": True},
        "lastModifiedDate": {"type": "string", "format": "date-time"},
        "daysOverdue": {"type": "integer", "format": "int64"},
        "isInactive": {"type": "boolean"},
        "custentity_tier": {"type": "string", "x-ns-custom-field": True},
        "subsidiary": {"$ref": f"{CATALOG}/subsidiary"},
        "language": {"$ref": f"{CATALOG}/nsResource"},
        "links": {"type": "array"},
    },
    "x-ns-filterable": ["id"],
}


def catalog(answer: Answer) -> Callable[[Seen], Answer | None]:
    return lambda seen: answer if CATALOG in seen.path else None


def test_a_record_is_described_in_suiteqls_spelling(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [catalog(Answer(200, SCHEMA))]
    described = open_account().describe("customer", "customer")
    assert {name: field.type for name, field in described.fields.items()} == {
        "companyname": "text", "creditlimit": "quantity", "lastmodifieddate": "instant", "daysoverdue": "integer",
        "isinactive": "boolean", "custentity_tier": "text", "subsidiary": "reference", "language": "reference", "links": "compound",
    }  # fmt: skip
    assert described.fields["subsidiary"].refers_to == ("subsidiary",)
    assert account.seen[0].headers["Accept"] == "application/schema+json"
    assert account.seen[0].path == f"{CATALOG}/customer"


def test_a_description_that_came_without_fields_is_asked_for_again(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [catalog(Answer(200, {"type": "object"})), catalog(Answer(200, SCHEMA))]
    assert "companyname" in open_account().describe("customer", "customer").fields


def test_a_description_that_never_has_fields_is_a_passing_fault(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [catalog(Answer(200, {"type": "object"}))] * 3
    with pytest.raises(TransientError, match="without fields"):
        open_account().describe("customer", "customer")


def test_rows_that_are_no_record_are_described_by_the_columns_that_answer(
    account: SmallNetSuite, open_account: Open
) -> None:
    described = open_account().describe("stock", "inventoryitemlocations")
    assert set(described.fields) == {
        "item",
        "location",
        "quantityonhand",
        "quantityavailable",
        "lastquantityavailablechange",
    }


# --- preflight --------------------------------------------------------------------------------------------


def healthy(account: SmallNetSuite) -> None:
    account.insert("currency", id=1, symbol="USD")
    account.insert("subsidiary", id=1, name="Parent")
    account.insert("salestaxitem", id=1)
    account.insert("customer", id=7, lastmodifieddate="2026-03-20 09:30:41")
    account.records[("customer", "7")] = {"lastModifiedDate": "2026-03-20T16:30:00Z"}


def test_a_good_account_has_no_findings(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    assert open_account(read_only=True).preflight([CUSTOMERS, ORDERS]) == []


def test_the_right_to_write_is_proved_by_opening_a_record(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    (finding,) = open_account().preflight([CUSTOMERS, ORDERS])
    assert (finding.subject, finding.blocking) == ("write permission", False)
    assert "salesOrder" in finding.problem  # there is none to open
    assert "customer" not in finding.problem
    account.insert("transaction", id=70, type="SalesOrd", lastmodifieddate="2026-03-20 09:30:41")
    assert open_account().preflight([CUSTOMERS, ORDERS]) == []
    assert {seen.method for seen in account.seen if not seen.path.endswith("suiteql")} == {"GET"}


def test_a_role_that_may_only_view_is_found_before_the_first_write(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    account.insert("transaction", id=70, type="SalesOrd", lastmodifieddate="2026-03-20 09:30:41")
    refused = error(403, "INSUFFICIENT_PERMISSION", "You need the 'Transactions -> Sales Order' permission")
    account.accidents = [lambda seen: refused if "/salesOrder/" in seen.path else None]
    (finding,) = open_account().preflight([ORDERS])
    assert (finding.subject, finding.blocking) == ("order.write", True)
    assert "level Edit" in finding.remedy


def test_external_ids_that_cannot_be_read_are_found(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    account.db.execute("ALTER TABLE customer DROP COLUMN externalid")
    findings = open_account().preflight([CUSTOMERS])
    assert [finding.subject for finding in findings] == ["customer.externalid"]


def test_lists_whose_names_are_missing_or_double_are_found(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    account.insert("currency", id=2, symbol=None)
    account.insert("pricelevel", id=1, name="Base Price")
    account.insert("pricelevel", id=2, name="Base Price")
    prices = Selection("price", "pricing", (NativeField("pricelevel.name", "text"),))
    findings = open_account(read_only=True).preflight([prices])
    assert {finding.subject: finding.problem for finding in findings} == {
        "currency": "No symbol: currency 2.",
        "pricelevel": "2 rows of pricelevel have the name 'Base Price'.",
    }


def test_a_refused_login_with_a_wrong_clock_names_the_clock(account: SmallNetSuite, open_account: Open) -> None:
    account.now = datetime.now(UTC) - timedelta(minutes=20)
    (finding,) = open_account(token_secret="wrong").preflight([])
    assert finding.subject == "clock"
    assert "NTP" in finding.remedy


def test_answers_dated_ahead_of_the_server_are_found(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    account.dates_ahead = timedelta(minutes=15)
    (finding,) = open_account(read_only=True).preflight([])
    assert "900 s ahead" in finding.problem
    assert "date_header" in finding.remedy
    assert open_account(read_only=True, date_header="false").preflight([]) == []


def test_refused_credentials_are_the_only_finding(account: SmallNetSuite, open_account: Open) -> None:
    account.now = datetime.now(UTC)
    (finding,) = open_account(token_secret="wrong").preflight([CUSTOMERS])
    assert (finding.subject, finding.blocking) == ("login", True)


def test_every_missing_column_is_named(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    names = ("companyname", "custentity_a", "email", "custentity_b")
    selection = Selection("customer", "customer", tuple(NativeField(name, "text") for name in names))
    findings = open_account(read_only=True).preflight([selection])
    assert [finding.subject for finding in findings] == ["customer.custentity_a", "customer.custentity_b"]
    assert all("mapping" in finding.remedy for finding in findings)


def test_a_wrong_time_zone_is_found_by_comparing_both_ways_of_reading(
    account: SmallNetSuite, open_account: Open
) -> None:
    healthy(account)
    (finding,) = open_account(read_only=True, sql_time_zone="Europe/Berlin").preflight([])
    assert finding.subject == "time zone"
    assert "-7 h from UTC; Europe/Berlin is +1 h" in finding.problem
    assert "sql_time_zone" in finding.remedy


def test_a_zone_that_cannot_be_proved_is_said_to_be_unproven(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    account.db.execute("DELETE FROM customer")
    (finding,) = open_account(read_only=True).preflight([])
    assert (finding.subject, finding.blocking) == ("time zone", False)


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("DROP TABLE deletedrecord", "deletions"),
        ("DROP TABLE nexttransactionlinelink", "order.links"),
        ("DELETE FROM currency", "currency"),
        ("DROP TABLE subsidiary", "subsidiary"),
        ("DROP TABLE salestaxitem", "tax"),
        ('DROP TABLE "transaction"', "order"),
    ],
)
def test_each_thing_missing_has_its_finding(
    account: SmallNetSuite, open_account: Open, statement: str, subject: str
) -> None:
    healthy(account)
    account.db.execute(statement)
    findings = open_account(read_only=True).preflight([ORDERS])
    assert [finding.subject for finding in findings] == [subject]
    assert all(finding.remedy for finding in findings)


def test_a_restriction_that_does_not_parse_is_found(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    selection = Selection("customer", "customer", (), where="customer.nope = 1")
    (finding,) = open_account(read_only=True).preflight([selection])
    assert finding.subject == "customer.where"


def test_more_concurrency_than_granted_is_found(account: SmallNetSuite, open_account: Open) -> None:
    healthy(account)
    limits = {
        "accountConcurrencyLimit": 5,
        "integrationConcurrencyLimit": 2,
        "integrationLimitType": "integrationSpecific",
    }
    account.accidents = [lambda seen: Answer(200, limits) if "governanceLimits" in seen.path else None]
    (finding,) = open_account(read_only=True, concurrency="5").preflight([])
    assert finding.subject == "concurrency"
    assert "grants 2" in finding.problem


def test_a_role_without_suiteql_is_told_which_permissions(account: SmallNetSuite, open_account: Open) -> None:
    refused = error(403, "INSUFFICIENT_PERMISSION", "You need the SuiteAnalytics Workbook permission")
    account.accidents = [lambda seen: refused if seen.path.endswith("suiteql") else None]
    (finding,) = open_account().preflight([CUSTOMERS])
    assert finding.subject == "SuiteQL"
    assert "SuiteAnalytics Workbook" in finding.remedy


# --- the rest of the protocol ---------------------------------------------------------------------------


def test_usage_counts_the_calls_of_the_day(account: SmallNetSuite, open_account: Open) -> None:
    connector = open_account()
    connector.find("customer", ["a", "b"])
    usage = connector.usage()
    assert (usage.window, usage.used, usage.limit) == ("day", 1, None)
    assert usage.as_of.tzinfo is UTC


def test_the_registry_opens_netsuite_without_sending_anything(account: SmallNetSuite) -> None:
    extra = {"account_id": "1_SB1", "consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}
    connector = registry.open_connector("netsuite", ConnectionSettings(extra=extra), system="erp")
    assert connector.system == "erp"
    assert connector.capabilities.longest_request_seconds == 900
    assert connector.capabilities.key_is_unique


def test_the_concurrency_of_the_connection_is_what_the_account_bears(open_account: Open) -> None:
    assert open_account(concurrency="3").capabilities.parallel_requests == 3
    assert open_account().capabilities.parallel_requests == 5


def test_a_watermark_never_runs_ahead_of_the_server(account: SmallNetSuite, open_account: Open) -> None:
    account.now = datetime(2026, 1, 1, tzinfo=UTC)
    (page,) = open_account().pull(CUSTOMERS, None)
    assert page.watermark is not None
    assert datetime.fromisoformat(str(page.watermark["until"])) < account.now
