"""Deciding doubtful pairs, undoing links and reading the cutover report, as an analyst does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.airflow.first_runs import FirstRuns
from tests.browser.chromium import Browser, browser
from tests.stack import Stack

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

MATCHING = "netsuite_salesforce__matching"
OPEN = "select count(*) from hub.match_candidate where status = 'open'"


@pytest.fixture(scope="module")
def matched(stack: Stack, first: FirstRuns) -> Stack:
    """The system after a run of the matching."""
    stack.airflow.run(MATCHING)
    return stack


@pytest.fixture(scope="module")
def analyst(matched: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A window of somebody who may decide."""
    with browser(matched.url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.size(1280)
        opened.sign_in("user", matched.passwords["user"])
        yield opened


def test_keys_decide_the_pair_on_top_and_the_hub_knows_who_did(analyst: Browser, matched: Stack) -> None:
    analyst.page("matches", "#pair")
    before = matched.rows(OPEN)[0][0]
    evidence = [tag.text for tag in analyst.all("#pair .tag")]
    assert any("the same" in said for said in evidence)
    analyst.see("#pair").send_keys("d")
    assert "1 kept apart" in analyst.see("[role=status]").text
    assert matched.rows(OPEN)[0][0] == before - 1
    by = matched.rows(
        "select decided_by from hub.match_candidate where status = 'different' order by decided_at desc limit 1"
    )
    assert by == [("person:user",)]


def test_a_pair_that_is_put_off_comes_last(analyst: Browser, matched: Stack) -> None:
    analyst.page("matches", "#pair")
    number = analyst.all(".decide input[name=match]")[0].get_attribute("value")
    analyst.see("#pair").send_keys("k")
    assert "1 put off" in analyst.see("[role=status]").text
    assert analyst.all(".decide input[name=match]")[0].get_attribute("value") != number


def test_a_link_shows_what_was_written_through_it_and_can_be_undone_once(
    analyst: Browser, matched: Stack, first: FirstRuns
) -> None:
    path = f"matches/link?entity=customer&system=salesforce&key={first.account}"
    assert matched.airflow_as("user").send("GET", f"/crosswalk/{path}").status_code == 200
    shown = matched.airflow_as("user").send("GET", f"/crosswalk/{path}").text
    assert "create customer" in shown
    assert "Undo this link" in shown
    assert "Undo this link" not in matched.airflow_as("viewer").send("GET", f"/crosswalk/{path}").text


def test_only_who_may_decide_decides_and_only_from_our_own_page(matched: Stack) -> None:
    number = str(matched.rows("select id from hub.match_candidate where status = 'open' limit 1")[0][0])
    form = {"pairing": "netsuite_salesforce", "decision": "different", "match": number}
    own = {"Origin": matched.url, "Sec-Fetch-Site": "same-origin"}
    foreign = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert matched.airflow_as("viewer").submit("/crosswalk/matches/decide", form, **own).status_code == 403
    assert matched.airflow_as("user").submit("/crosswalk/matches/decide", form, **foreign).status_code == 403
    assert matched.rows(f"select status from hub.match_candidate where id = {number}") == [("open",)]


def test_the_cutover_report_counts_what_the_hub_holds(seen: Browser, matched: Stack) -> None:
    seen.page("matches", "nav")
    seen.driver.find_element(By.LINK_TEXT, "Cutover report").send_keys(Keys.RETURN)
    seen.inside("table")
    rows = {row[0]: [cell.replace("\u202f", "") for cell in row] for row in seen.table("main")}
    living = "select count(*) from hub.customer where deleted_at is null and system = "
    linked = "select count(*) from hub.link where entity = 'customer'"
    doubtful = "select count(distinct left_key) from hub.match_candidate where status = 'open' and entity = 'customer'"
    customer = rows["customer"]
    assert [int(customer[1]), int(customer[2])] == [
        matched.rows(living + "'salesforce'")[0][0],
        matched.rows(living + "'netsuite'")[0][0],
    ]
    assert int(customer[3]) == matched.rows(linked)[0][0]
    assert int(customer[5]) == matched.rows(doubtful)[0][0]
    unlinked = int(customer[1]) - int(customer[3])
    assert int(customer[5]) + int(customer[6]) <= unlinked


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_pages_fit_and_ask_only_our_own_server(
    seen: Browser, matched: Stack, width: int, theme: str, tmp_path: Path
) -> None:
    seen.size(width, 1000)
    seen.theme(theme)
    seen.page("matches", "#pair")
    assert not seen.overflows()
    assert seen.hosts() == {matched.url.removeprefix("http://")}
    assert seen.complaints() == []
