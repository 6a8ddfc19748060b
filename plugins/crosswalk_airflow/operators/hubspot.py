"""HubSpot's operators."""

from __future__ import annotations

from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


class HubSpotPullOperator(PullOperator):
    """Reads one entity from HubSpot."""


class HubSpotDeliverOperator(DeliverOperator):
    """Writes intents to HubSpot."""


class HubSpotSettleOperator(SettleOperator):
    """Reads back from HubSpot what was written."""
