"""Consistency report: one Airflow dag per pairing file that names recipients."""

from pathlib import Path

from crosswalk_airflow.dag_factory import consistency_report_dag, pairings

for pairing in pairings(Path(__file__).parent):
    if dag := consistency_report_dag(pairing):
        globals()[dag.dag_id] = dag
