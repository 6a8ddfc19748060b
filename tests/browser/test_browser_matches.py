"""Deciding doubtful pairs as an analyst does: by keys, many at once, and taken back with what was written in sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from crosswalk.model.records import Outcome, Receipt
from crosswalk.platforms import title_of
from tests.browser.chromium import Browser, browser
from tests.pages.conftest import Desk
from tests.pages.desk import CRM, ERP, NOW, deliver, order, run_of
from tests.pages.pairs import keys, make_pairs, take_away
from tests.stack import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAMES = ("Aster", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Gorse", "Hazel")
STATUS = "select status, decided_by from hub.match_candidate where id = %s"


@pytest.fixture(scope="module")
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium of somebody who may decide."""
    url = request.getfixturevalue("desk").url
    with browser(url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.driver.get(f"{url}/theme.js")
        opened.driver.add_cookie({"name": "role", "value": "user"})
        opened.hosts()
        opened.complaints()
        yield opened


@pytest.fixture
def pairs(desk: Desk) -> Iterator[dict[str, int]]:
    """Doubtful pairs of this test's own, the first the surest."""
    with desk.hub.connection() as connection:
        made = make_pairs(connection, NAMES)
    yield made
    with desk.hub.connection() as connection:
        take_away(connection, NAMES)


def on_top(window: Browser) -> str:
    return window.see("#pair table tbody").text


def told(window: Browser) -> str:
    """What the page says was done; nothing while it is loading."""
    return str(window.driver.execute_script("return document.querySelector('[role=status]')?.innerText ?? ''"))


def test_keys_decide_the_pair_on_top_and_the_next_comes_up(
    window: Browser, desk: Desk, pairs: dict[str, int]
) -> None:  # fmt: skip
    window.driver.get(f"{window.url}/matches")
    assert "Aster Foods" in on_top(window)
    assert {"nearly the same name +6.5", "another city -2.0"} <= {tag.text for tag in window.all("#pair .tag")}
    for key, words, next_one in (
        ("s", "1 linked", "Birch"),
        ("d", "1 kept apart", "Cedar"),
        ("k", "1 put off", "Dogwood"),
    ):
        window.see("body").send_keys(key)
        eventually(lambda words=words: told(window) == words, 30, words)
        assert f"{next_one} Foods" in on_top(window)
    assert [desk.rows(STATUS, pairs[name])[0] for name in ("Aster", "Birch", "Cedar")] == [
        ("same", "person:user"), ("different", "person:user"), ("open", None),
    ]  # fmt: skip
    linked = "select count(distinct link_id) from hub.link_end where (system, key) in ((%s, %s), (%s, %s))"
    assert desk.one(linked, CRM, keys("Aster")[0], ERP, keys("Aster")[1]) == 1
    assert [row[1] for row in window.table("form table")][-1].startswith("Cedar")


def test_typing_into_a_field_decides_nothing(window: Browser, desk: Desk, pairs: dict[str, int]) -> None:
    window.driver.get(f"{window.url}/matches")
    window.see("#all").send_keys("s")
    assert desk.one(
        "select count(*) from hub.match_candidate where status = 'open' and id = any(%s)", list(pairs.values())
    ) == len(NAMES)


def test_many_are_decided_at_once_and_no_other(window: Browser, desk: Desk, pairs: dict[str, int]) -> None:
    window.driver.get(f"{window.url}/matches")
    for name in ("Cedar", "Elder"):
        window.see(f"input[type=checkbox][value='{pairs[name]}']").click()
    window.driver.find_element(By.XPATH, "//button[.='Link the chosen']").click()
    eventually(lambda: told(window) == "2 linked", 30, "2 linked")
    window.see("#all").click()
    window.driver.find_element(By.XPATH, "//button[.='The chosen are not the same']").click()
    eventually(lambda: told(window) == "5 kept apart", 30, "5 kept apart")
    verdicts = {name: desk.rows(STATUS, number)[0][0] for name, number in pairs.items()}
    assert verdicts == {
        name: "same" if name in ("Cedar", "Elder") else "open" if name == "Aster" else "different" for name in NAMES
    }


def test_many_are_decided_by_keys_alone(window: Browser, desk: Desk, pairs: dict[str, int]) -> None:
    window.driver.get(f"{window.url}/matches")
    window.see("#pair")

    def press(*pressed: str) -> None:
        for key in pressed:
            window.driver.switch_to.active_element.send_keys(key)

    press(Keys.ARROW_DOWN, "x", Keys.ARROW_DOWN, Keys.ARROW_DOWN, "x", "s")  # the last does nothing within the list
    window.driver.switch_to.active_element.send_keys(Keys.SHIFT + "s")
    eventually(lambda: told(window) == "2 linked", 30, "2 linked")
    press("a")
    window.driver.switch_to.active_element.send_keys(Keys.SHIFT + "k")
    eventually(lambda: told(window) == "5 put off", 30, "5 put off")
    verdicts = {name: desk.rows(STATUS, number)[0][0] for name, number in pairs.items()}
    assert verdicts == {name: "same" if name in ("Birch", "Dogwood") else "open" for name in NAMES}
    assert "Aster Foods" in on_top(window)
    assert [row[1] for row in window.table("#decided")][:2] == ["Dogwood Foods", "Birch Foods"]


def test_a_link_is_undone_with_what_was_written_through_it_in_sight(
    window: Browser, desk: Desk, pairs: dict[str, int]
) -> None:  # fmt: skip
    desk.post(
        "/matches/decide", {"pairing": "netsuite_salesforce", "decision": "same", "match": pairs["Aster"]}, "user"
    )
    crm, erp = keys("Aster")
    wish = order(
        f"WB-{pairs['Aster']}", erp, entity="customer", operation="update", source_system=ERP, source_entity="customer", target_system=CRM,
        target_key=crm, payload={"label": "x", "values": {"ERP_Id__c": erp}, "lines": []},
    )  # fmt: skip
    with desk.hub.connection() as connection:
        deliver(
            connection,
            [wish],
            {wish.key: Receipt(wish.key, Outcome.DONE, native_id=crm)},
            run=run_of(2),
            at=NOW,
            flow="write_back",
        )
        connection.execute(
            "update hub.link set created_at = %s where id = (select link_id from hub.link_end where key = %s)",
            (NOW, crm),
        )
    window.driver.get(f"{window.url}/matches/link?entity=customer&system={CRM}&key={crm}")
    assert [row[:3] for row in window.table("h2 + .scroll table")] == [["update customer", title_of(CRM), crm]]
    window.see("input[name=reason]").send_keys("a branch of its own")
    window.driver.find_element(By.XPATH, "//button[.='Undo this link']").click()
    eventually(lambda: told(window).startswith("Link undone, 1 write"), 30, "the link is undone")
    assert desk.one("select count(*) from hub.link_end where key = %s", crm) == 0
    assert desk.rows(STATUS, pairs["Aster"]) == [("different", "person:user")]
    window.driver.back()
    window.driver.refresh()
    assert "Not linked" in window.see("main").text


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (1920, "light"), (1920, "dark")])
def test_the_page_fits_follows_the_theme_and_asks_only_its_own_server(
    window: Browser, pairs: dict[str, int], width: int, theme: str
) -> None:
    window.size(width, 1000)
    window.complaints()
    window.driver.get(f"{window.url}/matches")
    window.see("#pair")
    window.driver.execute_script("document.documentElement.className = arguments[0]", theme)
    assert ("255" in window.background()) == (theme == "light")
    assert not window.overflows()
    assert window.hosts() == {window.url.removeprefix("http://").partition("/")[0]}
    assert [line for line in window.complaints() if "favicon" not in line] == []
