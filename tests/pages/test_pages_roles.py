"""Who may do what: every deed by every role, from elsewhere, by GET, with text that nobody can keep. A viewer reads, a user decides, an op replays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import requests

from tests.pages.conftest import Desk
from tests.pages.desk import HOSTILE, PAIRING

UI = Path(__file__).parents[2] / "plugins" / "crosswalk_airflow" / "ui"
ITEM = {"pairing": PAIRING, "id": 999_999}
FORMS: dict[str, dict[str, object]] = {
    "/quarantine/replay": ITEM,
    "/quarantine/edit": {**ITEM, "field:values.memo": "x"},
    "/quarantine/assign": {**ITEM, "owner": "olga"},
    "/quarantine/ignore": {**ITEM, "reason": "a reason"},
    "/quarantine/notice": ITEM,
    "/quarantine/close": {**ITEM, "reason": "a reason"},
    "/matches/decide": {"pairing": PAIRING, "decision": "same", "match": 999_999},
    "/matches/undo": {"pairing": PAIRING, "entity": "customer", "system": "netsuite", "key": "-", "reason": "a reason"},
    "/matches/take_back": {"pairing": PAIRING, "match": 999_999},
}
OPS = {"/quarantine/replay", "/quarantine/edit"}
PAGES = (
    "/overview",
    "/customer",
    "/consistency",
    "/quarantine",
    "/ledger",
    "/matches",
    "/cutover",
    "/runbook",
    "/runbook/timeout",
)
STATE = "select count(*), count(owner), count(ignored_at), count(replayed_at), count(resolved_at) from hub.quarantine"


def deeds() -> set[str]:
    """Every route of the pages that is not GET, from the source."""
    found = set()
    for file in UI.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("post", "put", "patch", "delete")
            ):
                found.add(str(ast.literal_eval(node.args[0])))
    return found


def test_no_deed_is_forgotten_here() -> None:
    assert deeds() == set(FORMS)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("role", ["", "viewer", "user", "op", "admin"])
def test_a_deed_needs_its_role(desk: Desk, path: str, role: str) -> None:
    before = desk.rows(STATE)
    answer = desk.post(path, FORMS[path], role)
    least = "op" if path in OPS else "user"
    allowed = (
        ("viewer", "user", "op", "admin").index(role) >= ("viewer", "user", "op", "admin").index(least)
        if role
        else False
    )
    if not allowed:
        assert answer.status_code == (403 if role else 401)
        assert "no-store" in answer.headers["Cache-Control"]
    else:  # there is no such record, which only who is let in is told
        assert answer.status_code in (303, 404, 409)
    assert desk.rows(STATE) == before


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
        {"Origin": "null", "Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "", "Sec-Fetch-Site": ""},
    ],
    ids=["cross-site", "old browser", "sandboxed", "same-site", "none", "silent"],
)
def test_a_deed_is_done_from_our_own_page_only(desk: Desk, path: str, headers: dict[str, str]) -> None:
    sent = {"X-Role": "admin", "Origin": desk.url.rpartition("/")[0], **headers}
    answer = requests.post(
        desk.url + path,
        data=FORMS[path],
        headers={name: value for name, value in sent.items() if value},
        timeout=60,
        allow_redirects=False,
    )
    assert answer.status_code == 403
    assert "another site" in answer.text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_a_deed_is_a_post_and_nothing_else(desk: Desk, path: str, method: str) -> None:
    headers = {"X-Role": "admin", "Origin": desk.url.rpartition("/")[0], "Sec-Fetch-Site": "same-origin"}
    assert requests.request(method, desk.url + path, params=FORMS[path], headers=headers, timeout=60).status_code == 405


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "text",
    [HOSTILE, "x" * 100_000, "nul \x00 nul", "'; drop table hub.ledger; --", "\u202e\ufffe 💥"],
    ids=["markup", "long", "nul", "sql", "odd"],
)
def test_hostile_text_breaks_nothing_and_comes_back_as_words_or_not_at_all(desk: Desk, path: str, text: str) -> None:
    before = desk.rows(STATE)
    for name in FORMS[path]:
        answer = desk.post(path, {**FORMS[path], name: text}, "admin")
        assert answer.status_code in (303, 404, 409, 422), (name, answer.text[:300])
        assert "<script>alert" not in answer.text
        assert "Traceback" not in answer.text
    assert desk.rows(STATE) == before


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_reads_every_page_nobody_else_does_and_no_page_is_kept(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    stranger = desk.get(path, role="")
    assert stranger.status_code == 401
    assert "no-store" in stranger.headers["Cache-Control"]
    assert PAIRING not in stranger.text


@pytest.mark.parametrize(
    "path",
    [
        "/quarantine?text=%00", "/quarantine/item/0", "/quarantine/item/99999999999999999999", "/quarantine/cause?before=99999999999999999999",
        "/quarantine?order=worst", "/quarantine?stage=%3Cscript%3E", "/ledger/record?system=netsuite&entity=customer&key=%00",
        "/ledger/record?system=netsuite&entity=customer&key=1&at=0001-01-01T00:00%2B14:00", "/ledger/record?system=netsuite&entity=nobody&key=1",
        "/ledger/record?system=hubspot&entity=customer&key=1", "/ledger/run?run=%00", "/ledger/run?run=nobody", "/quarantine/item/12345678",
        "/runbook/%00",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_sentence(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code in (404, 422)
    assert "<h1>" in answer.text
    assert "<script>" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
