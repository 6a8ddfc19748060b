"""SAP Business One §18: what the reference's checklist asks for and no other file holds, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from business_one_account import FIRST, Client, Opener, code_of
from test_business_one_batches import part, send, statuses
from test_business_one_documents import DUE, draft_of

REPLACED = {"B1S-ReplaceCollectionsOnPatch": "true"}
THIRD = 'W/"77DE68DAECD823BABBB58EDB1C8E14D7106E83BB"'


def fault(client: Client, **rule: Any) -> None:
    answer = requests.post(f"{client.url}/__sandbox__/faults", json={"count": 1, **rule}, timeout=10)
    assert answer.status_code < 300, answer.text


# line 2: sessions and nodes (§3)


def test_only_the_sessions_of_a_lost_node_end_and_new_ones_go_to_those_that_are_up(company: Opener) -> None:
    client = company(nodes=3)
    others = [client.another() for _ in range(3)]
    routes = [one.http.cookies["ROUTEID"] for one in others]
    assert len(set(routes)) == 3
    client.action("lose_node", node=2)
    for one, route in zip(others, routes, strict=True):
        assert one.call("GET", "Warehouses").status_code == (502 if route == ".node2" else 200)
    lost = others[routes.index(".node2")]
    assert lost.refused("GET", "Warehouses") == (401, 301)
    assert {client.another().http.cookies["ROUTEID"] for _ in range(4)} == {".node1", ".node3"}
    for node in (1, 3):
        client.action("lose_node", node=node)
    answer = client.login()
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (503, "text/html")
    assert [requests.get(f"{client.url}/ping/node/{node}", timeout=10).status_code for node in (1, 2, 3)] == [503] * 3
    client.action("find_node", node=2)
    assert requests.get(f"{client.url}/ping/node/2", timeout=10).json()["sender"] == "node2"
    assert client.another().http.cookies["ROUTEID"] == ".node2"


@pytest.mark.parametrize(
    "cookie",
    [
        'B1SESSION="{0}"',
        "ROUTEID=; B1SESSION = {0} ;x=y",
        "B1SESSION={0};",
        ";;B1SESSION={0};;x",
        "a=b=c; B1SESSION={0}",
    ],
)
def test_cookies_are_read_as_carelessly_as_clients_write_them(b1: Client, cookie: str) -> None:
    sent = {"Cookie": cookie.format(b1.http.cookies["B1SESSION"])}
    assert requests.get(f"{b1.root}Warehouses", headers=sent, timeout=10).status_code == 200


@pytest.mark.parametrize("cookie", ["B1SESSION=", "B1SESSION", "b1session={0}", "ROUTEID=.node1", "B1SESSION={0}x"])
def test_what_names_no_session_is_refused(b1: Client, cookie: str) -> None:
    sent = {"Cookie": cookie.format(b1.http.cookies["B1SESSION"])}
    answer = requests.get(f"{b1.root}Warehouses", headers=sent, timeout=10)
    assert (answer.status_code, code_of(answer)) == (401, 301)


def test_sessions_that_are_made_to_end_are_begun_anew_and_an_old_one_does_not_hinder_it(company: Opener) -> None:
    client = company()
    fault(client, kind="expire_sessions", path="Warehouses")
    assert client.refused("GET", "Warehouses") == (401, 301)
    assert client.login().status_code == 200  # its old cookie goes along
    assert client.call("GET", "Warehouses").status_code == 200


# line 5: child rows (§6)


def test_an_empty_collection_is_nothing_to_merge_and_everything_to_replace(b1: Client) -> None:
    b1.customer("CEMPTY", BPAddresses=[{"AddressName": "A"}, {"AddressName": "B"}], ContactEmployees=[{"Name": "Ann"}])
    path = "BusinessPartners('CEMPTY')"
    b1.good("PATCH", path, {"BPAddresses": [], "ContactEmployees": []})
    assert (len(b1.get(path)["BPAddresses"]), len(b1.get(path)["ContactEmployees"])) == (2, 1)
    b1.good("PATCH", path, {"BPAddresses": []}, headers=REPLACED)
    assert (b1.get(path)["BPAddresses"], len(b1.get(path)["ContactEmployees"])) == ([], 1)


def test_replaced_addresses_are_numbered_anew_unless_all_four_names_are_sent(b1: Client) -> None:
    made = b1.customer("CRENUM", BPAddresses=[{"AddressName": name, "City": "old"} for name in "ABC"])
    kept = {name: made["BPAddresses"][2][name] for name in ("BPCode", "AddressName", "AddressType", "RowNum")}
    rows = [{**kept, "Street": "new"}, {"AddressName": "A", "AddressType": "bo_BillTo"}]
    b1.good("PATCH", "BusinessPartners('CRENUM')", {"BPAddresses": rows}, headers=REPLACED)
    found = b1.get("BusinessPartners('CRENUM')")["BPAddresses"]
    shown = [tuple(one[name] for name in ("AddressName", "City", "Street")) for one in found]
    assert shown == [("C", "old", "new"), ("A", None, None)]
    assert found[0]["RowNum"] == 2
    assert found[1]["RowNum"] not in (0, 2)


def test_prices_and_warehouses_of_an_item_are_changed_by_their_own_keys(b1: Client) -> None:
    code = b1.get("Items?$top=1&$select=ItemCode&$filter=InventoryItem eq 'tYES'")["value"][0]["ItemCode"]
    before = b1.get(f"Items('{code}')")
    b1.good(
        "PATCH",
        f"Items('{code}')",
        {
            "ItemPrices": [{"PriceList": 2, "Price": 12.34, "Currency": "EUR"}],
            "ItemWarehouseInfoCollection": [{"WarehouseCode": "01", "MinimalStock": 7, "InStock": 1_000_000}],
        },
    )
    after = b1.get(f"Items('{code}')")
    for name, key, place in (("ItemPrices", "PriceList", 2), ("ItemWarehouseInfoCollection", "WarehouseCode", "01")):
        assert [one[key] for one in after[name]] == [one[key] for one in before[name]]
        changed = [one for one, other in zip(after[name], before[name], strict=True) if one != other]
        assert [one[key] for one in changed] == [place]
    stock = next(one for one in after["ItemWarehouseInfoCollection"] if one["WarehouseCode"] == "01")
    assert (stock["MinimalStock"], stock["InStock"] < 1_000_000) == (7, True)  # what is in stock is read-only


def test_child_rows_have_no_address(b1: Client) -> None:
    entry = b1.get("Orders?$top=1&$select=DocEntry")["value"][0]["DocEntry"]
    for method in ("GET", "PATCH", "DELETE"):
        status, code = b1.refused(method, f"Orders({entry})/DocumentLines(0)", {} if method == "PATCH" else None)
        assert (status in (400, 404), code) == (True, -1000)


# line 6: ETags (§7)


def test_etags_are_those_of_the_version_wherever_whole_rows_are_read(b1: Client) -> None:
    b1.customer("CTAGS")
    path = "BusinessPartners('CTAGS')"
    for number in (1, 2):
        answer = b1.call("PATCH", path, {"Fax": str(number)})  # blind: nothing is compared without If-Match
        assert (answer.status_code, "ETag" in answer.headers) == (204, False)
    where = "$filter=CardCode eq 'CTAGS'"
    assert b1.get(f"BusinessPartners?{where}")["value"][0]["@odata.etag"] == THIRD
    assert b1.another(1).get(f"BusinessPartners?{where}")["value"][0]["odata.etag"] == THIRD
    assert b1.get(f"BusinessPartners?{where}&$select=CardCode,DataVersion")["value"][0] == {
        "@odata.etag": FIRST, "CardCode": "CTAGS", "DataVersion": 3,
    }  # fmt: skip
    assert b1.refused("PATCH", path, {"Fax": "3"}, headers={"If-Match": FIRST}) == (412, -2039)  # the trap
    assert b1.call("GET", path, headers={"If-None-Match": THIRD}).status_code == 200
    for match in ("*", THIRD):
        b1.good("PATCH", path, {"CardName": "same"}, headers={"If-Match": match if match == "*" else etag_of(b1, path)})
    assert b1.get(path)["DataVersion"] == 5


def test_a_projections_etag_may_be_right(company: Opener) -> None:
    client = company(constant_etag=False)
    client.customer("CRIGHT")
    client.good("PATCH", "BusinessPartners('CRIGHT')", {"Fax": "1"})
    shown = client.get("BusinessPartners('CRIGHT')?$select=CardCode")["@odata.etag"]
    assert shown == etag_of(client, "BusinessPartners('CRIGHT')")


def etag_of(client: Client, path: str) -> str:
    return str(client.call("GET", path).headers["ETag"])


def test_every_way_to_write_heeds_if_match(b1: Client) -> None:
    order = b1.good("POST", "Orders", draft_of(b1))
    path, stale = f"Orders({order['DocEntry']})", {"If-Match": 'W/"0"'}
    assert b1.refused("POST", f"{path}/Close", headers=stale) == (412, -2039)
    assert b1.refused("PATCH", path, {"Comments": "x"}, headers=stale) == (412, -2039)
    assert b1.get(path)["DocumentStatus"] == "bost_Open"
    assert b1.call("POST", f"{path}/Close", headers={"If-Match": etag_of(b1, path)}).status_code == 204
    b1.customer("CPUTTAG")
    assert b1.refused("PUT", "BusinessPartners('CPUTTAG')", {"CardName": "x"}, headers=stale) == (412, -2039)
    assert b1.refused("MERGE", "BusinessPartners('CPUTTAG')", {"CardName": "x"}, headers=stale) == (412, -2039)
    b1.good("PATCH", "PriceLists(1)", {"PriceListName": "No ETag, nothing to heed"}, headers=stale)


# line 8: errors in both shapes, language by Login (§2, §10)


def test_the_catalogue_has_the_same_codes_in_both_shapes(b1: Client) -> None:
    b1.customer("CCODES")
    order = b1.good("POST", "Orders", draft_of(b1))
    place, lines = f"Orders({order['DocEntry']})", order["DocumentLines"]
    stale = {"headers": {"If-Match": 'W/"0"'}}
    managed = {"ItemCode": "CODES-B", "ManageBatchNumbers": "tYES"}
    b1.good("POST", "Items", managed)
    sold = {"CardCode": order["CardCode"], "DocDueDate": DUE}
    catalogue: list[tuple[str, str, Any, dict[str, Any], tuple[int, int]]] = [
        ("GET", "Nothing", None, {}, (404, -1000)),
        ("POST", "BusinessPartners", {"CardCode": "X", "Nope": 1}, {}, (400, -1000)),
        ("GET", "BusinessPartners('NOSUCH')", None, {}, (404, -2028)),
        ("POST", "Orders", {**sold, "CardCode": "NOSUCH", "DocumentLines": [{"ItemCode": "x"}]}, {}, (400, -2028)),
        ("POST", "Warehouses", {"WarehouseCode": "01"}, {}, (400, -2035)),
        ("PATCH", "BusinessPartners('CCODES')", {"Fax": "1"}, stale, (412, -2039)),
        ("PATCH", place, {"DocDate": "2020-01-01"}, {}, (400, -1029)),
        ("POST", "BusinessPartners", {"CardCode": "CCODES"}, {}, (400, -10)),
        ("POST", "Orders", {**sold, "DocumentLines": [{**_line(lines[0]), "DiscountPercent": 100}]}, {}, (400, -5002)),
        ("DELETE", place, None, {}, (400, -5006)),
        ("POST", "DeliveryNotes", {**sold, "DocumentLines": [{"ItemCode": "CODES-B", "Quantity": 1, "UnitPrice": 1}]}, {}, (400, -4014)),
        ("POST", "SQLQueries", {"SqlCode": "x", "SqlName": "x", "SqlText": "SELECT FROM"}, {}, (400, 701)),
        ("POST", "SQLQueries", {"SqlCode": "x", "SqlName": "x", "SqlText": "SELECT A FROM OUSR"}, {}, (400, 702)),
    ]  # fmt: skip
    old = b1.another(1)
    for method, path, body, options, expected in catalogue:
        for client in (b1, old):  # `refused` checks the envelope of the version
            assert client.refused(method, path, body, **options) == expected, (method, path, client.version)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {"ItemCode": row["ItemCode"], "Quantity": 1}


@pytest.mark.parametrize(("number", "language"), [(None, "en-us"), (3, "en-us"), (9, "de-de"), ("22", "fr-fr")])
def test_the_language_of_texts_is_that_of_the_login(b1: Client, number: object, language: str) -> None:
    told = {} if number is None else {"Language": number}
    error = b1.another(1, **told).call("GET", "BusinessPartners('NOSUCH')").json()["error"]
    assert error["message"]["lang"] == language


# line 9: stamps (§13)


def test_columns_of_hours_and_minutes_lose_the_seconds(company: Opener) -> None:
    client = company(time_zone="Asia/Kolkata")
    client.clock.set(datetime(2027, 3, 1, 20, 15, 47, tzinfo=UTC), frozen=True)
    client.login()
    order = client.good("POST", "Orders", draft_of(client))
    assert (order["CreationDate"], order["DocTime"]) == ("2027-03-02T00:00:00Z", "01:45:00")
    assert (order["UpdateDate"], order["UpdateTime"]) == ("2027-03-02T00:00:00Z", "01:45:47")
    person = client.customer("CHOUR", ContactEmployees=[{"Name": "Ann"}])["ContactEmployees"][0]
    assert (person["CreateTime"], person["UpdateTime"]) == ("01:45:47", "01:45:00")
    assert client.another(1).get("BusinessPartners('CHOUR')")["UpdateDate"] == "2027-03-02"


def test_stamps_step_back_with_the_servers_clock(company: Opener) -> None:
    client = company(time_zone="Europe/Berlin")
    shown = []
    for hour in (0, 1):  # summer time ends at 01:00 UTC
        client.clock.set(datetime(2027, 10, 31, hour, 30, 1, tzinfo=UTC), frozen=True)
        client.login()
        shown.append(client.customer(f"CDST{hour}")["UpdateTime"])
    assert shown == ["02:30:01", "02:30:01"]


def test_an_address_moves_the_partners_stamp_and_a_sale_does_not(company: Opener) -> None:
    client = company()
    partner = client.customer("CMOVE")
    client.clock.advance(5)
    client.good("PATCH", "BusinessPartners('CMOVE')", {"BPAddresses": [{"AddressName": "A"}]})
    after = client.get("BusinessPartners('CMOVE')")
    assert after["DataVersion"] == 2
    assert (after["UpdateDate"], after["UpdateTime"]) > (partner["UpdateDate"], partner["UpdateTime"])
    draft = draft_of(client)
    names = [f"BusinessPartners('{draft['CardCode']}')", f"Items('{draft['DocumentLines'][0]['ItemCode']}')"]
    before = [client.get(one) for one in names]
    client.clock.advance(5)
    client.good("POST", "Orders", draft)
    for name, row in zip(names, before, strict=True):
        now = client.get(name)
        assert [now[one] for one in ("UpdateDate", "UpdateTime", "DataVersion")] == [
            row[one] for one in ("UpdateDate", "UpdateTime", "DataVersion")
        ]


# line 10: the company's procedure, credit, stock (§10, §16)


def test_the_procedure_rolls_back_everything_a_document_did(company: Opener) -> None:
    client = company()
    draft = draft_of(client)
    item = f"Items('{draft['DocumentLines'][0]['ItemCode']}')"
    client.action("notification", set="Orders", number=42, text="not today")
    before = client.get(item)["QuantityOrderedByCustomers"], client.call("GET", "Orders/$count").text
    for version, message in ((2, "(42) not today"), (1, {"lang": "en-us", "value": "(42) not today"})):
        answer = client.another(version).call("POST", "Orders", draft)
        assert (answer.status_code, code_of(answer, version)) == (400, -1116)
        assert answer.json()["error"]["message"] == message
    assert (client.get(item)["QuantityOrderedByCustomers"], client.call("GET", "Orders/$count").text) == before


@pytest.mark.parametrize(("mode", "refusal"), [("ignore", None), ("approval", -2028), ("notification", -1116)])
def test_a_breach_of_the_credit_limit_over_http(company: Opener, mode: str, refusal: int | None) -> None:
    client = company(credit=mode)
    client.action("switch", credit=mode)
    draft = draft_of(client)
    client.good("PATCH", f"BusinessPartners('{draft['CardCode']}')", {"CreditLimit": 0.01, "MaxCommitment": 0.01})
    drafts = int(client.call("GET", "Drafts/$count").text)
    answer = client.call("POST", "Orders", draft)
    assert answer.status_code == (201 if refusal is None else 400)
    if refusal is not None:
        assert code_of(answer) == refusal
    assert int(client.call("GET", "Drafts/$count").text) - drafts == (mode == "approval")


def test_more_than_there_is_leaves_no_warehouse_over_http_unless_it_may(company: Opener) -> None:
    client = company()
    draft = draft_of(client)
    draft["DocumentLines"][0]["Quantity"] = 10_000_000
    assert client.refused("POST", "DeliveryNotes", draft) == (400, -10)
    client.action("switch", negative_stock=True)
    assert client.good("POST", "DeliveryNotes", draft)["DocEntry"]


# line 13: faults (§3, §16)


def test_a_502_after_the_commit_leaves_the_order_there(company: Opener) -> None:
    client = company()
    fault(client, kind="status_after_commit", status=502, method="POST", path="/Orders$")
    answer = client.call("POST", "Orders", draft_of(client, NumAtCard="IN-DOUBT"))
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert "Proxy Error" in answer.text
    assert len(client.get("Orders?$filter=NumAtCard eq 'IN-DOUBT'")["value"]) == 1


def test_a_400_closes_the_connection_a_404_does_not(b1: Client) -> None:
    assert b1.call("GET", "Items?$top=x").headers["Connection"] == "close"
    assert b1.call("GET", "Items('nope')").headers.get("Connection") != "close"
    inner = send(b1, part("GET Items?$top=x"))
    assert (statuses(inner), inner.headers.get("Connection")) == ([400], None)
