"""What can go wrong while NetSuite is read, and what a person is told."""

from __future__ import annotations

import pytest

from crosswalk.model.errors import ConfigurationError, SchemaError, TransientError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.netsuite.pulling import (
    CUSTOMERS,
    Open,
    customers,
    keys,
    pulled,
)
from tests.connectors.netsuite.small_netsuite import Answer, Seen, SmallNetSuite, error


def test_an_unknown_column_names_field_table_and_remedy(open_account: Open) -> None:
    selection = Selection(
        "customer", "customer", (NativeField("companyname", "text"), NativeField("custentity_gone", "text"))
    )
    with pytest.raises(SchemaError) as caught:
        pulled(open_account(), selection)
    assert caught.value.field == "custentity_gone"
    assert "table customer" in caught.value.message
    assert "mapping file" in caught.value.hint


def test_a_500_that_names_nothing_is_traced_to_its_column(account: SmallNetSuite, open_account: Open) -> None:
    account.hidden = {"creditlimit"}
    names = ("companyname", "email", "creditlimit", "entityid", "isinactive")
    selection = Selection("customer", "customer", tuple(NativeField(name, "text") for name in names))
    with pytest.raises(SchemaError) as caught:
        pulled(open_account(), selection)
    assert caught.value.field == "creditlimit"


def test_a_500_that_no_column_explains_stays_a_passing_fault(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [
        lambda seen: error(500, "UNEXPECTED_ERROR", "Error ID: x") if "companyname" in str(seen.body) else None
    ] * 5
    with pytest.raises(TransientError, match="Error ID"):
        pulled(open_account(), CUSTOMERS)


@pytest.mark.parametrize("path", ["companyname; DROP", "a.b.c", "x y", "nowhere.name"])
def test_a_path_that_is_no_column_is_refused_before_anything_is_sent(
    account: SmallNetSuite, open_account: Open, path: str
) -> None:
    with pytest.raises(ConfigurationError):
        pulled(open_account(), Selection("customer", "customer", (NativeField(path, "text"),)))
    assert not account.queries()


def test_a_mapping_to_another_table_is_refused(open_account: Open) -> None:
    with pytest.raises(ConfigurationError, match="native: customer"):
        pulled(open_account(), Selection("customer", "vendor", CUSTOMERS.fields))


def test_an_entity_netsuite_does_not_hold_is_refused(open_account: Open) -> None:
    with pytest.raises(SchemaError, match="deal"):
        pulled(open_account(), Selection("deal", "opportunity", ()))


@pytest.mark.parametrize(
    "accident",
    [
        error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
        error(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request Limit Exceeded"),
        Answer(503, "<html>We are down for maintenance</html>"),
        Answer(200, "<html>a gateway</html>"),
        Answer(200, None, cut=True),
        error(401, "INVALID_LOGIN", "Invalid login attempt."),
        error(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt"),
    ],
    ids=["429", "RESTlet limit", "HTML 503", "HTML 200", "cut", "401", "500"],
)
def test_a_read_outlasts_a_passing_fault(account: SmallNetSuite, open_account: Open, accident: Answer) -> None:
    customers(account, 3)

    def once(seen: Seen) -> Answer | None:
        return accident if seen.path.endswith("suiteql") else None

    account.accidents = [once]
    assert keys(pulled(open_account(), CUSTOMERS)) == ["1", "2", "3"]
    assert len(account.queries()) == 2


def test_an_answer_that_says_it_is_the_last_but_counts_more_rows_is_not_believed(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 5)
    account.ceiling = 2  # beyond it hasMore turns false (NetSuite §6: 100,000)
    assert keys(pulled(open_account(), CUSTOMERS)) == ["1", "2", "3", "4", "5"]


def test_an_answer_that_is_cut_without_our_asking_is_an_error(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: Answer(200, {"items": [{"id": "1"}], "hasMore": True})]
    with pytest.raises(ConfigurationError, match="would be cut"):
        open_account().find("customer", ["a", "b"])


def test_a_page_that_comes_twice_ends_the_pull_with_an_error(account: SmallNetSuite, open_account: Open) -> None:
    stuck = Answer(200, {"items": [{"k0": "7"}], "hasMore": True})
    account.accidents = [lambda seen: stuck if seen.path.endswith("suiteql") else None] * 2
    with pytest.raises(TransientError, match="twice"):
        pulled(open_account(), CUSTOMERS)


def test_a_malformed_key_is_absent_and_asked_for_nowhere(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 2)
    odd = ["nope", "1|2", "", "1' OR '1'='1", "1e3", "٣"]
    connector = open_account()
    assert [record.key for record in connector.fetch(CUSTOMERS, [*odd, "2"])] == ["2"]
    asked = len(account.queries())
    assert connector.fetch(CUSTOMERS, odd) == []
    assert len(account.queries()) == asked


def test_an_outage_is_no_missing_column(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: error(503, "UNEXPECTED_ERROR", "down") if "suiteql" in seen.path else None] * 10
    with pytest.raises(TransientError, match="503"):
        open_account().fetch(CUSTOMERS, ["1"])
    assert account.accidents == []  # the query, then the bare table, each five times: the columns are not tried


def test_an_outage_while_fields_are_described_is_no_missing_table(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: error(503, "UNEXPECTED_ERROR", "down")] * 1000
    with pytest.raises(TransientError, match="503"):
        open_account().describe("stock", "inventoryitemlocations")
