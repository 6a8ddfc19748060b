"""How well the two systems of a pairing agree: scores, what keeps them down, trends, and each failing row down to both records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from crosswalk.platforms import title_of
from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.ui.common import HEADERS, READS, Name, PageError, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk.hub.checks import CheckResult, Violation
    from crosswalk.hub.database import Connection
    from crosswalk.pairing import Pairing
    from crosswalk.quality.checks import Check
    from crosswalk.quality.tables import Table

router = APIRouter(dependencies=READS)

PERIODS = {1: "day", 7: "week", 30: "month", 90: "quarter", 365: "year"}
PAGE = 100
_COUNTED = ("customer", "contact", "product", "deal", "order", "invoice")
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Days = Annotated[Literal["1", "7", "30", "90", "365"], Query()]
Severity = Annotated[Literal["", "info", "warning", "critical"], Query()]
From = Annotated[int, Query(ge=0, le=10_000_000)]


class Narrowing(TypedDict):
    """What reads of checks and trends are narrowed by; empty lets everything through."""

    entity: str
    severity: str
    check: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is narrowed to."""

    entity: str
    severity: str
    check: str
    days: int

    @property
    def query(self) -> str:
        """The filter as the end of an address."""
        return urlencode(asdict(self))

    @property
    def narrows(self) -> Narrowing:
        """The filter for a read."""
        return {"entity": self.entity, "severity": self.severity, "check": self.check}

    def of(self, entity: str) -> Narrowing:
        """The filter for one entity's trend."""
        return {"entity": entity, "severity": self.severity, "check": self.check}


def _asked(entity: Name = None, severity: Severity = "", check: Name = None, days: Days = "30") -> Asked:
    return Asked(entity or "", severity, check or "", int(days))


Filter = Annotated[Asked, Depends(_asked)]


@router.get("/consistency")
def consistency(request: Request, asked: Filter, pairing: Name = None) -> HTMLResponse:
    """Show how well the two systems of a pairing agree."""
    return page(request, "consistency.html", report(pairing, asked))


@router.get("/consistency/report.{kind}")
def report_file(kind: Literal["csv", "xlsx"], asked: Filter, pairing: Name = None) -> Response:
    """Return the report as narrowed: checks as CSV; checks, entities and trend as an Excel workbook."""
    from crosswalk.quality.report import latest_checks, trend
    from crosswalk.quality.tables import summary

    chosen, _ = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        checks = latest_checks(connection, chosen.name, **asked.narrows)
        points = trend(connection, chosen.name, **asked.narrows, days=asked.days)
    return _file(f"{chosen.name}_consistency", kind, summary(chosen, checks, points))


@router.get("/consistency/check")
def check(request: Request, pairing: Name = None, check: Name = None, start: From = 0) -> HTMLResponse:
    """Show the failing rows of one check, a page of them."""
    from crosswalk.quality.report import trend

    chosen, row, rows = failing(pairing, check or "", limit=PAGE, offset=start)
    with hub_of(chosen).connection() as connection:
        points = trend(connection, chosen.name, check=row.check_id, days=30)
    content = {
        "pairing": chosen,
        "check": row,
        "known": _catalogue(chosen).get(row.check_id),
        "rows": rows,
        "columns": _columns(rows),
        "headings": _headings(chosen),
        "start": start,
        "step": PAGE,
        "points": points,
    }
    return page(request, "check.html", content)


@router.get("/consistency/check.{kind}")
def check_file(kind: Literal["csv", "xlsx"], pairing: Name = None, check: Name = None) -> Response:
    """Return the failing rows of one check as CSV or Excel, formulas of spreadsheets defused."""
    from crosswalk.quality.tables import MOST_ROWS, failing_rows

    chosen, row, rows = failing(pairing, check or "", limit=MOST_ROWS)
    return _file(row.check_id, kind, [failing_rows(chosen, row.check_id, rows)])


@router.get("/consistency/record")
def record(request: Request, row: From, pairing: Name = None) -> HTMLResponse:
    """Show both systems' records behind one failing row, side by side."""
    from crosswalk.hub.checks import violation
    from crosswalk.quality.drill import behind
    from crosswalk_airflow.record_links import record_link

    chosen, _ = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        found = violation(connection, chosen.name, row)
        known = _catalogue(chosen).get(found.check_id) if found else None
        if found is None or known is None:
            raise PageError(
                "No such row",
                "Failing rows are kept for the last runs only. Open the consistency report and choose one there.",
            )
        seen = behind(connection, chosen, known, found)
    sides = [(chosen.side("crm"), seen.crm), (chosen.side("erp"), seen.erp)]
    content = {
        "pairing": chosen,
        "check": known,
        "violation": found,
        "behind": seen,
        "facts": {name: value for name, value in found.detail.items() if name in _shown(found)},
        "sides": [(side, one, record_link(side, one.entity, one.key) if one else None) for side, one in sides],
    }
    return page(request, "violation.html", content)


