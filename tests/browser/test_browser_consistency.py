"""The consistency pages as an analyst's browser shows them: sizes, themes, filters, drill-down, downloads, and no other host."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import openpyxl
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from crosswalk.hub.database import Hub
from tests.browser.chromium import Browser, browser
from tests.quality.conftest import checked, pages  # noqa: F401 - fixtures, found by name
from tests.stack import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGES = {
    "/consistency": "#checks tbody tr",
    "/consistency?entity=contact&days=7": "#checks tbody tr",
    "/consistency/check?check=customer_fields": "#rows tbody tr",
    "/consistency/record?row={row}": "#sides tbody tr",
}


@pytest.fixture(scope="module")
def hub(request: pytest.FixtureRequest) -> Hub:
    """The checked hub."""
    found: Hub = request.getfixturevalue("checked")
    return found


@pytest.fixture(scope="module")
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all."""
    url = request.getfixturevalue("pages")
    with browser(url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.driver.get(f"{url}/theme.js")
        opened.hosts()
        yield opened


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_in_either_theme_and_asks_only_its_own_server(
    window: Browser,
    hub: Hub,
    path: str,
    width: int,
    theme: str,
) -> None:
    with hub.connection() as connection:
        row = connection.execute(
            "select min(id) from hub.check_violation where check_id = 'customer_fields'"
        ).fetchone()
    assert row is not None
    window.size(width, 1000)
    window.driver.get(window.url + path.format(row=row[0]))
    window.see(PAGES[path])
    window.driver.execute_script("document.documentElement.className = arguments[0]", theme)
    assert ("255" in window.background()) == (theme == "light")
    assert not window.overflows()
    assert window.hosts() <= {window.url.removeprefix("http://")}
    assert [line for line in window.complaints() if "favicon" not in line] == []


def test_a_filter_is_chosen_and_a_row_is_followed_down_to_both_records(window: Browser, hub: Hub) -> None:
    window.size(1280)
    window.driver.get(f"{window.url}/consistency")
    Select(window.see("select[name=entity]")).select_by_value("customer")
    window.see("#filter button").click()
    with hub.connection() as connection:
        titles = [
            title for (title,) in connection.execute("select title from hub.check_result where entity = 'customer'")
        ]
    eventually(
        lambda: sorted(row[1] for row in window.table("#checks")) == sorted(titles), 30, "only the customers' checks"
    )
    window.driver.find_element(By.CSS_SELECTOR, "#checks a").click()
    window.see("#rows tbody td a").click()
    assert window.see("tr.differs td").text == "name"


def test_both_files_of_a_check_hold_what_sql_finds(window: Browser, hub: Hub) -> None:
    window.driver.get(f"{window.url}/consistency/check?check=contact_duplicates")
    for words in ("CSV", "Excel"):
        window.driver.find_element(By.PARTIAL_LINK_TEXT, words).click()
    text = eventually(lambda: next(window.downloads.glob("*.csv"), None), 30, "the CSV is downloaded")
    book = eventually(lambda: next(window.downloads.glob("*.xlsx"), None), 30, "the workbook is downloaded")
    with text.open(newline="", encoding="utf-8") as lines:
        in_csv = [line["record"] for line in csv.DictReader(lines)]
    head, *rows = openpyxl.load_workbook(book).active.iter_rows(values_only=True)
    with hub.connection() as connection:
        asked = [
            name
            for (name,) in connection.execute(
                "select detail ->> 'record' from hub.check_violation where check_id = 'contact_duplicates' order by id"
            )
        ]
    assert in_csv == [row[head.index("record")] for row in rows] == asked
