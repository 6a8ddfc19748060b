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


def _page(route: str, *below: str, **query: str) -> str:
    """Return the address of one of our pages inside Airflow, or of what is ``below`` it."""
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"/plugin/{route}/crosswalk/{'/'.join((route, *below))}{asked}"


def _run(ti_key: TaskInstanceKey) -> str:
    """Return the run's id in the hub: run ids of Airflow are unique only within their DAG."""
    return f"{ti_key.dag_id}/{ti_key.run_id}"


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
        return _page("quarantine", pairing=_pairing(operator), run=_run(ti_key))


class LedgerLink(BaseOperatorLink):
    """What the task's run did: every change, decision, write and outcome."""

    name = "Ledger"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the ledger's page of the task's run."""
        return _page("ledger", "run", pairing=_pairing(operator), run=_run(ti_key))


class RunbookLink(BaseOperatorLink):
    """What to do when this step fails: the page of what it failed with, once that is known, else the step's."""

    name = "Runbook"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the runbook page of the class of error that the task met, else of its stage."""
        stage, met = str(getattr(operator, "stage", "task")), getattr(operator, "met", None)
        return _page("runbook", str(met), stage=stage) if met else _page("runbook", stage)
