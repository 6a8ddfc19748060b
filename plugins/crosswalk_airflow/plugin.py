"""The Airflow plugin: pages, links, the retry policy."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from crosswalk_airflow.links import ConsistencyReportLink, QuarantineLink, RunbookLink
from crosswalk_airflow.ui.app import PREFIX, app


class CrosswalkPlugin(AirflowPlugin):
    """Everything that shows in the Airflow UI."""

    name = "crosswalk"
    fastapi_apps: ClassVar[list[dict[str, object]]] = [{"app": app, "url_prefix": PREFIX, "name": "Crosswalk"}]
    external_views: ClassVar[list[dict[str, object]]] = [
        {
            "name": "Consistency",
            "href": f"{PREFIX}/consistency",
            "destination": "nav",
            "url_route": "consistency",
            "category": "browse",
        },
        {
            "name": "Quarantine",
            "href": f"{PREFIX}/quarantine",
            "destination": "nav",
            "url_route": "quarantine",
            "category": "browse",
        },
        {
            "name": "Runbook",
            "href": f"{PREFIX}/runbook",
            "destination": "nav",
            "url_route": "runbook",
            "category": "docs",
        },
    ]
    operator_extra_links: ClassVar[list[object]] = [ConsistencyReportLink(), QuarantineLink(), RunbookLink()]
