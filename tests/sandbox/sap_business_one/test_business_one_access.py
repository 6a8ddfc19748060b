"""SAP Business One §1, §2, §3: addresses, both versions, sessions."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from business_one_account import Client, Opener, code_of


def test_login_answers_a_session_and_sets_both_cookies(b1: Client) -> None:
    answer = b1.login()
    assert (answer.status_code, "OData-Version" in answer.headers) == (200, False)
    body = answer.json()
    assert body["@odata.context"] == f"{b1.root}$metadata#B1Sessions/$entity"
    assert (body["Version"], body["SessionTimeout"]) == ("1000310", 30)
    cookies = answer.raw.headers.getlist("Set-Cookie")
    assert cookies[0] == f"B1SESSION={body['SessionId']};HttpOnly;"
    assert cookies[1].startswith("ROUTEID=.node")
    assert cookies[1].endswith("; path=/b1s")


@pytest.mark.parametrize(
    ("change", "code"), [({"CompanyDB": "NOPE"}, -304), ({"UserName": "x"}, 100000027), ({"Password": "x"}, 100000027)]
)
def test_each_wrong_credential_is_refused_with_its_code(b1: Client, change: dict[str, str], code: int) -> None:
    answer = b1.login(**change)
    assert (answer.status_code, code_of(answer)) == (401, code)


def test_without_a_session_everything_but_login_and_ping_is_refused(b1: Client) -> None:
    answer = requests.get(f"{b1.root}BusinessPartners('C1')", timeout=10)
    assert (answer.status_code, code_of(answer)) == (401, 301)
    assert answer.headers["WWW-Authenticate"] == "Basic realm=/b1s/v2/BusinessPartners('C1')"
    assert "Set-Cookie" in answer.headers
    assert "OData-Version" not in answer.headers
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    old = requests.get(f"{b1.url}/b1s/v1/Items", timeout=10)
    assert old.json() == {
        "error": {"code": 301, "message": {"lang": "en-us", "value": "Invalid session or session already timeout."}}
    }
    pong = requests.get(f"{b1.url}/ping/", timeout=10).json()
    assert (pong["message"], pong["sender"], pong["timestamp"].isdigit()) == ("pong", "load balancer", True)


@pytest.mark.parametrize(
    "cookie",
    ["B1SESSION={0};CompanyDB=y", "B1SESSION={0}; ROUTEID=None", "ROUTEID=.node9;B1SESSION={0}", "B1SESSION={0}"],
)
def test_odd_cookies_are_understood(b1: Client, cookie: str) -> None:
    ident = b1.http.cookies.get("B1SESSION")
    answer = requests.get(f"{b1.root}Warehouses", headers={"Cookie": cookie.format(ident)}, timeout=10)
    assert answer.status_code == 200


def test_the_time_out_slides_with_every_request(company: Opener) -> None:
    client = company(session_seconds=100.0)
    for _ in range(3):
        client.clock.advance(90)
        assert client.call("GET", "Warehouses").status_code == 200
    client.clock.advance(101)
    assert client.refused("GET", "Warehouses") == (401, 301)


def test_logout_ends_one_session_and_no_other(b1: Client) -> None:
    one, two = b1.another(), b1.another()
    answer = one.call("POST", "Logout")
    assert (answer.status_code, answer.content) == (204, b"")
    assert one.refused("GET", "Warehouses") == (401, 301)
    assert two.call("GET", "Warehouses").status_code == 200


def test_each_login_is_a_new_session_until_there_are_too_many(company: Opener) -> None:
    client = company(sessions=3)
    assert [client.login().status_code for _ in range(3)] == [200, 200, 503]
    client.clock.advance(31 * 60)
    assert client.login().status_code == 200


def test_a_lost_node_answers_html_and_takes_its_sessions_along(company: Opener) -> None:
    client = company(nodes=1)
    client.action("lose_node", node=1, count=1)
    assert requests.get(f"{client.url}/ping/node/1", timeout=10).status_code == 503
    answer = client.call("GET", "Warehouses")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert client.refused("GET", "Warehouses") == (401, 301)
    assert client.login().status_code == 200
    assert client.call("GET", "Warehouses").status_code == 200


def test_requests_of_a_session_wait_for_each_other_and_sessions_do_not(b1: Client) -> None:
    def seconds(clients: list[Client]) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(len(clients)) as threads:
            assert {
                one.status_code for one in threads.map(lambda client: client.call("GET", "Warehouses"), clients)
            } == {200}
        return time.perf_counter() - began

    several = [b1.another() for _ in range(3)]
    requests.post(f"{b1.url}/__sandbox__/latency", json={"seconds": 0.2}, timeout=10)
    assert seconds([several[0]] * 3) >= 0.6
    assert 0.2 <= seconds(several) < 0.55


def test_basic_authentication_carries_a_json_text_as_user(b1: Client) -> None:
    user = json.dumps({"UserName": b1.access["user_name"], "CompanyDB": b1.access["company_db"]})
    for password, status in ((b1.access["password"], 200), ("wrong", 401)):
        sent = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = requests.get(f"{b1.root}Warehouses", headers={"Authorization": f"Basic {sent}"}, timeout=10)
        assert answer.status_code == status


def test_both_versions_show_one_store_in_their_own_forms(b1: Client) -> None:
    old = b1.another(version=1)
    b1.customer("CFORM")
    new_row, old_row = b1.get("BusinessPartners('CFORM')"), old.get("BusinessPartners('CFORM')")
    assert new_row["@odata.context"] == f"{b1.root}$metadata#BusinessPartners/$entity"
    assert old_row["odata.metadata"] == f"{old.root}$metadata#BusinessPartners/@Element"
    assert new_row["CreateDate"] == f"{old_row['CreateDate']}T00:00:00Z"
    assert new_row["@odata.etag"] == old_row["odata.etag"]
    new_page = b1.get("BusinessPartners?$filter=CardCode eq 'CFORM'&$count=true&$select=CardCode")
    old_page = old.get("BusinessPartners?$filter=CardCode eq 'CFORM'&$inlinecount=allpages&$select=CardCode")
    assert (new_page["@odata.count"], old_page["odata.count"]) == (1, "1")
    assert old.refused("GET", "BusinessPartners?$inlinecount=some") == (400, -1000)
    assert (
        b1.call("GET", "Warehouses").headers["Content-Type"] == "application/json;odata.metadata=minimal;charset=utf-8"
    )
    told = old.call("GET", "Warehouses")
    assert told.headers["Content-Type"] == "application/json;odata=minimalmetadata;charset=utf-8"
    assert ("OData-Version" in told.headers, b1.call("GET", "Warehouses").headers["OData-Version"]) == (False, "4.0")


def test_renamed_properties_have_the_name_of_their_version(b1: Client) -> None:
    old = b1.another(version=1)
    made = b1.good("POST", "Activities", {"ActivityProperty": "cn_Meeting", "Details": "x"})
    assert old.get(f"Activities({made['ActivityCode']})")["Activity"] == "cn_Meeting"
    assert old.good("POST", "Activities", {"Activity": "cn_Task"})["Activity"] == "cn_Task"
    assert b1.refused("POST", "Activities", {"Activity": "cn_Task"}) == (400, -1000)
    assert old.refused("POST", "Activities", {"ActivityProperty": "cn_Task"}) == (400, -1000)
    assert old.refused("GET", "Activities?$select=ActivityProperty") == (400, -1000)


def test_the_service_document_lists_the_sets(b1: Client) -> None:
    found = b1.get("")
    assert found["@odata.context"] == f"{b1.root}$metadata"
    assert {"name": "Orders", "kind": "EntitySet", "url": "Orders"} in found["value"]


def test_a_pretty_body_is_the_same_body(company: Opener) -> None:
    client = company(pretty=True)
    answer = client.call("GET", "Warehouses('01')")
    assert '\n\t"WarehouseCode" : "01"' in answer.text
    assert answer.json()["WarehouseCode"] == "01"
