"""Buttons on a task that lead to what the task did."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def _pairing(operator: BaseOperator) -> str:
    return quote(str(getattr(operator, "pairing", "") or ""), safe="")


class ConsistencyReportLink(BaseOperatorLink):
    """How well the two systems agree."""

    name = "Consistency report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the report page of the task's pairing."""
        return f"/plugin/consistency?pairing={_pairing(operator)}"


class QuarantineLink(BaseOperatorLink):
    """Which records could not go on, and why."""

    name = "Quarantine"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the quarantine page, narrowed to the task's run."""
        return f"/plugin/quarantine?pairing={_pairing(operator)}&run={quote(ti_key.run_id, safe='')}"


class RunbookLink(BaseOperatorLink):
    """What to do when this step fails."""

    name = "Runbook"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the runbook page of the task's stage."""
        return f"/plugin/runbook?stage={quote(str(getattr(operator, 'stage', 'task')), safe='')}"
