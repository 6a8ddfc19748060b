"""Salesforce's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class SalesforcePullOperator(PullOperator):
    """Reads one entity from Salesforce."""


class SalesforceDeliverOperator(DeliverOperator):
    """Writes intents to Salesforce."""


class SalesforceSettleOperator(SettleOperator):
    """Reads back from Salesforce what was written."""
