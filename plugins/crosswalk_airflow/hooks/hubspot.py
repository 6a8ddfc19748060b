"""HubSpot accounts behind an Airflow connection of type ``hubspot``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class HubSpotHook(ConnectorHook, platform="hubspot"):
    """HubSpot through our connector."""
