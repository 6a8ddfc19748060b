"""Phase 2, products: one Airflow dag per pairing file that has the phase."""

from pathlib import Path

from crosswalk_airflow.dag_factory import pairings, products_dag

for pairing in pairings(Path(__file__).parent):
    if dag := products_dag(pairing):
        globals()[dag.dag_id] = dag
