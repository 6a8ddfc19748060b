"""Phase 1, visibility: one Airflow dag per pairing file."""

from pathlib import Path

from crosswalk_airflow.dag_factory import pairings, visibility_dag

for pairing in pairings(Path(__file__).parent):
    if dag := visibility_dag(pairing):
        globals()[dag.dag_id] = dag
