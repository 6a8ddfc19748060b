"""Runs preflight's operator as a task would, in a process of its own: ``run_preflight.py <pairing> <params as JSON>``."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from airflow.sdk import DAG

from crosswalk_airflow.operators.preflight import PreflightOperator

if __name__ == "__main__":
    pairing, params = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    with DAG(f"{pairing}__preflight", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
        operator = PreflightOperator(task_id="preflight", pairing=pairing)
    context = {"dag": dag, "run_id": f"manual/{params}", "params": json.loads(params)}
    print(json.dumps(operator.execute(context)))
