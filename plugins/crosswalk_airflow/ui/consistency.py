"""How well the two systems of a pairing agree: score, trend, checks, and the failing rows of a check."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui.common import HEADERS, READS, Name, PageError, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from crosswalk.hub.checks import CheckResult
    from crosswalk.hub.database import Connection
    from crosswalk.pairing import Pairing

router = APIRouter(dependencies=READS)


@router.get("/consistency")
def consistency(request: Request, pairing: Name = None) -> HTMLResponse:
    """Show how well the two systems of a pairing agree."""
    return page(request, "consistency.html", report(pairing))


@router.get("/consistency/check")
def check(request: Request, pairing: Name = None, check: Name = None) -> HTMLResponse:
    """Show the failing rows of one check."""
    chosen, row, rows = failing(pairing, check or "", limit=1000)
    return page(request, "check.html", {"pairing": chosen, "check": row, "rows": rows, "columns": _columns(rows)})


@router.get("/consistency/check.csv")
def check_csv(pairing: Name = None, check: Name = None) -> Response:
    """Return the failing rows of one check as CSV, formulas of spreadsheets defused."""
    _, _, rows = failing(pairing, check or "", limit=100_000)
    disposition = {"Content-Disposition": f'attachment; filename="{check}.csv"'}
    return Response(_csv(rows), media_type="text/csv", headers={**HEADERS, **disposition})


def report(name: str | None) -> dict[str, object]:
    """Return checks, score, trend and counts of a pairing; the first one when none is named."""
    from crosswalk.hub.runs import latest
    from crosswalk.quality.report import entity_counts, latest_checks, trend

    pairing, all_pairings = choose_pairing(name)
    systems = (pairing.crm.system, pairing.erp.system)
    with hub_of(pairing).connection() as connection:
        checks = latest_checks(connection, pairing.name)
        points = trend(connection, pairing.name)
        counts = entity_counts(
            connection, pairing.name, systems, ("customer", "contact", "product", "deal", "order", "invoice")
        )
        runs = latest(connection, pairing.name, limit=5)
    return {
        "pairing": pairing,
        "pairings": all_pairings,
        "checks": checks,
        "points": points,
        "score": points[-1].score if points else None,
        "change": points[-1].score - points[-2].score if len(points) > 1 else None,
        "counts": counts,
        "runs": runs,
        "read": {side: frozenset(entities) for side, entities in pairing.phases["visibility"].read.items()},
        "worst": next((check for check in checks if not check.success), None),
    }


def failing(name: str | None, check_id: str, limit: int) -> tuple[Pairing, CheckResult, list[dict[str, object]]]:
    """Return a check's latest result and its failing rows."""
    from crosswalk.hub.checks import violations_of

    pairing, _ = choose_pairing(name)
    with hub_of(pairing).connection() as connection:
        row = _check_row(connection, pairing, check_id)
        return pairing, row, violations_of(connection, pairing.name, row.run_id, check_id, limit=limit)


def _csv(rows: list[dict[str, object]]) -> str:
    columns = _columns(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_defused(detail.get(column)) for column in columns] for detail in rows)
    return text.getvalue()


def _columns(rows: list[dict[str, object]]) -> list[str]:
    return list(dict.fromkeys(column for detail in rows for column in detail))


def _defused(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") or (text[:1] == "-" and not text[1:2].isdigit()) else text


def _check_row(connection: Connection, pairing: Pairing, check_id: str) -> CheckResult:
    from crosswalk.quality.report import latest_checks

    for row in latest_checks(connection, pairing.name):
        if row.check_id == check_id:
            return row
    raise PageError("No such check", "This check has not been run. Open the consistency report and choose one there.")
