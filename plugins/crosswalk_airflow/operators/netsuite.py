"""NetSuite's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class NetSuitePullOperator(PullOperator):
    """Reads one entity from NetSuite."""

    ui_color = "#e8f4ff"


class NetSuiteDeliverOperator(DeliverOperator):
    """Writes intents to NetSuite."""

    ui_color = "#fff1e0"


class NetSuiteSettleOperator(SettleOperator):
    """Reads back from NetSuite what was written."""

    ui_color = "#eefbe7"
