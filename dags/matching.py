"""Matching: one Airflow dag per pairing file links by score what keys and rules leave over."""

from pathlib import Path

from crosswalk_airflow.dag_factory import matching_dag, pairings

for pairing in pairings(Path(__file__).parent):
    if dag := matching_dag(pairing):
        globals()[dag.dag_id] = dag
