"""SAP Business One §9: parts in order, change sets, Content-ID, both versions' spelling."""

from __future__ import annotations

import json
import re

import pytest
import requests
from business_one_account import FIRST, Client


def part(request: str, body: object = None, content_id: str = "", **headers: str) -> str:
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    outer = f"Content-ID: {content_id}\r\n" if content_id else ""
    text = "" if body is None else json.dumps(body)
    return f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{outer}\r\n{request} HTTP/1.1\r\n{told}\r\n{text}\r\n"


def change_set(*parts: str) -> str:
    inner = "".join(f"--c\r\n{one}" for one in parts)
    return f"Content-Type: multipart/mixed;boundary=c\r\n\r\n{inner}--c--\r\n"


def send(client: Client, *parts: str) -> requests.Response:
    text = "".join(f"--b\r\n{one}" for one in parts) + "--b--\r\n"
    return client.call("POST", "$batch", data=text.encode(), headers={"Content-Type": "multipart/mixed;boundary=b"})


def statuses(answer: requests.Response) -> list[int]:
    return [int(one) for one in re.findall(r"HTTP/1\.1 (\d+)", answer.text)]


def test_parts_run_in_order_until_the_first_that_fails(b1: Client) -> None:
    answer = send(
        b1,
        part("POST /b1s/v2/BusinessPartners", {"CardCode": "CB1"}),
        part(f"GET {b1.root}BusinessPartners('CB1')?$select=CardCode") + "\r\n",
        part("GET BusinessPartners('NOSUCH')"),
        part("POST BusinessPartners", {"CardCode": "CB2"}),
    )
    assert (answer.status_code, statuses(answer)) == (200, [201, 200, 404])
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert b1.refused("GET", "BusinessPartners('CB2')") == (404, -2028)


def test_a_change_set_is_done_as_a_whole_and_refers_to_itself(b1: Client) -> None:
    made = part("POST BusinessPartners", {"CardCode": "CB3"}, "1")
    answer = send(
        b1, change_set(made, part("PATCH $1", {"CardName": "by one"}, "2"), part("PATCH /b1s/v2/$1", {"Fax": "1"}, "3"))
    )
    assert statuses(answer) == [201, 204, 204]
    assert "Content-ID: 1" in answer.text
    assert b1.get("BusinessPartners('CB3')")["CardName"] == "by one"


def test_a_failing_change_set_leaves_nothing_and_one_answer(b1: Client) -> None:
    answer = send(
        b1,
        change_set(
            part("POST BusinessPartners", {"CardCode": "CB4"}, "1"),
            part("POST BusinessPartners", {"CardCode": "CB4"}, "2"),
        ),
        part("GET Warehouses('01')"),
    )
    assert statuses(answer) == [400]
    assert '"code":"-10"' in answer.text
    assert b1.refused("GET", "BusinessPartners('CB4')") == (404, -2028)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Incomplete Batch Request Body!"),
        (f"--b\r\n{part('GET Items')}", "Incomplete Batch Request Body!"),
        ("--b\r\nContent-Type: application/http\r\n\r\nGET Items HTTP/1.1--b--\r\n", "Incomplete Batch Request Body!"),
        ("--b\r\nContent-Type: application/http\r\n\r\nPOST Items HTTP/1.1\r\nA: b\r\n{}\r\n--b--\r\n", "Incomplete request, "),
        (f"--b\r\n{change_set(part('POST Items', {'ItemCode': 'nope'}))}--b--\r\n", "Content ID should be specified in each change set request."),
        (f"--b\r\n{change_set(part('GET Items', None, '1'))}--b--\r\n", "GET is not allowed"),
    ],
)  # fmt: skip
def test_a_malformed_batch_is_refused_as_a_whole(b1: Client, text: str, message: str) -> None:
    answer = b1.call("POST", "$batch", data=text.encode(), headers={"Content-Type": "multipart/mixed;boundary=b"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "-1000"
    assert answer.json()["error"]["message"].startswith(message)


def test_etags_are_not_looked_at_inside_a_batch_but_other_headers_are(b1: Client) -> None:
    b1.customer("CB5", BPAddresses=[{"AddressName": "A"}, {"AddressName": "B"}])
    b1.good("PATCH", "BusinessPartners('CB5')", {"Fax": "1"})
    change = {"BPAddresses": [{"AddressName": "C"}]}
    sent = part("PATCH BusinessPartners('CB5')", change, If_Match=FIRST, B1S_ReplaceCollectionsOnPatch="true")
    assert statuses(send(b1, sent)) == [204]
    assert [one["AddressName"] for one in b1.get("BusinessPartners('CB5')")["BPAddresses"]] == ["C"]


def test_version_one_answers_202_without_blanks_and_with_inner_errors(b1: Client) -> None:
    old = b1.another(version=1)
    answer = send(old, change_set(part("POST Items", {"ItemCode": "old1"})), part("GET Items('none')"))
    assert (answer.status_code, statuses(answer)) == (202, [201, 404])
    assert "Content-Type:application/http\r\n" in answer.text
    assert '"innererror":{"context":null,"trace":null}' in answer.text
