"""Approvals: one Airflow dag per pairing file asks people about what nobody may send without them."""

from pathlib import Path

from crosswalk_airflow.dag_factory import approvals_dag, pairings

for pairing in pairings(Path(__file__).parent):
    if dag := approvals_dag(pairing):
        globals()[dag.dag_id] = dag
