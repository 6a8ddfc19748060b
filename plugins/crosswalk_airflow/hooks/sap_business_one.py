"""SAP Business One companies behind an Airflow connection of type ``sap_business_one``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class SAPBusinessOneHook(ConnectorHook, platform="sap_business_one"):
    """SAP Business One through our connector."""
