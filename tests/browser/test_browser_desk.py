"""Quarantine, ledger and runbooks as Chromium shows them: sizes, themes, no other host, no complaint, and a person at work with the mouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import Browser, browser
from tests.pages.conftest import Desk
from tests.pages.desk import CRM, ERP, ago, refuse_order, run_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium whose user is on call."""
    url = request.getfixturevalue("desk").url
    with browser(url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.driver.get(f"{url}/theme.js")
        opened.driver.add_cookie({"name": "role", "value": "op"})
        opened.hosts()
        opened.complaints()
        yield opened


def addresses(desk: Desk) -> dict[str, str]:
    """Every kind of page, with what has to show on it."""
    refused = desk.one("select id from hub.quarantine where key = '006order1'")
    evil = desk.one("select id from hub.quarantine where key like '006evil%'")
    at = ago(hours=3).isoformat().replace("+", "%2B")
    return {
        "/quarantine": "details.cause",
        "/quarantine/cause?stage=plan&error_class=validation": "table.items tbody tr",
        f"/quarantine/item/{refused}": "#payload input",
        f"/quarantine/item/{evil}": "#outlook",
        "/ledger": "#runs tbody tr",
        f"/ledger/record?system={CRM}&entity=deal&key=006done&field=counterpart_key": "#why dd",
        f"/ledger/record?system={ERP}&entity=customer&key=501&at={at}": "#values tbody tr",
        f"/ledger/run?run={run_of(2)}": "#summary a",
        "/runbook": "article li",
        "/runbook/rate_limit?stage=pull": "article ol li",
    }


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (1920, "light"), (1920, "dark")])
def test_every_page_fits_follows_the_theme_and_asks_only_its_own_server(
    window: Browser, desk: Desk, width: int, theme: str
) -> None:  # fmt: skip
    window.size(width, 1000)
    for path, what in addresses(desk).items():
        window.driver.get(window.url + path)
        window.see(what)
        window.driver.execute_script("document.documentElement.className = arguments[0]", theme)
        assert ("255" in window.background()) == (theme == "light"), path
        assert not window.overflows(), path
    assert window.hosts() == {window.url.removeprefix("http://").partition("/")[0]}
    assert [line for line in window.complaints() if "favicon" not in line] == []


def test_a_value_is_corrected_and_replayed_with_the_mouse(window: Browser, desk: Desk) -> None:
    with desk.hub.connection() as connection:
        item = refuse_order(connection, "SF-OPP-M-R1", "006mouse", run=run_of(2))
    window.driver.get(f"{window.url}/quarantine?text=006mouse")
    window.see(f"a[href$='/quarantine/item/{item}']").click()
    field = window.see("input[name='field:values.memo']")
    field.clear()
    field.send_keys("Mended <b>by hand</b>")
    window.see("#payload button[value=false]").click()
    assert "Your values were stored" in window.see("[role=status]").text
    assert (
        desk.one("select payload -> 'values' ->> 'memo' from hub.intent where key = 'SF-OPP-M-R1'")
        == "Mended <b>by hand</b>"
    )
    assert "waits for a run" in window.see("main").text
    assert next(row for row in window.table("table.entries") if row[1] == "edited")[3].startswith("op")


def test_a_cause_is_given_an_owner_and_closed_with_a_reason(window: Browser, desk: Desk) -> None:
    open_ = "select count(*) from hub.quarantine where status = 'open' and error_class = 'not_found'"
    assert desk.one(open_) == 3
    window.driver.get(f"{window.url}/quarantine?error_class=not_found")
    window.see("input[name=owner]").send_keys("olga")
    window.driver.find_element(By.XPATH, "//button[.='Assign']").click()
    assert "3 records assigned" in window.see("[role=status]").text
    assert desk.one(f"{open_} and owner = 'olga'") == 3
    window.driver.get(f"{window.url}/quarantine?error_class=not_found")
    window.driver.find_element(By.XPATH, "//button[.='Close']").click()  # without a reason the browser does not send it
    assert desk.one(open_) == 3
    window.see("details input[name=reason]").send_keys("prototypes are not sold")
    window.driver.find_element(By.XPATH, "//button[.='Close']").click()
    assert "3 records closed" in window.see("[role=status]").text
    assert desk.one(open_) == 0


def test_from_a_value_to_the_run_and_the_record_it_came_from(window: Browser, desk: Desk) -> None:
    window.driver.get(f"{window.url}/ledger")
    window.see("input[name=key]").send_keys("006done")
    window.see("select[name=entity] option[value=deal]").click()
    window.see("main form button").click()
    window.see("tr[data-field=counterpart_key] a").click()
    assert "Crosswalk wrote it" in window.see("#why").text
    window.see("#why a[href*='/ledger/run']").click()
    assert run_of(1) in window.see("header").text
    window.driver.back()
    window.see("#why dd a").click()
    assert "order" in window.see("header").text
    assert "9001" in window.see("header").text
