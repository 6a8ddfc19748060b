"""Accounting periods: where a posting document belongs, and that closed ones refuse (NetSuite §12.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import user_error

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft
    from crosswalk_sandbox.netsuite.store import Store


def post(store: Store, draft: Draft, trandate: str, current: int | None = None) -> int | None:
    """The period of a posting document; refuses a closed one."""
    sent = draft.get("postingperiod")
    if sent is None and current is not None and not draft.has("trandate"):
        sent = current
    if sent is not None:
        period = store.row("SELECT id, closed, alllocked, arlocked FROM accountingperiod WHERE id = ?", (sent,))
    else:
        sql = (
            "SELECT id, closed, alllocked, arlocked FROM accountingperiod WHERE startdate <= ? AND enddate >= ?"
            " AND isquarter = 'F' AND isyear = 'F'"
        )
        period = store.row(sql, (trandate, trandate))
    if period is None:
        raise user_error(f"There is no accounting period for the date {trandate}. Please set up an accounting period.")
    if "T" in (period["closed"], period["alllocked"], period["arlocked"]):
        raise user_error("You cannot save this transaction because its posting period is closed or locked.")
    return int(period["id"])
