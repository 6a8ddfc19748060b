"""The Airflow plugin: pages, links, the retry policy.

Every Airflow process imports this file, each task's included, so that it imports nothing that is not needed everywhere.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from crosswalk_airflow.links import ConsistencyReportLink, LedgerLink, QuarantineLink, RunbookLink
from crosswalk_airflow.ui import CARD_PREFIX, PREFIX, Pages


def _view(name: str, category: str) -> dict[str, str]:
    """Return one of our pages as an entry in Airflow's menus."""
    route = name.lower()
    return {
        "name": name,
        "href": f"{PREFIX}/{route}",
        "destination": "nav",
        "url_route": route,
        "category": category,
    }


_APPS = [
    {"app": Pages(), "url_prefix": PREFIX, "name": "Crosswalk"},
    {"app": Pages("card"), "url_prefix": CARD_PREFIX, "name": "Crosswalk card"},
]
_VIEWS = [
    _view("Overview", "browse"),
    _view("Customer", "browse"),
    _view("Consistency", "browse"),
    _view("Quarantine", "browse"),
    _view("Ledger", "browse"),
    _view("Matches", "browse"),
    _view("Runbook", "docs"),
]
_LINKS = [QuarantineLink(), LedgerLink(), RunbookLink(), ConsistencyReportLink()]


class CrosswalkPlugin(AirflowPlugin):
    """Everything that shows in the Airflow UI."""

    name = "crosswalk"
    fastapi_apps = _APPS
    external_views = _VIEWS
    operator_extra_links = _LINKS
