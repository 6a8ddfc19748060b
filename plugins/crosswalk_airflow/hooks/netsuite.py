"""NetSuite accounts behind an Airflow connection of type ``netsuite``."""

from __future__ import annotations

from crosswalk_airflow.hooks.connector import ConnectorHook


class NetSuiteHook(ConnectorHook):
    """NetSuite through our connector."""

    platform = "netsuite"
    hook_name = "NetSuite"
    conn_type = "netsuite"
    default_conn_name = "netsuite"
