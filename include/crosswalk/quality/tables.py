"""Checks and failing rows as tables, and the tables as CSV and Excel files that no spreadsheet mistakes for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import xlsxwriter

from crosswalk.hub.checks import CheckResult, Violation
from crosswalk.pairing import Pairing
from crosswalk.quality.report import TrendPoint, entity_scores, losses

Cell = str | int | float | Decimal | bool | None
MOST_ROWS = 100_000
"""Rows of a file; who needs more reads them with :mod:`crosswalk.quality.frames`."""

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_MOST_CHARACTERS = 32_767  # of a cell, Excel's own limit
_WIDEST, _LOOKED_AT = 60, 200


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, and rows of the same length."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


# --- What is in them ----------------------------------------------------------------------------


def failing_rows(pairing: Pairing, title: str, violations: Sequence[Violation], details: Sequence[str] = ()) -> Table:
    """Return violations as a table: keys under the systems' names, and a line for each field that differs with both values.

    Columns in which nothing stands are left out, unless they are of the check's own ``details``: what a violation of it may tell.
    """
    flat = [line for one in violations for line in _lines(pairing, one)]
    own = dict.fromkeys(name for detail in details for name in _columns(pairing, detail))
    columns = tuple(dict.fromkeys((*own, *(name for line in flat for name in line))))
    kept = tuple(name for name in columns if name in own or any(line.get(name) is not None for line in flat))
    return Table(title, kept, tuple(tuple(line.get(name) for name in kept) for line in flat))


def _columns(pairing: Pairing, detail: str) -> tuple[str, ...]:
    """Return the columns in which a detail of a violation stands."""
    crm, erp = pairing.crm.system, pairing.erp.system
    if detail == "differences":
        return "field", crm, erp
    names = {"crm_key": f"{crm}_key", "erp_key": f"{erp}_key", "crm_records": crm, "erp_records": erp}
    return (names.get(detail, detail),)


def _lines(pairing: Pairing, violation: Violation) -> list[dict[str, Cell]]:
    crm, erp = pairing.crm.system, pairing.erp.system
    told = ((name, value) for name, value in violation.detail.items() if name != "differences")
    own = {_columns(pairing, name)[0]: value for name, value in told}
    differences = violation.detail.get("differences")
    if not differences:
        return [own]
    return [own | {"field": field, crm: left, erp: right} for field, (left, right) in sorted(differences.items())]


def summary(pairing: Pairing, checks: Sequence[CheckResult], points: Sequence[TrendPoint]) -> list[Table]:
    """Return the report as tables: checks with what they cost, entities, trend."""
    cost = {loss.check.check_id: loss for loss in losses(checks)}
    rows = []
    for check in checks:
        loss = cost.get(check.check_id)
        state = "could not run" if check.error else "agrees" if check.success else "differs"
        rows.append(
            (
                *(check.entity, check.title, check.check_id, check.severity, state, check.violations, check.population),
                *(float(check.score), loss.points if loss else 0.0, loss.share if loss else 0.0),
                check.measured_at.isoformat(timespec="seconds"),
            )
        )
    heads = ("entity", "check", "check_id", "severity", "result", "differences", "compared", "in_order_percent")
    entities = [
        (one.entity, one.score, one.compared, one.out_of_order, one.checks, one.failed) for one in entity_scores(checks)
    ]
    return [
        Table("Checks", (*heads, "points_lost", "share_of_loss_percent", "measured_at"), tuple(rows)),
        Table("Entities", ("entity", "score", "compared", "out_of_order", "checks", "failed"), tuple(entities)),
        Table(
            "Trend",
            ("measured_at", "score"),
            tuple((point.measured_at.isoformat(timespec="seconds"), point.score) for point in points),
        ),
    ]


# --- Files --------------------------------------------------------------------------------------


def as_csv(table: Table) -> str:
    """Return the table as CSV; text that a spreadsheet would take for a formula is given an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([defused(name) for name in table.columns])
    writer.writerows([defused(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def defused(cell: Cell) -> str:
    """Return a cell's text, harmless in a spreadsheet; numbers, negative ones included, stay numbers."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    starts = cell.startswith(_STARTERS) or cell.lstrip().startswith(_STARTERS)
    return f"'{cell}" if starts and not _is_negative_number(cell) else cell


def _is_negative_number(text: str) -> bool:
    try:
        return text.startswith("-") and Decimal(text).is_finite()
    except InvalidOperation:
        return False


def as_workbook(tables: Iterable[Table]) -> bytes:
    """Return tables as an Excel workbook, a sheet each. Text is stored as text: nothing in it is a formula or a link."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for table in tables:
            sheet = book.add_worksheet(table.title[:31])
            sheet.freeze_panes(1, 0)
            for place, name in enumerate(table.columns):
                sheet.write_string(0, place, name, head)
                sheet.set_column(place, place, _width(table, place))
            for line, row in enumerate(table.rows, start=1):
                for place, cell in enumerate(row):
                    _write(sheet, line, place, cell)
            if table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    return file.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, line: int, place: int, cell: Cell) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(line, place, cell)
    elif isinstance(cell, (int, float, Decimal)):
        sheet.write_number(line, place, float(cell))
    else:
        sheet.write_string(line, place, str(cell)[:_MOST_CHARACTERS])


def _width(table: Table, place: int) -> int:
    longest = max((len(str(row[place])) for row in table.rows[:_LOOKED_AT]), default=0)
    return min(_WIDEST, max(longest, len(table.columns[place])) + 3)
