"""What each page shows, read from the hub. No HTML here."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import psycopg

from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.ui.runbooks import RUNBOOKS

if TYPE_CHECKING:
    from crosswalk.hub.checks import CheckResult
    from crosswalk.hub.database import Hub
    from crosswalk.hub.quarantine import QuarantineItem
    from crosswalk.hub.runs import Run
    from crosswalk.pairing import Pairing


class PageError(Exception):
    """A page that cannot be shown, with the sentence that is shown instead."""

    def __init__(self, title: str, message: str, status: int = 404) -> None:
        super().__init__(message)
        self.title, self.message, self.status = title, message, status


def consistency(name: str | None) -> dict[str, object]:
    """Return checks, score, trend and counts of a pairing; the first one when none is named."""
    from crosswalk.hub.runs import latest
    from crosswalk.quality.report import entity_counts, latest_checks, trend

    pairing, all_pairings = _pairing(name)
    systems = (pairing.crm.system, pairing.erp.system)
    with _hub(pairing).connection() as connection:
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


def check(name: str | None, check_id: str) -> dict[str, object]:
    """Return the failing rows of one check, most recent run."""
    from crosswalk.hub.checks import violations_of

    pairing, _ = _pairing(name)
    with _hub(pairing).connection() as connection:
        row = _check_row(connection, pairing, check_id)
        rows = violations_of(connection, pairing.name, row.run_id, check_id)
    columns = list(dict.fromkeys(column for detail in rows for column in detail))
    return {"pairing": pairing, "check": row, "rows": rows, "columns": columns}


def check_csv(name: str | None, check_id: str) -> str:
    """Return the failing rows as CSV, formulas of spreadsheets defused."""
    from crosswalk.hub.checks import violations_of

    pairing, _ = _pairing(name)
    with _hub(pairing).connection() as connection:
        row = _check_row(connection, pairing, check_id)
        rows = violations_of(connection, pairing.name, row.run_id, check_id, limit=100_000)
    columns = list(dict.fromkeys(column for detail in rows for column in detail))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_defused(detail.get(column)) for column in columns] for detail in rows)
    return text.getvalue()


def quarantine(name: str | None, run: str | None) -> dict[str, object]:
    """Return open quarantine items, grouped by cause, largest group first."""
    from crosswalk.hub.quarantine import open_items
    from crosswalk.hub.runs import latest

    pairing, all_pairings = _pairing(name)
    with _hub(pairing).connection() as connection:
        items = open_items(connection, pairing=pairing.name)
        if run:
            items = _met_by(items, latest(connection, pairing.name, limit=1000), run)
    groups: dict[tuple[str, str, str], list[QuarantineItem]] = {}
    for item in items:
        groups.setdefault((item.stage, item.error_class, item.fingerprint), []).append(item)
    ordered = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    return {"pairing": pairing, "pairings": all_pairings, "groups": ordered, "total": len(items), "run": run}


def _met_by(items: list[QuarantineItem], runs: list[Run], run: str) -> list[QuarantineItem]:
    """Return the items that a run met: an item names only the last run that met it, but since when it is there."""
    this = next((one for one in runs if one.id.rpartition("/")[2] == run), None)
    if this is None:
        return []
    later = [one.started_at for one in runs if one.dag_id == this.dag_id and one.started_at > this.started_at]
    return [item for item in items if item.last_seen >= this.started_at and (not later or item.first_seen < min(later))]


def runbook(stage: str) -> dict[str, object]:
    """Return what to do when ``stage`` fails; all of them when it is not known."""
    chosen = {stage: RUNBOOKS[stage]} if stage in RUNBOOKS else RUNBOOKS
    return {"runbooks": chosen, "stage": stage}


def health() -> dict[str, object]:
    """Return whether the hub answers, and its migration."""
    pairing, _ = _pairing(None)
    with _hub(pairing).connection() as connection:
        connection.execute("select 1")
    return {"hub": "ok"}


def _defused(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") or (text[:1] == "-" and not text[1:2].isdigit()) else text


def _check_row(connection: psycopg.Connection, pairing: Pairing, check_id: str) -> CheckResult:
    from crosswalk.quality.report import latest_checks

    for row in latest_checks(connection, pairing.name):
        if row.check_id == check_id:
            return row
    raise PageError("No such check", "This check has not been run. Open the consistency report and choose one there.")


def _pairing(name: str | None) -> tuple[Pairing, list[Pairing]]:
    from crosswalk.model.errors import ConfigurationError
    from crosswalk.pairing import load_pairings

    try:
        all_pairings = load_pairings(include_folder() / "pairings")
    except ConfigurationError as error:
        raise PageError("A pairing file is wrong", str(error), status=503) from error
    if not all_pairings:
        raise PageError("No pairing yet", "Put a pairing file into include/pairings.")
    for pairing in all_pairings:
        if name in (None, "", pairing.name):
            return pairing, all_pairings
    raise PageError(
        "No such pairing", f"There is no pairing {name}. Known: {', '.join(pairing.name for pairing in all_pairings)}."
    )


def _hub(pairing: Pairing) -> Hub:
    from crosswalk_airflow.hooks.hub import HubHook

    return HubHook.shared(pairing.hub_connection)
