"""NetSuite §6, §7: SuiteQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netsuite_account import Client, error_of

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.netsuite import moments

START, END = datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2040-01-01")
PREFIX = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "


def _reason(client: Client, query: str) -> str:
    answer = client.ask(query)
    status, code, detail = error_of(answer)
    assert (status, code) == (400, "INVALID_PARAMETER"), answer.text
    assert answer.json()["o:errorDetails"][0]["o:errorQueryParam"] == "q"
    assert detail.startswith(PREFIX)
    return detail.removeprefix(PREFIX)


def test_the_prefer_header_is_required(shared: Client) -> None:
    answer = shared.call("POST", "/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM term"})
    assert error_of(answer)[:2] == (400, "INVALID_HEADER")
    assert answer.json()["o:errorDetails"][0]["o:errorHeader"] == "Prefer"


def test_every_value_is_a_string_nulls_are_left_out_and_keys_are_lower_case(shared: Client) -> None:
    rows = shared.sql("SELECT id AS internalId, Name, parent, isInactive FROM subsidiary WHERE id = 1")
    assert rows == [{"internalid": "1", "name": "Aldermoor Inc.", "isinactive": "F"}]
    answer = shared.ask("SELECT parent FROM subsidiary WHERE id = 1")
    assert answer.json()["items"] == [{"links": []}]


def test_numbers_are_written_plainly(shared: Client) -> None:
    row = shared.sql("SELECT 0.1 + 0.2 AS a, 1.50 AS b, 10 / 4 AS c, 3 AS d, 1 / 3 AS e FROM dual")[0]
    assert row == {"a": "0.3", "b": "1.5", "c": "2.5", "d": "3", "e": "0.3333333333"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT foo FROM customer", "Field 'foo' for record 'customer' was not found."),
        ("SELECT id FROM customers", "Record 'customers' was not found."),
        ("SELECT z.id FROM customer c", "Unknown identifier 'z'. Available identifiers are: {c}."),
        ("SELECT balance FROM customer", "Field 'balance' for record 'customer' was not found."),
        ("SELECT type FROM item", "Field 'type' for record 'item' was not found."),
        ("SELECT internalid FROM customer", "Field 'internalid' for record 'customer' was not found."),
        ("SELECT subsidiary FROM transaction", "Field 'subsidiary' for record 'transaction' was not found."),
        ("SELECT t.createdfrom FROM transaction t", "Field 'createdfrom' for record 'transaction' was not found."),
        ("SELECT CURRENT_DATE FROM dual", "Unknown identifier 'CURRENT_DATE'."),
        ("SELECT NOW() FROM dual", "Unknown function 'NOW'."),
    ],
)
def test_unknown_names_are_refused_in_the_vendors_words(shared: Client, query: str, reason: str) -> None:
    assert _reason(shared, query) == reason


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM customer LIMIT 5",
        "SELECT TOP 5 id FROM customer",
        "WITH a AS (SELECT id FROM customer) SELECT * FROM a",
        "SELECT [id] FROM customer",
        "SELECT id FROM customer WHERE datecreated > DATE '2026-01-01'",
        "SELECT id FROM customer WHERE datecreated > TIMESTAMP '2026-01-01 00:00:00'",
        "SELECT id FROM customer; SELECT id FROM item",
        "DELETE FROM customer",
        "UPDATE customer SET email = 'x'",
        "SELECT FROM",
        "SELECT c.id FROM currency x, customer c WHERE x.id(+) = c.currency",
        "SELECT id FROM customer UNION SELECT id, name FROM term",
        "SELECT TO_NUMBER('x') FROM dual",
    ],
)
def test_what_the_dialect_lacks_is_refused(shared: Client, query: str) -> None:
    assert _reason(shared, query)


def test_an_in_list_holds_a_thousand_arguments(shared: Client) -> None:
    many = ", ".join(str(number) for number in range(1001, 2001))
    assert shared.ask(f"SELECT id FROM customer WHERE id IN ({many})").status_code == 200
    assert "1000" in _reason(shared, f"SELECT id FROM customer WHERE id IN ({many}, 1)")


def test_some_columns_break_with_500(account: Callable[..., Client]) -> None:
    client = account()
    client.emulator.actions["break_columns"]({"columns": ["averagecost"]})
    status, code, detail = error_of(client.ask("SELECT averagecost FROM item"))
    assert (status, code) == (500, "UNEXPECTED_ERROR")
    assert "Error ID: " in detail
    assert client.ask("SELECT id FROM item").status_code == 200


def test_parameters_are_bound_in_textual_order(shared: Client) -> None:
    rows = shared.sql(
        "SELECT CASE WHEN id > ? THEN ? ELSE ? END AS word FROM (SELECT id FROM term WHERE id <> ?) x"
        " WHERE x.id BETWEEN ? AND ? ORDER BY x.id",
        *("3", "big", "small", "2", "1", "5"),
    )
    assert [row["word"] for row in rows] == ["small", "small", "big", "big"]
    assert "parameters" in error_of(shared.ask("SELECT id FROM term WHERE id = ?"))[2]


def test_an_older_account_has_no_parameters(account: Callable[..., Client]) -> None:
    client = account(bound_parameters=False)
    assert error_of(client.ask("SELECT id FROM term WHERE id = ?", "1"))[:2] == (400, "INVALID_CONTENT")


def test_keyset_pages_cover_the_table(shared: Client) -> None:
    total = int(shared.sql("SELECT COUNT(*) AS n FROM transactionline")[0]["n"])
    query = "SELECT uniquekey FROM transactionline WHERE uniquekey > ? ORDER BY uniquekey FETCH FIRST 100 ROWS ONLY"
    last, found = "0", 0
    while rows := shared.sql(query, last):
        keys = [int(row["uniquekey"]) for row in rows]
        assert keys == sorted(keys)
        assert keys[0] > int(last)
        last, found = rows[-1]["uniquekey"], found + len(rows)
    assert found == total


def test_paging_by_offset_links_the_next_page(shared: Client) -> None:
    answer = shared.ask("SELECT id FROM transactionline ORDER BY uniquekey", limit=10, offset=20).json()
    assert answer["count"] == 10
    assert answer["hasMore"] is True
    assert [link["rel"] for link in answer["links"]] == ["previous", "first", "next", "last", "self"]
    assert answer["totalResults"] == int(shared.sql("SELECT COUNT(*) AS n FROM transactionline")[0]["n"])
    assert error_of(shared.ask("SELECT id FROM term", limit=10, offset=5))[1] == "INVALID_PARAMETER"
    assert error_of(shared.ask("SELECT id FROM term", limit=1001))[1] == "INVALID_PARAMETER"


def test_a_query_ends_silently_at_a_hundred_thousand_rows(shared: Client) -> None:
    query = (
        "SELECT a.id AS x, b.id AS y FROM accountingperiod a, accountingperiod b, accountingperiod c WHERE c.id <= 20"
    )
    page = shared.ask(query, limit=1000, offset=99_000).json()
    assert page["count"] == 1000
    assert page["totalResults"] > 100_000
    assert page["hasMore"] is False
    assert "next" not in [link["rel"] for link in page["links"]]


def test_rownum_cuts_before_ordering(shared: Client) -> None:
    cut = shared.sql("SELECT id FROM term WHERE ROWNUM <= 3 ORDER BY id DESC")
    fetched = shared.sql("SELECT id FROM term ORDER BY id DESC FETCH FIRST 3 ROWS ONLY")
    assert [row["id"] for row in cut] == ["3", "2", "1"]
    assert [row["id"] for row in fetched] == ["6", "5", "4"]
    assert shared.sql("SELECT id FROM term WHERE ROWNUM = 2") == []
    numbered = shared.sql("SELECT x.id FROM (SELECT id, ROWNUM AS rn FROM term) x WHERE x.rn BETWEEN 2 AND 3")
    assert len(numbered) == 2


def test_functions_and_joins_work(shared: Client) -> None:
    row = shared.sql(
        "SELECT NVL(parent, 0) AS p, COALESCE(email, 'none') AS e, DECODE(isinactive, 'F', 'live', 'dead') AS d,"
        " UPPER(SUBSTR(name, 1, 3)) AS s, id || '-' || name AS k, LPAD(id, 3, '0') AS l,"
        " TO_CHAR(TRUNC(TO_DATE('2026-03-15', 'YYYY-MM-DD'), 'MM'), 'YYYY-MM-DD') AS t,"
        " TO_CHAR(ADD_MONTHS(TO_DATE('2026-01-31', 'YYYY-MM-DD'), 1), 'DD.MM.YYYY') AS a,"
        " EXTRACT(YEAR FROM TO_DATE('2026-03-15', 'YYYY-MM-DD')) AS y, NULLIF(id, 1) AS n"
        " FROM subsidiary WHERE id = 1"
    )[0]
    assert row == {"p": "0", "e": "none", "d": "live", "s": "ALD", "k": "1-Aldermoor Inc.", "l": "001", "t": "2026-03-01",
                   "a": "28.02.2026", "y": "2026"}  # fmt: skip
    marked = shared.sql(
        "SELECT s.id, p.id AS up FROM subsidiary s, subsidiary p WHERE s.parent = p.id(+) ORDER BY s.id"
    )
    joined = shared.sql(
        "SELECT s.id, p.id AS up FROM subsidiary s LEFT JOIN subsidiary p ON s.parent = p.id ORDER BY s.id"
    )
    assert marked == joined
    assert "up" not in marked[0]
    listed = shared.sql("SELECT LISTAGG(name, '; ') WITHIN GROUP (ORDER BY id) AS names FROM term WHERE id < 3")
    assert listed == [{"names": "Net 30; Net 15"}]
    ranked = shared.sql(
        "SELECT id, RANK() OVER (ORDER BY daysuntilnetdue DESC) AS r FROM term ORDER BY r FETCH FIRST 1 ROWS ONLY"
    )
    assert ranked == [{"id": "3", "r": "1"}]
    assert shared.sql("SELECT id FROM term WHERE id = 1 UNION SELECT id FROM term WHERE id < 3 ORDER BY id") == [
        {"id": "1"},
        {"id": "2"},
    ]
    assert shared.sql("SELECT COUNT(*) FROM term") == [{"expr1": "6"}]
    nested = "SELECT id FROM customer c WHERE EXISTS (SELECT 1 FROM transaction t WHERE t.entity = c.id AND t.type = 'CustInvc')"
    assert shared.sql(nested + " ORDER BY id") == shared.sql(
        "SELECT DISTINCT entity AS id FROM transaction WHERE type = 'CustInvc' ORDER BY id"
    )


def test_built_ins_show_names_and_raw_values(shared: Client) -> None:
    row = shared.sql(
        "SELECT BUILTIN.DF(t.status) AS text, BUILTIN.CF(t.status) AS raw, t.status, BUILTIN.DF(t.type) AS kind,"
        " BUILTIN.DF(t.currency) AS money, BUILTIN.DF(t.entity) AS who, c.entityid, c.altname FROM transaction t"
        " JOIN customer c ON c.id = t.entity WHERE t.type = 'SalesOrd' AND t.status = 'G' FETCH FIRST 1 ROWS ONLY"
    )[0]
    assert (row["text"], row["raw"], row["status"], row["kind"]) == ("Billed", "SalesOrd:G", "G", "Sales Order")
    assert row["who"] == f"{row['entityid']} {row['altname']}"
    assert shared.sql("SELECT id FROM transaction WHERE status = 'SalesOrd:G'") == []


def test_bare_dates_lose_their_time_and_follow_the_users_format(account: Callable[..., Client]) -> None:
    client = account(date_format="DD.MM.YYYY", sql_time_zone="UTC")
    row = client.sql(
        "SELECT lastmodifieddate AS bare, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS full, trandate,"
        " TO_CHAR(trandate, 'YYYY-MM-DD') AS day FROM transaction FETCH FIRST 1 ROWS ONLY"
    )[0]
    assert row["bare"] == datetime.fromisoformat(row["full"]).strftime("%d.%m.%Y")
    assert row["trandate"] == datetime.fromisoformat(row["day"]).strftime("%d.%m.%Y")
    default = account().sql("SELECT TO_DATE('2026-03-02', 'YYYY-MM-DD') AS d FROM dual")
    assert default == [{"d": "3/2/2026"}]


def test_date_times_are_in_the_sql_zone_and_rest_is_utc_to_the_minute(account: Callable[..., Client]) -> None:
    clock = Clock()
    client = account(clock)
    clock.set(datetime(2026, 7, 1, 3, 4, 5, tzinfo=UTC), frozen=True)
    ident = client.create("customer", {"companyName": "Zone", "subsidiary": {"id": "1"}})
    row = client.sql("SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS s, TO_CHAR(SYSDATE, 'HH24:MI') AS n"
                     f" FROM customer WHERE id = {ident}")[0]  # fmt: skip
    assert row == {"s": "2026-06-30 20:04:05", "n": "20:04"}
    assert client.get(f"customer/{ident}")["lastModifiedDate"] == "2026-07-01T03:04:00Z"
    found = (
        "SELECT id FROM customer WHERE lastmodifieddate {} TO_TIMESTAMP('2026-06-30 20:04:05', 'YYYY-MM-DD HH24:MI:SS')"
    )
    assert {"id": ident} in client.sql(found.format(">="))
    assert {"id": ident} not in client.sql(found.format(">"))
    assert {"id": ident} in client.sql("SELECT id FROM customer WHERE lastmodifieddate > SYSDATE - 1/24")
    clock.advance(7200)
    assert {"id": ident} not in client.sql("SELECT id FROM customer WHERE lastmodifieddate > SYSDATE - 1/24")
    assert {"id": ident} in client.sql(
        "SELECT id FROM customer WHERE TRUNC(lastmodifieddate) = TO_DATE('2026-06-30', 'YYYY-MM-DD')"
    )


@given(
    st.datetimes(START, END),
    st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "UTC"]),
)
def test_a_kept_instant_shown_in_a_zone_is_what_the_zone_database_says(instant: datetime, zone: str) -> None:
    kept = moments.stamp(instant.replace(tzinfo=UTC))
    local = instant.replace(tzinfo=UTC, microsecond=0).astimezone(ZoneInfo(zone))
    assert moments.to_local(kept, zone) == local.strftime("%Y-%m-%d %H:%M:%S")
    if (
        local.fold == 0
        and local.utcoffset() == (local + timedelta(hours=2)).utcoffset() == (local - timedelta(hours=2)).utcoffset()
    ):
        assert moments.to_utc(moments.to_local(kept, zone), zone) == kept


@given(st.datetimes(START, END))
@pytest.mark.parametrize(
    "words", ["YYYY-MM-DD HH24:MI:SS", "DD.MM.YYYY HH24:MI:SS", "MM/DD/YYYY HH:MI:SS AM", "DD-MON-YYYY HH24:MI:SS"]
)
def test_formats_read_back_what_they_show(words: str, instant: datetime) -> None:
    moment = instant.replace(microsecond=0).isoformat(" ")
    assert moments.read(moments.show(moment, words), words) == moment


def test_lines_carry_the_header_columns_and_negative_signs(shared: Client) -> None:
    rows = shared.sql(
        "SELECT t.foreigntotal, l.mainline, l.taxline, l.quantity, l.foreignamount, l.subsidiary, l.itemtype FROM transaction t"
        " JOIN transactionline l ON l.transaction = t.id WHERE t.type = 'CustInvc'"
    )
    assert all(row["subsidiary"] for row in rows)
    items = [
        row for row in rows if row["mainline"] == "F" and row["taxline"] == "F" and row.get("itemtype") != "ShipItem"
    ]
    assert items
    assert all(float(row["quantity"]) < 0 and float(row["foreignamount"]) <= 0 for row in items)
    assert all(float(row["foreigntotal"]) > 0 for row in rows)
    balanced = shared.sql(
        "SELECT l.transaction FROM transactionline l JOIN transaction t ON t.id = l.transaction WHERE t.type = 'CustInvc'"
        " GROUP BY l.transaction HAVING ABS(SUM(l.foreignamount)) > 0.005"
    )
    assert balanced == []


def test_header_columns_can_be_switched_on(account: Callable[..., Client]) -> None:
    client = account(header_columns=True)
    rows = client.sql("SELECT t.id, t.subsidiary, l.subsidiary AS s FROM transaction t JOIN transactionline l"
                      " ON l.transaction = t.id AND l.mainline = 'T'")  # fmt: skip
    assert rows
    assert all(row["subsidiary"] == row["s"] for row in rows)


def test_the_tables_that_pipelines_read_are_there(shared: Client) -> None:
    for query in (
        "SELECT a.addr1, a.city, a.country FROM customer c JOIN customeraddressbookentityaddress a ON c.defaultbillingaddress = a.nkey",
        "SELECT b.entity, a.zip FROM customeraddressbook b JOIN entityaddress a ON b.addressbookaddress = a.nkey",
        "SELECT m.item, m.subsidiary FROM itemsubsidiarymap m",
        "SELECT p.item, p.pricelevel, p.currency, p.quantity, p.unitprice FROM pricing p",
        "SELECT item, location, quantityavailable, quantityonhand FROM inventoryitemlocations",
        "SELECT item, location, quantityavailable FROM aggregateitemlocation",
        "SELECT previousdoc, nextdoc, linktype, foreignamount FROM nexttransactionlinelink WHERE linktype = 'Payment'",
        "SELECT entity, subsidiary, isprimarysub FROM customersubsidiaryrelationship",
        "SELECT l.name, a.city FROM location l JOIN locationmainaddress a ON l.mainaddress = a.nkey",
        "SELECT company, contact FROM companycontactrelationship",
        "SELECT id, entityid, type FROM entity WHERE type = 'Contact'",
        "SELECT n.transaction, t.trackingnumber FROM trackingnumbermap n JOIN trackingnumber t ON t.id = n.trackingnumber",
        "SELECT s.addr1 FROM transaction t JOIN transactionshippingaddress s ON t.shippingaddress = s.nkey",
        "SELECT id, symbol, exchangerate FROM currency",
        "SELECT id, entityid FROM employee WHERE issalesrep = 'T'",
        "SELECT parentitem, item, quantity FROM itemmember",
    ):
        assert shared.sql(query), query
