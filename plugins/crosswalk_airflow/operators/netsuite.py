"""NetSuite's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class NetSuitePullOperator(PullOperator):
    """Reads one entity from NetSuite."""


class NetSuiteDeliverOperator(DeliverOperator):
    """Writes intents to NetSuite."""


class NetSuiteSettleOperator(SettleOperator):
    """Reads back from NetSuite what was written."""