def report(name: str | None, asked: Asked) -> dict[str, object]:
    """Return checks, scores, losses, trends and counts of a pairing; the first one when none is named."""
    from crosswalk.hub.runs import latest
    from crosswalk.quality.report import advice, entity_counts, entity_scores, latest_checks, losses, score_of, trend

    pairing, all_pairings = choose_pairing(name)
    systems = (pairing.crm.system, pairing.erp.system)
    with hub_of(pairing).connection() as connection:
        every = latest_checks(connection, pairing.name)
        checks = latest_checks(connection, pairing.name, **asked.narrows)
        points = trend(connection, pairing.name, **asked.narrows, days=asked.days)
        entities = entity_scores(checks)
        trends = {
            one.entity: trend(connection, pairing.name, **asked.of(one.entity), days=asked.days) for one in entities
        }
        counts = entity_counts(connection, pairing.name, systems, _COUNTED)
        runs = latest(connection, pairing.name, limit=5)
    missing = losses(checks)
    return {
        "pairing": pairing,
        "pairings": all_pairings,
        "asked": asked,
        "periods": PERIODS,
        "every": every,
        "known_entities": sorted({one.entity for one in every}),
        "checks": checks,
        "points": points,
        "score": score_of(checks),
        "change": points[-1].score - points[0].score if len(points) > 1 else None,
        "losses": missing,
        "advice": advice(missing),
        "compared": sum(one.population for one in checks),
        "out_of_order": sum(one.out_of_order for one in checks),
        "entities": entities,
        "trends": trends,
        "counts": counts,
        "runs": runs,
        "read": {side: frozenset(entities) for side, entities in pairing.phases["visibility"].read.items()},
        "explanations": {one.check_id: one.explanation for one in _catalogue(pairing).values()},
    }


def failing(
    name: str | None, check_id: str, limit: int, offset: int = 0
) -> tuple[Pairing, CheckResult, list[Violation]]:
    """Return a check's latest result and its failing rows."""
    from crosswalk.hub.checks import stored_violations

    pairing, _ = choose_pairing(name)
    with hub_of(pairing).connection() as connection:
        row = _check_row(connection, pairing, check_id)
        return (
            pairing,
            row,
            stored_violations(connection, pairing.name, row.run_id, check_id, limit=limit, offset=offset),
        )


def _file(name: str, kind: str, tables: list[Table]) -> Response:
    from crosswalk.quality.tables import as_csv, as_workbook

    content = as_csv(tables[0]) if kind == "csv" else as_workbook(tables)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    media = "text/csv" if kind == "csv" else _EXCEL
    return Response(content, media_type=media, headers={**HEADERS, **disposition})


def _columns(rows: list[Violation]) -> list[str]:
    """Columns of the page's table: what every row is about first; what is empty in all of them is left out."""
    named = dict.fromkeys(["record", *(name for row in rows for name in row.detail)])
    return [name for name in named if any(row.detail.get(name) is not None for row in rows)]


def _headings(pairing: Pairing) -> dict[str, str]:
    crm, erp = (title_of(one.system) for one in (pairing.crm, pairing.erp))
    return {
        **{"crm_key": crm, "erp_key": erp, "crm_records": f"in {crm}", "erp_records": f"in {erp}"},
        "differences": f"differences: {crm}, {erp}",
    }


def _shown(found: Violation) -> set[str]:
    return set(found.detail) - {"crm_key", "erp_key", "record", "differences"}


def _catalogue(pairing: Pairing) -> Mapping[str, Check]:
    from crosswalk.model.errors import ConfigurationError
    from crosswalk.quality.checks import checks_of, load_mappings

    try:
        return {one.check_id: one for one in checks_of(pairing, load_mappings(pairing, include_folder() / "mappings"))}
    except ConfigurationError as error:
        raise PageError("A pairing or mapping file is wrong", str(error), status=503) from error


def _check_row(connection: Connection, pairing: Pairing, check_id: str) -> CheckResult:
    from crosswalk.quality.report import latest_checks

    for row in latest_checks(connection, pairing.name, check=check_id):
        return row
    raise PageError("No such check", "This check has not been run. Open the consistency report and choose one there.")
