"""What is shown, downloaded and read in notebooks equals what SQL counts; nothing in a file is a formula; notebooks cannot write."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.hub.checks import CheckResult, let_go_of_violations, stored_violations, violation
from crosswalk.hub.database import Hub
from crosswalk.model.errors import ConfigurationError
from crosswalk.quality.checks import checks_of
from crosswalk.quality.drill import behind
from crosswalk.quality.frames import Frames
from crosswalk.quality.report import advice, entity_scores, latest_checks, losses, score_of, trend
from crosswalk.quality.tables import Table, as_csv, as_workbook, defused, failing_rows, summary
from tests.quality.company import MAPPINGS, NAME, SHIPPED

_SCORE = """select {0} 100.0 * (1 - sum(least(violations, population)) / sum(population)), sum(population)::bigint, sum(least(violations, population))::bigint
    from hub.check_result where run_id = 'r1' {1}"""


@pytest.fixture
def hub(checked: Hub) -> Hub:
    """The checked hub."""
    return checked


def test_scores_of_pairing_and_entities_equal_an_independent_count(hub: Hub) -> None:
    with hub.connection() as connection:
        checks = latest_checks(connection, NAME)
        whole = connection.execute(_SCORE.format("", "").encode()).fetchone()
        by_entity = connection.execute(
            _SCORE.format("entity,", "group by 1 having sum(population) > 0").encode()
        ).fetchall()
        (point,) = trend(connection, NAME)
        (of_contacts,) = trend(connection, NAME, entity="contact")
    assert whole is not None
    assert score_of(checks) == pytest.approx(float(whole[0])) == pytest.approx(point.score)
    shown = {one.entity: (one.score, one.compared, one.out_of_order) for one in entity_scores(checks) if one.compared}
    assert shown == {entity: (pytest.approx(float(score)), of, wrong) for entity, score, of, wrong in by_entity}
    assert of_contacts.score == shown["contact"][0]


def test_what_each_check_costs_is_all_that_is_missing_and_the_largest_is_named(hub: Hub) -> None:
    with hub.connection() as connection:
        checks = latest_checks(connection, NAME)
        worst = connection.execute(
            "select title, violations from hub.check_result where run_id = 'r1' order by least(violations, population) desc limit 1"
        ).fetchone()
    found = losses(checks)
    assert sum(loss.points for loss in found) == pytest.approx(100 - (score_of(checks) or 0))
    assert sum(loss.share for loss in found) == pytest.approx(100)
    assert worst is not None
    assert f"“{worst[0]}” would raise the score most: its {worst[1]} differences" in advice(found)
    mended = score_of(check for check in checks if check.check_id != found[0].check.check_id)
    assert mended is not None
    assert advice([]) == "Nothing keeps the score down."


def test_filters_narrow_to_what_they_name(hub: Hub) -> None:
    with hub.connection() as connection:
        assert {one.entity for one in latest_checks(connection, NAME, entity="contact")} == {"contact"}
        assert {one.severity for one in latest_checks(connection, NAME, severity="critical")} == {"critical"}
        assert [one.check_id for one in latest_checks(connection, NAME, check="order_totals")] == ["order_totals"]
        assert trend(connection, NAME, check="nobody") == []


def test_a_trend_is_the_last_run_of_each_slice_and_ends_where_the_period_does(hub_dsn: str) -> None:
    hub = Hub(hub_dsn)
    with hub.connection() as connection:
        connection.execute(
            """insert into hub.check_result (pairing, run_id, check_id, title, severity, violations, population, score, success, measured_at, entity)
               select %s, 'run' || n, 'c', 'C', 'info', n, 1000, 0, false, now() - make_interval(mins => n * 10), 'deal' from generate_series(0, 4999) n""",
            (NAME,),
        )
        points = trend(connection, NAME, days=30)
        oldest = connection.execute("select now() - interval '30 days'").fetchone()
    hub.close()
    assert oldest is not None
    assert 100 <= len(points) <= 121
    assert points[-1].score == 100.0
    assert all(point.measured_at >= oldest[0] for point in points)
    assert [one.measured_at for one in points] == sorted(one.measured_at for one in points)


def test_a_trend_is_there_within_the_first_hour(hub: Hub) -> None:
    with hub.connection() as connection:
        connection.execute(
            """insert into hub.check_result (pairing, run_id, check_id, title, severity, violations, population, score, success, measured_at, entity)
               select 'young', 'run' || n, 'c', 'C', 'info', n, 10, 0, false, now() - make_interval(mins => n * 10), 'deal' from generate_series(0, 3) n"""
        )
        assert [point.score for point in trend(connection, "young", days=30)] == [70.0, 80.0, 90.0, 100.0]


def test_a_failing_row_leads_to_both_records_and_hides_finance_fields(hub: Hub) -> None:
    known = {check.check_id: check for check in checks_of(SHIPPED, MAPPINGS)}
    with hub.connection() as connection:
        rows = stored_violations(connection, NAME, "r1", "customer_fields")
        one = next(row for row in rows if row.detail["crm_key"] == "a1")
        assert violation(connection, NAME, one.id) == one
        seen = behind(connection, SHIPPED, known["customer_fields"], one)
        (late,) = stored_violations(connection, NAME, "r1", "contact_duplicates", limit=1)
        alone = behind(connection, SHIPPED, known["contact_duplicates"], late)
    assert seen.crm is not None
    assert seen.erp is not None
    assert (seen.crm.key, seen.erp.key, seen.linked_by) == ("a1", "c1", "seed")
    lines = {line.field: (line.crm, line.erp, line.verdict) for line in seen.lines}
    assert lines["name"] == ("Customer 1 Ltd.", "Other", "differs")
    assert lines["currency"] == ("EUR", "EUR", "equal")
    assert "balance" not in lines
    assert alone.crm is not None
    assert alone.erp is not None
    assert {alone.crm.key[1:]} == {alone.erp.key[1:]}


def test_files_hold_what_sql_finds_and_nothing_a_spreadsheet_would_run(hub: Hub) -> None:
    with hub.connection() as connection:
        rows = stored_violations(connection, NAME, "r1", "customer_fields")
        asked = connection.execute(
            """select v.detail ->> 'crm_key', v.detail ->> 'erp_key', d.key, d.value ->> 0, d.value ->> 1
               from hub.check_violation v, jsonb_each(v.detail -> 'differences') d where v.run_id = 'r1' and v.check_id = 'customer_fields' order by v.id, d.key"""
        ).fetchall()
    table = failing_rows(SHIPPED, "customer_fields", rows)
    names = ("salesforce_key", "netsuite_key", "field", "salesforce", "netsuite")
    in_csv = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert [tuple(line[name].removeprefix("'") or None for name in names) for line in in_csv] == asked
    assert any(line["salesforce"].startswith("'=HYPERLINK") for line in in_csv)
    sheet = openpyxl.load_workbook(io.BytesIO(as_workbook([table])))["customer_fields"]
    head, *lines = sheet.iter_rows()
    places = {cell.value: place for place, cell in enumerate(head)}
    assert [tuple(line[places[name]].value for name in names) for line in lines] == asked
    assert {cell.data_type for line in lines for cell in line} <= {"s", "n"}


def test_the_reports_file_has_the_figures_of_the_page(hub: Hub) -> None:
    with hub.connection() as connection:
        checks, points = latest_checks(connection, NAME), trend(connection, NAME)
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(summary(SHIPPED, checks, points))))
    assert book.sheetnames == ["Checks", "Entities", "Trend"]
    figures = {row[2]: (row[5], row[6]) for row in book["Checks"].iter_rows(min_row=2, values_only=True)}
    assert figures == {one.check_id: (one.violations, one.population) for one in checks}


@given(st.text(st.sampled_from("=+-@\t\r\n |1.eE'x(＝＋"), max_size=8))
def test_text_is_never_taken_for_a_formula_and_never_lost(text: str) -> None:
    harmless = defused(text)
    assert harmless in (text, f"'{text}")
    if text[:1] in tuple("\t\r\n"):
        assert harmless == f"'{text}"
    if harmless == text and text.strip()[:1] in tuple("=+-@|＝＋"):
        assert Decimal(text).is_finite()


def test_numbers_stay_numbers() -> None:
    table = Table("t", ("amount", "count", "yes", "none"), ((Decimal("-12.50"), -3, True, None),))
    assert as_csv(table).splitlines()[1] == "-12.50,-3,True,"
    (_, line) = openpyxl.load_workbook(io.BytesIO(as_workbook([table])))["t"].iter_rows(values_only=True)
    assert line == (-12.5, -3, True, None)


def test_rows_are_let_go_of_after_so_many_runs_and_results_are_not(hub_dsn: str) -> None:
    hub = Hub(hub_dsn)
    with hub.connection() as connection:
        for number in range(4):
            connection.execute(
                f"""insert into hub.check_result (pairing, run_id, check_id, title, severity, violations, population, score, success, measured_at, entity)
                    values ('{NAME}', 'r{number}', 'c', 'C', 'info', 1, 2, 50, false, now() + make_interval(mins => {number}), 'deal')""".encode()
            )
            connection.execute(
                f"insert into hub.check_violation (run_id, pairing, check_id, detail) values ('r{number}', '{NAME}', 'c', '{{}}')".encode()
            )
        assert let_go_of_violations(connection, NAME, keep_runs=2) == 2
        kept = connection.execute("select array_agg(run_id order by run_id) from hub.check_violation").fetchone()
        assert kept == (["r2", "r3"],)
        assert len(trend(connection, NAME)) == 4
    hub.close()


# --- Notebooks ------------------------------------------------------------------------------------


def test_frames_hold_what_sql_counts(hub: Hub) -> None:
    frames = Frames(hub, SHIPPED)
    with hub.connection() as connection:
        asked = connection.execute(
            "select check_id, violations, population from hub.check_result where run_id = 'r1'"
        ).fetchall()
        linked = connection.execute("select count(*) from hub.link where entity = 'deal_order'").fetchone()
    scores = frames.scores()
    assert {tuple(row) for row in scores[["check", "violations", "population"]].to_numpy().tolist()} == set(asked)
    assert scores["points_lost"].is_monotonic_decreasing
    assert scores["share_of_loss"].sum() == pytest.approx(100)
    for check, wrong, _ in asked:
        if check != "customer_fields":
            assert len(frames.violations(check)) == wrong, check
    assert set(frames.violations("customer_fields")["field"]) == {"name", "phone"}
    deals = frames.entity("deal")
    assert (int(deals["linked"].sum()),) == linked
    assert deals["amount_salesforce"].tolist() == [Decimal("100.00")] * 3
    assert list(frames.entities().columns)[:2] == ["entity", "score"]
    assert len(frames.trend(days=1)) == 1


def test_frames_leave_finance_fields_out_unless_the_pairing_allows_them(hub: Hub) -> None:
    columns = set(Frames(hub, SHIPPED).entity("customer").columns)
    assert not {name for name in columns if name.startswith(("balance", "credit_limit", "overdue", "extras"))}
    allowed = SHIPPED.model_copy(
        update={"checks": SHIPPED.checks.model_copy(update={"finance_fields": ("customer.balance",)})}
    )
    shown = Frames(hub, allowed).entity("customer")
    assert shown.loc[shown["key_netsuite"] == "c2", "balance_netsuite"].tolist() == [Decimal("123.45")]
    assert not {name for name in shown.columns if name.startswith(("credit_limit", "overdue"))}


def test_frames_cannot_write(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Frames, "_joined", lambda *_: "delete from hub.contact returning key")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        Frames(hub, SHIPPED).entity("contact")


def test_what_is_not_there_is_a_sentence(hub: Hub) -> None:
    frames = Frames(hub, SHIPPED)
    with pytest.raises(ConfigurationError, match="'nobody' was not run"):
        frames.violations("nobody")
    with pytest.raises(ConfigurationError, match="'nobody' is no entity"):
        frames.entity("nobody")


def test_a_check_that_could_not_run_costs_nothing_and_is_not_in_order() -> None:
    def result(check: str, wrong: int, of: int, error: str | None = None) -> CheckResult:
        now = datetime.now(UTC)
        return CheckResult(NAME, "r", check, check, "info", wrong, of, Decimal(0), error is None, error, now, "deal")

    checks = [result("a", 30, 10), result("b", 5, 90), result("c", 0, 0, "no such table")]
    assert score_of(checks) == pytest.approx(85.0)
    assert [(one.check.check_id, one.points) for one in losses(checks)] == [("a", 10.0), ("b", 5.0)]
    (entity,) = entity_scores(checks)
    assert (entity.failed, entity.out_of_order) == (1, 15)
    assert score_of(checks[2:]) is None
