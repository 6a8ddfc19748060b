"""Buttons on a task that lead to what the task did.

Airflow shows our pages in a frame. It hands the frame only what stands in the path behind the page's name, so that the links
name the page twice: for Airflow, and for the frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def _page(route: str, **query: str) -> str:
    """Return the address of one of our pages inside Airflow."""
    return f"/plugin/{route}/crosswalk/{route}?{urlencode(query, quote_via=quote)}"


def _pairing(operator: BaseOperator) -> str:
    return str(getattr(operator, "pairing", "") or "")


class ConsistencyReportLink(BaseOperatorLink):
    """How well the two systems agree."""

    name = "Consistency report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the report page of the task's pairing."""
        return _page("consistency", pairing=_pairing(operator))


class QuarantineLink(BaseOperatorLink):
    """Which records could not go on, and why."""

    name = "Quarantine"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the quarantine page, narrowed to the task's run."""
        return _page("quarantine", pairing=_pairing(operator), run=ti_key.run_id)


class RunbookLink(BaseOperatorLink):
    """What to do when this step fails."""

    name = "Runbook"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the runbook page of the task's stage."""
        return _page("runbook", stage=str(getattr(operator, "stage", "task")))
