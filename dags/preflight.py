"""Preflight: one Airflow dag per pairing file, run by hand before going live."""

from pathlib import Path

from crosswalk_airflow.dag_factory import pairings, preflight_dag

for pairing in pairings(Path(__file__).parent):
    if dag := preflight_dag(pairing):
        globals()[dag.dag_id] = dag
