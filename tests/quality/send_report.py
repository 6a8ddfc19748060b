"""Runs the report's operator as a task would, in a process of its own: ``send_report.py <pairing> <attachment> <recipient>``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from airflow.sdk import DAG

from crosswalk_airflow.notifications.consistency import ConsistencyReportNotifier
from crosswalk_airflow.operators.report import ConsistencyReportOperator

if __name__ == "__main__":
    pairing, attach, recipient = sys.argv[1:]
    notifier = ConsistencyReportNotifier(
        pairing=pairing, attach=attach, to=[recipient], from_email="hub@example.com", smtp_conn_id="mail"
    )
    with DAG("report", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
        operator = ConsistencyReportOperator(task_id="report", pairing=pairing, notifiers=[notifier])
    assert operator.execute({"dag": dag}) == {"sent": 1}
