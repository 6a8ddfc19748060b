"""Salesforce accounts behind an Airflow connection of type ``salesforce``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class SalesforceHook(ConnectorHook, platform="salesforce"):
    """Salesforce through our connector."""
