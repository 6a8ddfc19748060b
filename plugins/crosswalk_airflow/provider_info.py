"""What Airflow is told about us: connection types with their forms, links, notifications. A dict of what the platforms declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk.platforms import STANDARD_PARTS, ConnectionField, ConnectionForm, Platform, platforms

_KINDS: Mapping[str, Mapping[str, str]] = {
    "text": {"type": "string"},
    "secret": {"type": "string", "format": "password"},
    "lines": {"type": "string", "format": "multiline"},
    "whole_number": {"type": "integer"},
    "yes_or_no": {"type": "boolean"},
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider description; called by every Airflow component at start."""
    return {
        "package-name": "crosswalk",
        "name": "Crosswalk",
        "description": "Keeps ERPs and CRMs in step.",
        "versions": ["0.1.0"],
        "connection-types": [_connection_type(one, one.form) for one in platforms().values() if one.form],
        "hooks": [
            {
                "integration-name": "Crosswalk",
                "python-modules": [f"crosswalk_airflow.hooks.{name}" for name in platforms()],
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


def _connection_type(platform: Platform, form: ConnectionForm) -> dict[str, Any]:
    """Return a platform's connection type: its hook, and its form of the platform's own fields and those of Airflow's that it uses."""
    return {
        "connection-type": platform.name,
        "hook-class-name": f"crosswalk_airflow.hooks.{platform.name}.{platform.class_prefix}Hook",
        "hook-name": platform.title,
        "ui-field-behaviour": {
            "hidden-fields": [part for part in STANDARD_PARTS if part not in form.parts],
            "relabeling": dict(form.parts),
            "placeholders": dict(form.placeholders),
        },
        "conn-fields": {one.name: {"label": one.label, "schema": _schema(one)} for one in form.fields},
    }


def _schema(field: ConnectionField) -> dict[str, Any]:
    kind = _KINDS[field.kind]
    schema: dict[str, Any] = {**kind, "type": kind["type"] if field.required else [kind["type"], "null"]}
    if field.least is not None:
        schema["minimum"] = field.least
    if field.default is not None:
        schema["default"] = field.default
    return schema
