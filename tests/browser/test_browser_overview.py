"""The first page, as on-call opens it in the morning: every figure is what SQL of the test's own says."""

from __future__ import annotations

import re

import pytest
import requests

from tests.airflow.first_runs import FirstRuns
from tests.browser.chromium import Browser
from tests.stack import PHASE_1, PHASE_2, Stack

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1200)]

PAIRING = "netsuite_salesforce"


def figure(window: Browser, selector: str) -> int:
    return int(window.see(selector).text.replace("\u202f", ""))


@pytest.mark.parametrize("page", ["overview", "leave.js", "customer", "customer/record?system=netsuite&key=1"])
def test_nothing_is_shown_to_who_is_not_signed_in(stack: Stack, page: str) -> None:
    answer = requests.get(f"{stack.url}/crosswalk/{page}", timeout=30)
    assert answer.status_code == 401
    assert PAIRING not in answer.text


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1920, "dark")])
def test_the_page_fits_and_follows_the_theme(
    seen: Browser, stack: Stack, first: FirstRuns, width: int, theme: str
) -> None:
    seen.size(width, 1000)
    seen.theme(theme)
    seen.page("overview", "#phases tbody tr")
    shade = [int(part) for part in re.findall(r"\d+", seen.background())[:3]]
    assert (sum(shade) > 600) == (theme == "light")
    assert not seen.overflows()
    assert seen.hosts() == {stack.url.removeprefix("http://")}
    assert seen.complaints() == []


def test_every_figure_is_what_sql_says(seen: Browser, stack: Stack, first: FirstRuns) -> None:
    seen.page("overview", "#phases tbody tr")
    [(stuck,)] = stack.rows(
        "select count(*) from hub.quarantine where pairing = %s and status = 'open' and ignored_at is null and error_class <> 'conflict'",
        [PAIRING],
    )
    [(waiting,)] = stack.rows(
        "select count(*) from hub.match_candidate where pairing = %s and status = 'open'", [PAIRING]
    )
    assert stuck > 0
    assert (figure(seen, "#quarantined"), figure(seen, "#matches")) == (stuck, waiting)
    used = dict(
        stack.rows(
            "select system, sum(calls) from hub.quota_usage where bucket > now() - interval '24 hours' and system = any(%s) group by 1",
            [["netsuite", "salesforce"]],
        )
    )
    shown = {row[0]: int(row[1].replace("\u202f", "")) for row in seen.table("#quotas")}
    titles = {"netsuite": "NetSuite", "salesforce": "Salesforce"}
    assert shown == {titles[system]: int(calls) for system, calls in used.items()}
    assert shown["Salesforce"] > 0
    [(orders,)] = stack.rows(
        "select count(*) from hub.intent where pairing = %s and flow = 'orders' and entity = 'order' and status = 'done'",
        [PAIRING],
    )
    assert {int(row[1]) for row in seen.table("#latencies")} == {orders}
    assert {row[0]: row[1].split()[0] for row in seen.table("#flows")}["orders"] == "live"


def test_what_is_broken_comes_first_and_leads_to_its_page(seen: Browser, first: FirstRuns) -> None:
    seen.page("overview", "#attention li")
    words = [one.text.split("\n")[0] for one in seen.all("#attention li")]
    gravity = [
        ["now", "soon", "when free"].index(next(w for w in ("now", "soon", "when free") if one.startswith(w)))
        for one in words
    ]
    assert gravity == sorted(gravity)
    assert any("quarantine at plan" in one.text for one in seen.all("#attention li"))
    seen.driver.execute_script(
        "arguments[0].click()", next(one for one in seen.all("#attention a") if "quarantine at plan" in one.text)
    )
    seen.inside("details")


def test_a_run_opens_in_airflow_itself_and_not_in_the_frame(seen: Browser, stack: Stack, first: FirstRuns) -> None:
    seen.page("overview", "#phases tbody tr")
    rows = {row[0]: row for row in seen.table("#phases")}
    assert rows["visibility"][1] == rows["orders"][1] == "done"
    link = next(one for one in seen.all("#phases a") if f"/dags/{PHASE_2}/runs/" in str(one.get_attribute("href")))
    link.click()
    seen.driver.switch_to.default_content()
    seen.see("a[href*='/tasks/check']")
    assert f"/dags/{PHASE_2}/runs/" in seen.driver.current_url
    assert PHASE_1 in str(stack.rows("select id from hub.run"))
