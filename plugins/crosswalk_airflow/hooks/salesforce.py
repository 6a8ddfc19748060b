"""Salesforce accounts behind an Airflow connection of type ``salesforce``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class SalesforceHook(ConnectorHook):
    """Salesforce through our connector."""

    platform = "salesforce"
    hook_name = "Salesforce"
    conn_type = "salesforce"
    default_conn_name = "salesforce"
