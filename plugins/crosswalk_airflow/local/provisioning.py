"""Put connections and pools into Airflow, where people see and edit them.

What a person changed in the screens stays. A connection is written again only when its source changed: another port,
a sandbox that was reset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crosswalk.model.errors import TransientError
from crosswalk_airflow.local.loopback import Body, ask
from crosswalk_airflow.local.settings import Settings, write_private

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout

HUB_CONNECTION = "crosswalk_hub"


class AirflowApi:
    """Airflow's public REST API, as the local admin."""

    def __init__(self, base_url: str, password: str) -> None:
        self._base = base_url
        answer = ask("POST", f"{base_url}/auth/token", {"username": "admin", "password": password})
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def put(self, kind: str, entities: list[Body], *, overwrite: bool) -> list[str]:
        """Create connections or pools; existing ones are left alone or overwritten. Returns the names written."""
        if not entities:
            return []
        action = {
            "action": "create",
            "entities": entities,
            "action_on_existence": "overwrite" if overwrite else "skip",
        }
        answer = ask("PATCH", f"{self._base}/api/v2/{kind}", {"actions": [action]}, self._headers)
        result = answer.get("create")
        done: dict[str, list[str]] = result if isinstance(result, dict) else {}
        if done.get("errors"):
            raise TransientError(f"Airflow refused {kind}: {done['errors']}.", hint="See `crosswalk logs api-server`.")
        return list(done.get("success", []))


def hub_connection(url: str) -> Body:
    """Describe the hub's database as an Airflow connection of type `postgres`."""
    parts = urlsplit(url)
    return {
        "connection_id": HUB_CONNECTION,
        "conn_type": "postgres",
        "description": "The hub: images, links, plans, ledger",
        "host": parts.hostname,
        "port": parts.port or 5432,
        "schema": unquote(parts.path.strip("/")),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


def pools() -> list[Body]:
    """Return the pools of `pools.json`: one per system, so that a system's limits bound its tasks."""
    text = files("crosswalk_airflow.local").joinpath("pools.json").read_text(encoding="utf-8")
    return [{"name": name} | pool for name, pool in json.loads(text).items()]


def provision(layout: Layout, settings: Settings, password: str, connections: list[Body]) -> dict[str, list[str]]:
    """Write what is new or has changed at its source; return the names written, by `connections` and `pools`."""
    before: dict[str, str] = json.loads(layout.provisioned.read_text()) if layout.provisioned.exists() else {}
    now = {str(connection["connection_id"]): fingerprint(connection) for connection in connections}
    fresh = [c for c in connections if str(c["connection_id"]) not in before]
    moved = [c for c in connections if before.get(name := str(c["connection_id"]), now[name]) != now[name]]
    api = AirflowApi(settings.airflow_url, password)
    written = api.put("connections", fresh, overwrite=False) + api.put("connections", moved, overwrite=True)
    new_pools = api.put("pools", pools(), overwrite=False)
    write_private(layout.provisioned, json.dumps(before | now))
    return {kind: names for kind, names in (("connections", written), ("pools", new_pools)) if names}


def fingerprint(connection: Mapping[str, object]) -> str:
    """Tell two versions of a connection apart without keeping its secrets."""
    return hashlib.sha256(json.dumps(connection, sort_keys=True).encode()).hexdigest()
