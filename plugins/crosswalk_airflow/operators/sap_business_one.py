"""SAP Business One's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class SAPBusinessOnePullOperator(PullOperator):
    """Reads one entity from SAP Business One."""


class SAPBusinessOneDeliverOperator(DeliverOperator):
    """Writes intents to SAP Business One."""


class SAPBusinessOneSettleOperator(SettleOperator):
    """Reads back from SAP Business One what was written."""
