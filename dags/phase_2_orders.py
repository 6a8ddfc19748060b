"""Phase 2, orders: one Airflow dag per pairing file."""

from pathlib import Path

from crosswalk_airflow.dag_factory import orders_dag, pairings

for pairing in pairings(Path(__file__).parent):
    if dag := orders_dag(pairing):
        globals()[dag.dag_id] = dag
