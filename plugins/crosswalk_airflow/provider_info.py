"""What Airflow is told about us: connection types with their forms, links, notifications. A pure dict, import-free."""

from __future__ import annotations

from typing import Any

OPTIONAL_TEXT = {"type": ["string", "null"]}
OPTIONAL_SECRET = {"type": ["string", "null"], "format": "password"}


def get_provider_info() -> dict[str, Any]:
    """Return the provider description; called by every Airflow component at start."""
    return {
        "package-name": "crosswalk",
        "name": "Crosswalk",
        "description": "Keeps ERPs and CRMs in step.",
        "versions": ["0.1.0"],
        "connection-types": [_netsuite()],
        "hooks": [
            {
                "integration-name": "Crosswalk",
                "python-modules": ["crosswalk_airflow.hooks.netsuite", "crosswalk_airflow.hooks.salesforce"],
            }
        ],
        "notifications": ["crosswalk_airflow.notifications.consistency.ConsistencyReportNotifier"],
        "extra-links": [
            "crosswalk_airflow.links.ConsistencyReportLink",
            "crosswalk_airflow.links.LedgerLink",
            "crosswalk_airflow.links.QuarantineLink",
            "crosswalk_airflow.links.RunbookLink",
        ],
        "config": {
            "crosswalk": {
                "description": "Where Crosswalk finds its files and its hub.",
                "options": {
                    "include_folder": _option(
                        "Folder that holds `pairings/` and `mappings/`; the project's `include/` when empty.", ""
                    ),
                    "retry_seconds": _option(
                        "Seconds until a task that died or failed is tried again; doubled each time.", "10", "integer"
                    ),
                    "hub_conn_id": _option(
                        "Connection of the hub database, where a pairing names none.", "crosswalk_hub"
                    ),
                },
            }
        },
    }


def _option(description: str, default: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "version_added": "0.1.0", "type": kind, "example": None, "default": default}


def _netsuite() -> dict[str, Any]:
    """NetSuite accounts: everything is kept in extra, since Airflow's connection test lower-cases the host."""
    return {
        "connection-type": "netsuite",
        "hook-class-name": "crosswalk_airflow.hooks.netsuite.NetSuiteHook",
        "hook-name": "NetSuite",
        "ui-field-behaviour": {
            "hidden-fields": ["host", "schema", "login", "password", "port", "extra"],
            "relabeling": {},
            "placeholders": {},
        },
        "conn-fields": {
            "account_id": {"label": "Account id (1234567 or 1234567_SB1)", "schema": {"type": "string"}},
            "consumer_key": {"label": "Consumer key (token-based authentication)", "schema": OPTIONAL_SECRET},
            "consumer_secret": {"label": "Consumer secret", "schema": OPTIONAL_SECRET},
            "token_id": {"label": "Token id", "schema": OPTIONAL_SECRET},
            "token_secret": {"label": "Token secret", "schema": OPTIONAL_SECRET},
            "client_id": {"label": "Client id (OAuth 2.0, instead of the four above)", "schema": OPTIONAL_SECRET},
            "certificate_id": {"label": "Certificate id", "schema": OPTIONAL_TEXT},
            "private_key": {
                "label": "Private key (PEM)",
                "schema": {"type": ["string", "null"], "format": "multiline"},
            },
            "concurrency": {
                "label": "Concurrent requests",
                "schema": {"type": ["integer", "null"], "minimum": 1, "default": 5},
            },
            "sql_time_zone": {
                "label": "Time zone of SuiteQL dates",
                "schema": {"type": ["string", "null"], "default": "America/Los_Angeles"},
            },
            "track_deletes": {
                "label": "Read which records were deleted (needs the permission Deleted Records)",
                "schema": {"type": ["boolean", "null"], "default": True},
            },
            "date_header": {
                "label": "Take the server's time from the Date of its answers (no: ask for it, a call a pull)",
                "schema": {"type": ["boolean", "null"], "default": True},
            },
            "base_url": {"label": "Base URL (only for a sandbox on another host)", "schema": OPTIONAL_TEXT},
            "ca_file": {"label": "CA file (only for a sandbox with its own certificate)", "schema": OPTIONAL_TEXT},
        },
    }
