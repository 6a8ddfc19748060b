"""A night on call, by somebody who has not seen Crosswalk before: from a red task to a record that goes through, in four clicks at most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver.remote.webelement import WebElement

from tests.airflow.first_runs import FirstRuns
from tests.browser.chromium import Browser, browser
from tests.pages.pairs import make_pairs, take_away
from tests.stack import PHASE_2, Stack, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1200)]

_REFUSAL = {
    "title": "Bad Request",
    "status": 400,
    "o:errorDetails": [
        {
            "detail": "Error while accessing a resource. Invalid value for field memo.",
            "o:errorPath": "memo",
            "o:errorCode": "INVALID_CONTENT",
        }
    ],
}
_FORBIDDEN = [{"message": "insufficient access rights on object id", "errorCode": "INSUFFICIENT_ACCESS"}]
_FAULTS = {
    "netsuite": {"kind": "status", "status": 400, "method": "POST", "path": "(?i)/record/v1/salesorder", "count": 1, "body": json.dumps(_REFUSAL)},
    "salesforce": {"kind": "status", "status": 403, "method": "PATCH", "path": "/services/data", "body": json.dumps(_FORBIDDEN)},
}  # fmt: skip


@dataclass
class Night:
    """A run with a red task, and the deal whose order the ERP refused on its way there."""

    run: str
    deal: str
    item: int


@pytest.fixture(scope="module")
def night(stack: Stack, first: FirstRuns) -> Night:
    """NetSuite refuses one of two orders; then Salesforce lets nothing be written, so that the write-back is red. By now both are mended."""
    won = [first.company.win(first.account), first.company.win(first.account)]
    for system, fault in _FAULTS.items():
        stack.sandbox(system, "faults", "POST", fault)
    try:
        run = stack.airflow.trigger(PHASE_2)
        assert stack.airflow.finish(PHASE_2, run) == "failed"
    finally:
        for system in _FAULTS:
            stack.sandbox(system, "faults", "DELETE")
    [(item, deal)] = stack.rows(
        "select id, key from hub.quarantine where stage = 'deliver' and status = 'open' and key = any(%s)", [won]
    )
    return Night(run, deal, item)


@pytest.fixture(scope="module")
def oncall(stack: Stack, night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A window of somebody on call."""
    with browser(stack.url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.size(1280, 1000)
        opened.sign_in("op", stack.passwords["op"])
        opened.complaints()  # Airflow's own, before anybody had signed in
        yield opened


@dataclass
class Hand:
    """Clicks, and counts them."""

    window: Browser
    clicks: int = 0

    def click(self, element: WebElement) -> None:
        """Click, and look where it leads, also into another window."""
        before = set(self.window.driver.window_handles)
        elsewhere = element.get_attribute("target") == "_blank"
        element.click()
        self.clicks += 1
        if elsewhere:
            opened = eventually(lambda: set(self.window.driver.window_handles) - before, 30, "another window")
            self.window.driver.switch_to.window(opened.pop())


def test_from_a_red_task_to_a_replayed_record(oncall: Browser, stack: Stack, first: FirstRuns, night: Night) -> None:
    hand = Hand(oncall)
    oncall.open(f"/dags/{PHASE_2}/runs/{night.run}/tasks/deliver_write_back/details")
    hand.click(oncall.see("a[href*='/plugin/quarantine']"))
    oncall.inside("details.cause")
    assert "Only those of one run" in oncall.see("main").text
    hand.click(oncall.see(f"a[href$='/quarantine/item/{night.item}']"))
    oncall.inside("#answer")
    assert "Invalid value for field memo" in oncall.see("#answer").text
    assert "runbook/validation" in str(oncall.see("main a[href*='/runbook/']").get_attribute("href"))
    hand.click(oncall.see("form[action$='/quarantine/replay'] button.main"))
    link = oncall.inside("[role=status] a[data-airflow]")
    assert "1 record will be tried again" in oncall.see("[role=status]").text
    started = link.text
    hand.click(link)
    assert hand.clicks <= 4
    oncall.driver.switch_to.default_content()
    eventually(lambda: f"/dags/{PHASE_2}/runs/" in oncall.driver.current_url, 60, "the run opens in Airflow itself")
    stack.airflow.expect_green(PHASE_2, started)
    became = stack.rows("select status, replayed_by from hub.quarantine where id = %s", [night.item])
    assert became == [("resolved", "person:op")]
    assert len(first.company.orders_of([night.deal])[night.deal]) == 1
    replays = stack.rows("select actor from hub.ledger where kind = 'replayed' and key = %s", [night.deal])
    assert replays == [("person:op",)]


def test_the_red_task_leads_to_the_page_of_its_error_and_to_what_the_run_did(
    oncall: Browser, stack: Stack, night: Night
) -> None:
    oncall.open(f"/dags/{PHASE_2}/runs/{night.run}/tasks/deliver_write_back/details")
    oncall.see("a[href*='/plugin/runbook']")
    links = {link.text: str(link.get_attribute("href")) for link in oncall.all("a[href*='/plugin/']")}
    oncall.driver.get(links["Runbook"])
    oncall.inside("article ol")
    assert "permission: a right is missing" in oncall.see("h1").text
    assert "deliver: writing to a system failed" in oncall.see("main").text
    oncall.driver.get(links["Ledger"])
    oncall.inside("table.entries tbody tr")
    counts = dict(
        stack.rows("select kind, count(*) from hub.ledger where run_id = %s group by 1", [f"{PHASE_2}/{night.run}"])
    )
    shown = {
        link.text.rpartition(" ")[0]: int(link.text.rpartition(" ")[2].replace("\u202f", ""))
        for link in oncall.all("#summary a")
    }
    assert shown == {kind.replace("_", " "): count for kind, count in counts.items()}


def test_a_key_decides_a_pair_inside_airflows_frame(oncall: Browser, stack: Stack, night: Night) -> None:
    with stack.hub() as hub:
        made = make_pairs(hub, ["Willow"])
    try:
        oncall.page("matches", "#pair")
        assert "Willow Foods" in oncall.see("#pair").text
        oncall.see("#pair").send_keys("d")
        verdict = "select status, decided_by from hub.match_candidate where id = %s and status <> 'open'"
        assert eventually(lambda: stack.rows(verdict, [made["Willow"]]), 60, "the pair is decided") == [
            ("different", "person:op")
        ]
        oncall.inside("[role=status]")
        assert oncall.complaints() == []
    finally:
        with stack.hub() as hub:
            take_away(hub, ["Willow"])
