"""Due dates from payment terms, and posting periods (SAP Business One §15, §16, §19)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal
from crosswalk_sandbox.sap_business_one.moments import day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade


def due_day(terms: Row, posted: date, taxed: date | None = None, today: date | None = None) -> date:
    """When a document of these terms is to be paid: the base day, moved to where it starts, plus months, plus days."""
    base = {"bld_TaxDate": taxed, "bld_SystemDate": today}.get(str(terms.get("BaselineDate")), posted) or posted
    start = _started(base, str(terms.get("StartFrom") or "pdt_None"))
    later = _months_later(start, int(exact(terms.get("NumberOfAdditionalMonths"))))
    if terms.get("StartFrom") == "pdt_MonthEnd":
        later = _month_end(later)
    return later + timedelta(days=int(exact(terms.get("NumberOfAdditionalDays"))))


def check_days(trade: Trade) -> None:
    """The posting date lies in an open period and the due date not before it (§16)."""
    header, options = trade.header, trade.desk.options
    first = day(options.first_open_day)
    last = day(options.last_open_day)
    if (first and trade.posting_day < first) or (last and trade.posting_day > last):
        told = f"Date deviates from permissible range  [{trade.column('DocDate')}]"
        raise Refusal(400, options.closed_period, told)
    due = day(header.get("DocDueDate"))
    if due is None:
        raise Refusal(400, options.missing_due_date, f"Enter due date  [{trade.column('DocDueDate')}]")
    if due < trade.posting_day:
        raise Refusal(400, LOGIC, f"Due date earlier than posting date  [{trade.column('DocDueDate')}]")


def _started(base: date, start: str) -> date:
    if start == "pdt_MonthEnd":
        return _month_end(base)
    if start == "pdt_MonthStart":
        return base if base.day == 1 else _months_later(base.replace(day=1), 1)
    if start == "pdt_HalfMonth":
        return base.replace(day=15) if base.day <= 15 else _months_later(base.replace(day=15), 1)
    return base


def _months_later(base: date, months: int) -> date:
    place = base.year * 12 + base.month - 1 + months
    year, month = divmod(place, 12)
    return date(year, month + 1, min(base.day, monthrange(year, month + 1)[1]))


def _month_end(base: date) -> date:
    return base.replace(day=monthrange(base.year, base.month)[1])
