"""Our pages inside Airflow's screens, as an analyst and on-call see them."""

from __future__ import annotations

import re

import pytest
import requests
from selenium.webdriver.common.by import By

from tests.airflow.first_runs import FirstRuns
from tests.browser.chromium import Browser
from tests.stack import PHASE_1, PHASE_2, Stack

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1200)]

PAGES = {
    "consistency": "#checks tbody tr",
    "quarantine": "details",
    "ledger": "#runs tbody tr",
    "runbook": "article li",
}
PAIRING = "netsuite_salesforce"


@pytest.mark.parametrize(
    "page", [*PAGES, "consistency/check?check=customer_counts", "consistency/check.csv", "theme.js", "health"]
)
def test_nothing_is_shown_to_who_is_not_signed_in(stack: Stack, page: str) -> None:
    answer = requests.get(f"{stack.url}/crosswalk/{page}", timeout=30)
    assert answer.status_code == 401
    assert PAIRING not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_may_read_every_page_and_the_page_forbids_strangers_scripts(
    stack: Stack, first: FirstRuns, page: str
) -> None:
    answer = stack.airflow_as("viewer").send("GET", f"/crosswalk/{page}")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_follows_the_theme_and_asks_only_our_own_server(
    seen: Browser, stack: Stack, page: str, width: int, theme: str
) -> None:
    seen.size(width, 1000)
    seen.theme(theme)
    seen.page(page, PAGES[page])
    shade = [int(part) for part in re.findall(r"\d+", seen.background())[:3]]
    assert (sum(shade) > 600) == (theme == "light")
    assert not seen.overflows()
    assert seen.hosts() == {stack.url.removeprefix("http://")}
    assert seen.complaints() == []


def test_the_report_shows_the_score_and_every_check_as_the_hub_has_them(seen: Browser, stack: Stack) -> None:
    seen.page("consistency", "#checks tbody tr")
    run = "(select run_id from hub.check_result order by measured_at desc limit 1)"
    checks = stack.rows(f"select title, severity, violations, population from hub.check_result where run_id = {run}")
    shown = {row[1]: (row[2], int(row[3]), int(row[4].replace("\u202f", ""))) for row in seen.table("#checks")}
    assert shown == {title: (severity, bad, of) for title, severity, bad, of in checks}
    [(score,)] = stack.rows(
        f"select 100.0 * (1 - sum(least(violations, population)) / sum(population)) from hub.check_result where run_id = {run}"
    )
    assert float(seen.see("#score").text.removesuffix("%").strip()) == pytest.approx(float(score), abs=0.01)


def test_the_failing_row_counts_the_customers_that_are_there(stack: Stack, first: FirstRuns) -> None:
    stack.airflow.run(PHASE_1)  # it alone counts customers: phase 2 takes its figures over
    [(detail,)] = stack.rows(
        "select detail from hub.check_violation where check_id = 'customer_counts' and run_id = "
        "(select run_id from hub.check_result order by measured_at desc limit 1)"
    )
    living = dict(
        stack.rows(
            "select system, count(*) from hub.customer c where deleted_at is null and (counterpart_key is not null or exists"
            " (select 1 from hub.link_end e where e.entity = 'customer' and e.system = c.system and e.key = c.key)) group by 1"
        )
    )
    assert (detail["crm_records"], detail["erp_records"]) == (living["salesforce"], living["netsuite"])
    assert detail["crm_records"] - detail["erp_records"] >= 3


def test_a_group_of_the_quarantine_opens_and_says_what_to_do(seen: Browser, stack: Stack, first: FirstRuns) -> None:
    seen.page("quarantine", "details")
    group = seen.all("details")[-1]
    if group.get_attribute("open") is None:
        group.find_element(By.TAG_NAME, "summary").click()
    shown = group.find_element(By.TAG_NAME, "tbody").text
    assert re.search(r"006\w{15}", shown)
    for deal, cause in first.blocked.items():
        found = stack.airflow_as("viewer").send("GET", "/crosswalk/quarantine", text=deal)
        assert f"<code>{deal}</code>" in found.text
        assert cause in found.text


@pytest.mark.parametrize(
    ("button", "what", "shows"),
    [
        ("Consistency report", "#score", "%"),
        ("Quarantine", "details", "no product lines"),
        ("Ledger", "table.entries tbody tr", "What the run did"),
        ("Runbook", "h1#deliver", "deliver"),
    ],
)
def test_a_tasks_buttons_lead_to_the_pages(seen: Browser, first: FirstRuns, button: str, what: str, shows: str) -> None:
    seen.open(f"/dags/{PHASE_2}/runs/{first.orders}/tasks/deliver_orders/details")
    link = seen.see(f"a[href*='/plugin/{button.split()[0].lower()}']")
    assert button in link.text
    address = str(link.get_attribute("href"))
    seen.driver.get(address)
    seen.inside(what)
    assert shows in seen.see("main").text
    if button == "Quarantine":
        assert "Only those of one run" in seen.see("main").text


def test_the_grid_of_either_phase_is_shown_without_a_complaint(seen: Browser, first: FirstRuns) -> None:
    for dag, run in ((PHASE_1, first.visibility), (PHASE_2, first.orders)):
        seen.open(f"/dags/{dag}/runs/{run}")
        seen.see("a[href*='/tasks/check']")
    assert seen.complaints() == []


def test_a_pairing_that_does_not_exist_is_a_sentence_not_an_error(stack: Stack) -> None:
    answer = stack.airflow_as("viewer").send("GET", "/crosswalk/consistency", pairing="nobody")
    assert answer.status_code == 404
    assert "There is no pairing nobody" in answer.text
    assert stack.airflow_as("viewer").send("GET", "/crosswalk/consistency", pairing="<script>").status_code == 422
