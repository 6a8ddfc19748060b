"""Salesforce's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class SalesforcePullOperator(PullOperator):
    """Reads one entity from Salesforce."""

    ui_color = "#e8f4ff"


class SalesforceDeliverOperator(DeliverOperator):
    """Writes intents to Salesforce."""

    ui_color = "#fff1e0"


class SalesforceSettleOperator(SettleOperator):
    """Reads back from Salesforce what was written."""

    ui_color = "#eefbe7"
