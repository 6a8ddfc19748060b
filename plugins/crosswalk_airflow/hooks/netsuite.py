"""NetSuite accounts behind an Airflow connection of type ``netsuite``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class NetSuiteHook(ConnectorHook, platform="netsuite"):
    """NetSuite through our connector."""
