"""Every figure of the first page, asked of the hub by SQL of the test's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from crosswalk.hub import ledger
from crosswalk.hub.checks import CheckOutcome, store_outcomes
from crosswalk.hub.matches import Proposal, propose
from crosswalk.hub.quarantine import put as quarantined
from crosswalk.model.errors import ConflictError
from crosswalk.model.records import Outcome, Receipt
from crosswalk_airflow.ui.wording import duration
from crosswalk_airflow.ui.wording import flow as words_of
from tests.pages.conftest import Desk
from tests.pages.desk import CRM, ERP, NOW, PAIRING, ago, deliver, order, run_of

THIN = "\u202f"
_LATEST = (
    "(select run_id from hub.check_result where pairing = 'netsuite_salesforce' order by measured_at desc limit 1)"
)
_OPEN = "pairing = 'netsuite_salesforce' and status = 'open'"


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, html.HtmlElement]]:
    """The page, while some of everything that it counts is there."""
    desk: Desk = request.getfixturevalue("desk")
    with desk.hub.connection() as connection:
        before = ago(hours=1)
        for place, run in enumerate(("checks/old", "checks/new")):
            outcomes = [
                CheckOutcome("totals", "Totals", "critical", 7 - place, 1234, success=False, entity="order"),
                CheckOutcome("names", "Names", "warning", 3000, 2500, success=False, entity="customer"),
                CheckOutcome("keys", "Keys", "warning", 0, 40 + place, success=True, entity="deal"),
            ]
            store_outcomes(
                connection, pairing=PAIRING, run_id=run, outcomes=outcomes, now=before + timedelta(minutes=place)
            )
        for number in range(2):
            quarantined(connection, pairing=PAIRING, system=CRM, entity="product", key=f"both {number}", stage="plan",
                        error=ConflictError("Both changed it."))  # fmt: skip
        for entity, count in (("customer", 3), ("product", 1)):
            pairs = [Proposal(f"l{n}", f"r{n}", 4.0, "near", ()) for n in range(count)]
            propose(connection, PAIRING, entity, (CRM, ERP), pairs, run_of(1))
        for hours, calls in ((2, 61_234), (30, 999_999)):
            connection.execute(
                "insert into hub.quota_usage values (%s, %s, %s)", (CRM, NOW - timedelta(hours=hours), calls)
            )
        for number, seconds in enumerate((40, 90, 400, 7_000)):
            won, key = ago(hours=3), f"FAST-{number}"
            told = ledger.Entry("observed", None, "r", system=CRM, entity="deal", key=f"006fast{number}")
            ledger.write(connection, [told], now=won + timedelta(seconds=10))
            wish = order(key, f"006fast{number}", source_version=won.isoformat())
            done = {key: Receipt(key, Outcome.DONE, native_id=f"99{number}")}
            deliver(connection, [wish], done, run=run_of(1), at=won + timedelta(seconds=20))
            connection.execute(
                "update hub.intent set finished_at = %s where key = %s", (won + timedelta(seconds=seconds), key)
            )
        parents = [order(f"WAITS-{n}", f"006wait{n}") for n in range(2)]
        deliver(
            connection, [*parents, order("WAITS-child", "006wait2", depends_on="WAITS-0")], {}, run=run_of(1), at=before
        )
        connection.execute(
            "update hub.intent set status = 'held', held_reason = 'gate', lease_until = null where key in ('WAITS-0', 'WAITS-1')"
        )
    yield desk, desk.page("/overview", pairing=PAIRING)
    with desk.hub.connection() as connection:
        connection.execute("delete from hub.check_result where run_id like 'checks/%%'")
        connection.execute("delete from hub.quarantine where key like 'both %%'")
        connection.execute("delete from hub.match_candidate where left_key like 'l_'")
        connection.execute("delete from hub.quota_usage")
        connection.execute("delete from hub.intent where key like 'FAST-%%' or key like 'WAITS-%%'")


def rows(shown: html.HtmlElement, table: str) -> list[list[str]]:
    found = shown.xpath(f"//table[@id='{table}']/tbody/tr")
    return [[" ".join(cell.text_content().replace(THIN, "").split()) for cell in row.xpath("td")] for row in found]


def tile(shown: html.HtmlElement, name: str) -> str:
    return str(shown.get_element_by_id(name).text_content()).replace(THIN, "")


def test_the_tiles_say_what_sql_says(seen: tuple[Desk, html.HtmlElement]) -> None:
    desk, shown = seen
    score = desk.one(f"select 100.0 * (1 - sum(least(violations, population))::numeric / sum(population)) from hub.check_result where run_id = {_LATEST}")  # fmt: skip
    assert float(tile(shown, "score").removesuffix("%").strip()) == pytest.approx(float(score), abs=0.006)
    asked = {
        "conflicts": f"select count(*) from hub.quarantine where {_OPEN} and ignored_at is null and error_class = 'conflict'",
        "quarantined": f"select count(*) from hub.quarantine where {_OPEN} and ignored_at is null and error_class <> 'conflict'",
        "matches": f"select count(*) from hub.match_candidate where {_OPEN}",
    }
    counted = {name: desk.one(query) for name, query in asked.items()}
    assert {name: int(tile(shown, name)) for name in asked} == counted
    assert min(counted.values()) > 1


def test_what_needs_attention_is_all_there_is_with_its_numbers(seen: tuple[Desk, html.HtmlElement]) -> None:
    desk, shown = seen
    told = [
        one.replace(THIN, "") for one in shown.xpath("//ul[@id='attention']//a[not(contains(@class, 'soft'))]/text()")
    ]
    for stage, kind, count in desk.rows(f"select stage, error_class, count(*) from hub.quarantine where {_OPEN} and ignored_at is null and error_class <> 'conflict' group by 1, 2"):  # fmt: skip
        words = f"{count} record{'s' if count != 1 else ''} in quarantine at {stage}: {kind.replace('_', ' ')}"
        assert words in told
    for entity, count in desk.rows(f"select entity, count(*) from hub.match_candidate where {_OPEN} group by 1"):
        assert any(one.startswith(f"{count} pair") and f"of {entity}s " in one for one in told), entity
    for title, wrong in desk.rows(
        f"select title, violations from hub.check_result where not success and run_id = {_LATEST}"
    ):
        assert f"{title}: {wrong} differences" in told
    assert "2 conflicts that only a person can decide" in told
    troubles = [one for one in told if "in quarantine at" in one]
    asked = desk.one(f"select count(*) from (select 1 from hub.quarantine where {_OPEN} and ignored_at is null and error_class <> 'conflict' group by stage, error_class) g")  # fmt: skip
    assert len(troubles) == asked


def test_flows_waits_and_calls_say_what_sql_says(seen: tuple[Desk, html.HtmlElement]) -> None:
    desk, shown = seen
    waiting = desk.rows("select flow, status, count(*) from hub.intent where status not in ('done', 'rejected', 'shadowed') group by 1, 2")  # fmt: skip
    under_way: dict[str, dict[str, int]] = {}
    for flow, *_, told in rows(shown, "flows"):
        found = {name: int(count) for count, name in re.findall(r"(\d+) ([a-z ]+)", told)}
        under_way |= {flow: found} if found else {}
    asked: dict[str, dict[str, int]] = {}
    for flow, status, count in waiting:
        asked.setdefault(words_of(flow), {})[status.replace("_", " ")] = count
    assert under_way == asked
    by_flow: dict[str, int] = {}
    for flow, _, count, *_ in rows(shown, "waits"):
        by_flow[flow] = by_flow.get(flow, 0) + int(count)
    assert by_flow == {flow: sum(found.values()) for flow, found in asked.items()} != {}
    used = dict(desk.rows("select system, sum(calls)::int from hub.quota_usage where bucket > now() - interval '24 hours' group by 1"))  # fmt: skip
    assert {name: int(count) for name, count, *_ in rows(shown, "quotas")} == {"Salesforce": used[CRM], "NetSuite": 0}


def test_runs_and_latencies_say_what_sql_says(seen: tuple[Desk, html.HtmlElement]) -> None:
    desk, shown = seen
    done = "select source_version, finished_at from hub.intent where flow = 'orders' and entity = 'order' and operation = 'create' and status = 'done'"
    spread = "select count(*), percentile_disc(0.5) within group (order by s), percentile_disc(0.95) within group (order by s), max(s) from"
    [since_won] = desk.rows(f"{spread} (select extract(epoch from finished_at - source_version::timestamptz)::float s from ({done}) d where source_version ~ '^20') t")  # fmt: skip
    seen_at = "select i.finished_at, coalesce((select max(l.at) from hub.ledger l where l.key = i.source_key and l.entity = 'deal' and l.kind = 'observed' and l.at <= i.created_at), i.created_at) as at from hub.intent i"  # fmt: skip
    [in_crosswalk] = desk.rows(f"{spread} (select greatest(0, extract(epoch from finished_at - at))::float s from ({seen_at} where i.flow = 'orders' and i.entity = 'order' and i.operation = 'create' and i.status = 'done') d) t")  # fmt: skip
    asked = [[str(one[0]), *(duration(s).replace(THIN, "") for s in one[1:])] for one in (since_won, in_crosswalk)]
    assert [row[1:] for row in rows(shown, "latencies")] == asked
    assert since_won[1] == 90
    last: dict[str, Any] = dict(desk.rows("select phase, count(*) from hub.run where pairing = %s group by 1", PAIRING))
    assert {f"phase_2_{row[0]}" for row in rows(shown, "phases") if "has not run yet" not in row[1]} >= set(last)
