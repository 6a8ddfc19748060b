"""The operator that has the consistency report sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from crosswalk_airflow.links import ConsistencyReportLink, RunbookLink

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.notifier import BaseNotifier


class ConsistencyReportOperator(BaseOperator):
    """Has notifiers send the report. A mail that cannot be sent fails the task, so that it is tried again and somebody sees it.

    :param pairing: name of the pairing.
    :param notifiers: who is told, and how.
    """

    stage = "report"
    template_fields: Sequence[str] = ()
    operator_extra_links = (ConsistencyReportLink(), RunbookLink())

    def __init__(self, *, pairing: str, notifiers: Sequence[BaseNotifier], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairing = pairing
        self.notifiers = list(notifiers)

    def execute(self, context: Context) -> dict[str, int]:
        """Send; returns how many notifiers did."""
        for notifier in self.notifiers:
            notifier.notify(context)
        return {"sent": len(self.notifiers)}
