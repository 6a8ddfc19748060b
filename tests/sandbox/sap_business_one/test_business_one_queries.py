"""SAP Business One §5, §12, §13: options, pages, literals, aggregation, joins, stored SQL, stamps."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from business_one_account import Client, Opener

from crosswalk_sandbox.sap_business_one.calls import Call
from crosswalk_sandbox.sap_business_one.places import Places, Rows
from crosswalk_sandbox.sap_business_one.queries.tree import read

ORDERS = "Orders?$select=DocEntry"
ASKED = Call("GET", "Orders", 2, "")


def entries(page: dict[str, object]) -> list[int]:
    return [one["DocEntry"] for one in page["value"]]


@pytest.mark.parametrize(
    "condition",
    [
        "CardType eq 'cCustomer'", "CardType eq 'C'", "CardType eq SAPB1.BoCardTypes'cCustomer'", "not (CardType eq 'cLid')",
        "CardType ne 'L' and Frozen eq 'tNO' or Frozen eq 'tYES'", "UpdateDate ge '2001-01-01'", "UpdateDate ge '20010101'",
        "UpdateDate ge datetime'2001-01-01'", "UpdateDate ge '2001-01-01T10:00:00'", "UpdateDate ge 2001-01-01T00:00:00Z",
        "UpdateTime ge '00:00:00'", "UpdateTime ge '0000'", "UpdateTime ge '00:00'", "FatherCard eq null or FatherCard ne null",
        "startswith(CardCode,'10')", "contains(CardCode,'10')", "substringof('10',CardCode)", "CreditLimit ge 0", "CreditLimit ge '0'",
    ],
)  # fmt: skip
def test_conditions_that_all_customers_meet(b1: Client, condition: str) -> None:
    both = f"CardCode lt '2' and ({condition})"
    assert b1.call("GET", f"BusinessPartners/$count?$filter={both}").text == b1.call("GET", "BusinessPartners/$count?$filter=CardCode lt '2' and CardType eq 'cCustomer'").text  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "$filter=tolower(CardName) eq 'x'", "$filter=length(CardName) eq 3", "$filter=CreditLimit add 1 eq 2", "$filter=Frozen eq false",
        "$filter=BPAddresses/any(a:a/City eq 'x')", "$filter=Nope eq 1", "$filter=CardType eq 'cFriend'", "$filter=UpdateDate ge 'soon'",
        "$filter=CardName eq 'x", "$filter=BPAddresses/City eq 'x'", "$select=Nope", "$orderby=Nope", "$top=-1", "$skip=x", "$count=maybe",
        "$search=x", "$compute=x", "$expand=DocumentLines", "$apply=aggregate(CreditLimit with sum)", "$levels=1", "$filter=CardName gt null",
        "$filter=ContactEmployees eq null", "$orderby=BPAddresses", "$apply=groupby((BPAddresses))", "$format=atom", "$inlinecount=allpages",
        "$apply=aggregate(CardName with sum as S)", "$apply=groupby((CardType))&$orderby=CardName", "$apply=groupby((CardType))&$top=x",
    ],
)  # fmt: skip
def test_everything_else_is_refused(b1: Client, query: str) -> None:
    assert b1.refused("GET", f"BusinessPartners?{query}") == (400, -1000)


def test_case_counts_on_hana_unless_told_otherwise(b1: Client, company: Opener) -> None:
    b1.customer("CCASE", CardName="MiXed")
    where = "BusinessPartners/$count?$filter=CardName eq 'mixed'"
    assert b1.call("GET", where).text == "0"
    assert b1.call("GET", where, headers={"B1S-CaseInsensitive": "true"}).text == "1"
    client = company(database="mssql")
    client.customer("CCASE", CardName="MiXed")
    assert client.call("GET", where).text == "1"


def test_pages_of_twenty_follow_a_relative_link(b1: Client) -> None:
    page = b1.get(f"{ORDERS}&$orderby=DocEntry")
    assert (len(page["value"]), list(page)[-1]) == (20, "@odata.nextLink")
    assert page["@odata.nextLink"] == "Orders?$select=DocEntry&$orderby=DocEntry&$skip=20"
    seen = entries(page)
    while "@odata.nextLink" in page:
        page = b1.get(page["@odata.nextLink"])
        seen += entries(page)
    assert seen == sorted(set(seen))
    assert len(seen) == int(b1.call("GET", "Orders/$count").text)


def test_page_sizes_by_header_and_none(b1: Client) -> None:
    preferred = b1.call("GET", ORDERS, headers={"Prefer": "odata.maxpagesize=7", "B1S-PageSize": "3"})
    assert (len(preferred.json()["value"]), preferred.headers["Preference-Applied"]) == (7, "odata.maxpagesize=7")
    assert len(b1.get(ORDERS, headers={"B1S-PageSize": "3"})["value"]) == 3
    everything = b1.get(ORDERS, headers={"Prefer": "odata.maxpagesize=0"})
    assert (len(everything["value"]) > 20, "@odata.nextLink" in everything) == (True, False)


def test_top_is_a_limit_and_no_page_size(b1: Client) -> None:
    assert "@odata.nextLink" not in b1.get(f"{ORDERS}&$top=5")
    first = b1.get(f"{ORDERS}&$top=25&$skip=1")
    second = b1.get(first["@odata.nextLink"])
    assert (len(first["value"]), len(second["value"]), "@odata.nextLink" in second) == (20, 5, False)
    assert entries(first) + entries(second) == entries(b1.get(ORDERS, headers={"Prefer": "odata.maxpagesize=0"}))[1:26]


def test_links_may_lose_their_options(company: Opener) -> None:
    assert company(link_keeps_options=False).get(ORDERS)["@odata.nextLink"] == "Orders?$skip=20"


@pytest.mark.parametrize("where", ["1", "\"CardName\" >= 'B'"])
@pytest.mark.parametrize("order", ["id", "id DESC, id", "key, id", "key DESC, id", '"UpdateDate", id'])
def test_deep_pages_are_the_same_rows_also_when_others_write(b1: Client, order: str, where: str) -> None:
    store = b1.emulator.account.store
    places, rows = Places(store, deep=3), Rows("BusinessPartners", where, (), order)

    def expected() -> list[int]:
        return [ident for (ident,) in store.rows(f'SELECT id FROM "BusinessPartners" WHERE {where} ORDER BY {order}')]

    def page(skip: int, limit: int) -> list[int]:
        return [ident for ident, _, _ in places.page(rows, skip, limit)]

    whole = expected()
    assert [page(skip, 4 + 1) for skip in range(0, len(whole) + 4, 4)] == [
        whole[skip : skip + 5] for skip in range(0, len(whole) + 4, 4)
    ]
    assert [page(skip, 3) for skip in reversed(range(len(whole) + 2))] == [
        whole[skip : skip + 3] for skip in reversed(range(len(whole) + 2))
    ]
    b1.customer(f"CDEEP{hash((order, where)) % 10**9}")
    changed = expected()
    assert len(changed) == len(whole) + 1
    assert [page(skip, 4 + 1) for skip in range(0, len(changed), 4)] == [
        changed[skip : skip + 5] for skip in range(0, len(changed), 4)
    ]


def test_entities_behind_a_navigation_are_expanded(b1: Client) -> None:
    row = b1.get("Orders?$top=1&$select=DocEntry,CardCode&$expand=BusinessPartner($select=CardCode,CardName)")["value"][
        0
    ]
    assert set(row["BusinessPartner"]) == {"CardCode", "CardName"}
    assert row["BusinessPartner"]["CardCode"] == row["CardCode"]
    other = b1.get("Orders?$top=1&$select=DocEntry,BusinessPartner/CardName&$expand=BusinessPartner")["value"][0]
    assert other["BusinessPartner"] == {"CardName": row["BusinessPartner"]["CardName"]}


def test_rows_are_grouped_and_added_up(b1: Client) -> None:
    rows = b1.get(
        "Orders?$apply=filter(DocTotal gt 0)/groupby((CardCode),aggregate(DocTotal with sum as Total,$count as N))"
    )["value"]
    [whole] = b1.get(
        "Orders?$apply=aggregate(DocTotal with sum as Total,$count as N,CardCode with countdistinct as C)"
    )["value"]
    assert (sum(row["N"] for row in rows), len(rows)) == (whole["N"], whole["C"])
    assert sum(row["Total"] for row in rows) == pytest.approx(whole["Total"])
    old = b1.another(version=1)
    assert old.get("Orders?$apply=groupby((CardCode))")["value"][0]["odata.id"] is None
    assert old.refused("GET", "Orders?$count=true") == (400, -1000)


def test_an_aggregations_rows_are_sorted_and_cut_and_their_sums_are_exact(b1: Client) -> None:
    orders = b1.get("Orders?$select=CardCode,DocTotal", headers={"Prefer": "odata.maxpagesize=0"})["value"]
    totals: dict[str, Decimal] = {}
    for one in orders:
        totals[one["CardCode"]] = totals.get(one["CardCode"], Decimal(0)) + Decimal(str(one["DocTotal"]))
    wanted = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    rows = b1.get("Orders?$apply=groupby((CardCode),aggregate(DocTotal with sum as T))&$orderby=T desc&$skip=1&$top=3")[
        "value"
    ]
    assert [(row["CardCode"], Decimal(str(row["T"]))) for row in rows] == wanted[1:4]
    joined = "$crossjoin(Orders,BusinessPartners)?$filter=Orders/CardCode eq BusinessPartners/CardCode"
    path = f"{joined}&$apply=groupby((BusinessPartners/CardCode),aggregate(Orders/DocTotal with sum as T))"
    found = b1.get(f"{path}&$orderby=T desc&$top=2")["value"]
    assert [Decimal(str(row["T"])) for row in found] == [total for _, total in wanted[:2]]


def test_sets_are_joined_with_computed_columns(b1: Client) -> None:
    where = "$filter=Orders/CardCode eq BusinessPartners/CardCode"
    rows = b1.get(f"$crossjoin(Orders,BusinessPartners)?$expand=Orders($select=DocEntry,DocTotal,DocTotal mul 2 as Twice),BusinessPartners($select=CardCode)&{where}&$top=3")["value"]  # fmt: skip
    assert len(rows) == 3
    assert all(row["Orders"]["Twice"] == pytest.approx(2 * row["Orders"]["DocTotal"]) for row in rows)
    assert b1.refused("GET", f"$crossjoin(Orders,BusinessPartners)?{where}") == (400, -1000)


def test_rows_of_documents_are_filtered_by_the_query_service(b1: Client) -> None:
    option = "$expand=Orders($select=DocEntry),Orders/DocumentLines($select=LineNum,ItemCode)&$filter=Orders/DocEntry eq Orders/DocumentLines/DocEntry and Orders/DocumentLines/LineStatus eq 'bost_Open'"  # fmt: skip
    answer = b1.call(
        "POST",
        "QueryService_PostQuery",
        {"QueryPath": "$crossjoin(Orders,Orders/DocumentLines)", "QueryOption": option},
    )
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    found = {row["Orders"]["DocEntry"] for row in answer.json()["value"]}
    assert found == {
        one["DocEntry"]
        for one in b1.get("Orders?$select=DocEntry,DocumentLines", headers={"Prefer": "odata.maxpagesize=0"})["value"]
        if any(line["LineStatus"] == "bost_Open" for line in one["DocumentLines"])
    }


def test_stored_sql_answers_in_the_databases_words(b1: Client) -> None:
    text = "SELECT T0.CardCode, T0.CardType, T0.UpdateTS, T1.DocEntry FROM OCRD T0 INNER JOIN ORDR T1 ON T0.CardCode = T1.CardCode WHERE T1.DocTotal > :total"  # fmt: skip
    made = b1.good("POST", "SQLQueries", {"SqlCode": "q1", "SqlName": "one", "SqlText": text})
    assert "[CardCode]" in made["SqlText"]
    assert made["ParamList"] == "total"
    page = b1.get("SQLQueries('q1')/List?total=0", headers={"Prefer": "odata.maxpagesize=2"})
    assert [len(page["value"]), page["value"][0]["CardType"]] == [2, "C"]
    assert isinstance(page["value"][0]["UpdateTS"], int)
    assert page["@odata.nextLink"].startswith("SQLQueries('q1')/List?")
    assert b1.good("POST", "SQLQueries('q1')/List", {"ParamList": "total=0"})["value"]
    assert b1.refused("GET", "SQLQueries('q1')/List") == (400, 704)
    b1.good(
        "POST",
        "SQLQueries",
        {"SqlCode": "q2", "SqlName": "stock", "SqlText": "SELECT ItemCode, WhsCode, OnHand FROM OITW WHERE OnHand > 0"},
    )
    assert b1.get("SQLQueries('q2')/List")["value"][0]["OnHand"] > 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("SELECT FROM", 701), ("DELETE FROM OCRD", 701), ("SELECT * FROM OCRD", 701), ("SELECT UserID FROM OUSR", 702)],
)
def test_stored_sql_refuses(b1: Client, text: str, code: int) -> None:
    assert b1.refused("POST", "SQLQueries", {"SqlCode": "bad", "SqlName": "x", "SqlText": text}) == (400, code)


def test_stamps_are_the_servers_clock_with_a_false_z(company: Opener) -> None:
    client = company(time_zone="America/Denver")
    client.clock.set(datetime(2027, 3, 2, 5, 30, 15, tzinfo=UTC), frozen=True)
    client.login()
    made = client.customer("CSTAMP")
    assert (made["UpdateDate"], made["UpdateTime"]) == ("2027-03-01T00:00:00Z", "22:30:15")
    told = client.get("CompanyService_GetCurrentServerTime")
    assert (told["ServerDate"], told["ServerTime"]) == ("2027-03-01T00:00:00Z", "22:30:15")
    where = "(UpdateDate gt '2027-03-01') or (UpdateDate eq '2027-03-01' and UpdateTime ge '22:30:15')"
    assert [one["CardCode"] for one in client.get(f"BusinessPartners?$filter={where}&$select=CardCode")["value"]] == [
        "CSTAMP"
    ]
    activity = client.good("POST", "Activities", {"CardCode": "CSTAMP", "ActivityTime": "10:11:12"})
    assert activity["ActivityTime"] == "10:11:00"


def test_lists_may_be_behind(company: Opener) -> None:
    client = company()
    client.action("index_lag", seconds=30)
    client.customer("CLATE")
    assert client.call("GET", "BusinessPartners/$count?$filter=CardCode eq 'CLATE'").text == "0"
    assert client.get("BusinessPartners('CLATE')")["CardCode"] == "CLATE"
    client.clock.advance(31)
    assert client.call("GET", "BusinessPartners/$count?$filter=CardCode eq 'CLATE'").text == "1"


@pytest.mark.parametrize(
    ("first", "second", "operator"),
    [("gt", "ge", ">="), ("gt", "gt", ">"), ("lt", "le", "<=")],
)  # fmt: skip
def test_changes_behind_a_moment_are_found_by_the_index(b1: Client, first: str, second: str, operator: str) -> None:
    middle = b1.get("Orders?$orderby=UpdateDate,UpdateTime,DocEntry&$skip=30&$top=1")["value"][0]
    day, time = middle["UpdateDate"][:10], middle["UpdateTime"]
    parts = [f"(UpdateDate {first} '{day}')", f"(UpdateDate eq '{day}' and UpdateTime {second} '{time}')"]
    behind, turned = (
        entries(b1.get(f"{ORDERS}&$filter={' or '.join(both)}", headers={"Prefer": "odata.maxpagesize=0"}))
        for both in (parts, parts[::-1])
    )
    assert behind == turned
    assert 5 < len(behind) < int(b1.call("GET", "Orders/$count").text)
    conditions = b1.emulator.service.entities.listing.conditions(ASKED, "Orders")
    sql, values = conditions.sql(read("filter", " or ".join(parts), "$filter"))
    assert operator in sql
    order = '"UpdateDate", "UpdateTime", id'
    [plan] = b1.emulator.account.store.rows(
        f'EXPLAIN QUERY PLAN SELECT id FROM "Orders" WHERE {sql} ORDER BY {order}', values
    )
    assert plan[-1].startswith("SEARCH Orders USING")


@pytest.mark.parametrize("key", ["DocEntry", "NumAtCard"])
def test_many_are_asked_for_by_their_keys(b1: Client, key: str) -> None:
    some = b1.get(f"Orders?$select=DocEntry,{key}&$filter={key} ne null&$orderby=DocEntry&$top=15")["value"]
    quoted = [f"'{row[key]}'" if key == "NumAtCard" else str(row[key]) for row in some]
    together = " or ".join(f"{key} eq {one}" for one in quoted)
    expected = [row["DocEntry"] for row in some]
    for where in (together, f"({together})", f"{together} or DocEntry eq 0", f"not (not ({together}))"):
        found = entries(b1.get(f"{ORDERS}&$filter={where}&$orderby=DocEntry"))
        assert set(expected) <= set(found), where
        assert key == "NumAtCard" or found == expected, where
    assert b1.refused("GET", f"Orders?$filter=({together}") == (400, -1000)
    more = " or ".join(f"DocEntry eq {number}" for number in range(1, 1_500))
    assert b1.refused("GET", f"Orders?$filter={more.replace('1 or', '1 and or', 1)}") == (400, -1000)
    assert b1.get(f"{ORDERS}&$filter={more}")["value"] == []
    texts = "CardName eq 'O''Hara, or so' or CardName eq 'x) or CardName eq ('"
    assert read("filter", texts, "") == read("filter", texts.replace(" or CardName eq 'x", "  or CardName eq 'x"), "")
