"""Put connections and pools into Airflow, where people see and edit them.

What a person changed in the screens stays. A connection is written again only when its source changed: another port,
a sandbox that was reset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crosswalk.model.errors import TransientError
from crosswalk.platforms import platform_of
from crosswalk_airflow.local.loopback import Body, ask
from crosswalk_airflow.local.settings import Settings, write_private

if TYPE_CHECKING:
    from crosswalk.pairing import Pairing
    from crosswalk_airflow.local.layout import Layout

HUB_CONNECTION = "crosswalk_hub"
HUB_POOL, HUB_SLOTS = "crosswalk_hub", 4


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


def pools(pairings: Iterable[Pairing]) -> list[Body]:
    """Return a pool for each system of these pairings, so that its limits bound its tasks, and one for the hub.

    A system of several pairings has one pool, with the most slots that any of them wants.
    """
    found: dict[str, Body] = {}
    for side in (side for pairing in pairings for side in (pairing.crm, pairing.erp)):
        slots = max(side.pool_slots, int(str(found.get(side.pool_name, {}).get("slots", 0))))
        told = f"Tasks that talk to {platform_of(side.platform).title} at once"
        found[side.pool_name] = _pool(side.pool_name, slots, told)
    return [*found.values(), _pool(HUB_POOL, HUB_SLOTS, "Tasks that work in the hub only")]


def _pool(name: str, slots: int, description: str) -> Body:
    return {"name": name, "slots": slots, "description": description, "include_deferred": False}


def pools_file(pairings: Iterable[Pairing]) -> str:
    """Return the pools as a file for `airflow pools import`."""
    named = {str(one["name"]): {key: value for key, value in one.items() if key != "name"} for one in pools(pairings)}
    return json.dumps(named, indent=2)


def provision(
    layout: Layout, settings: Settings, password: str, connections: list[Body], wanted_pools: list[Body]
) -> dict[str, list[str]]:
    """Write what is new or has changed at its source; return the names written, by `connections` and `pools`."""
    before: dict[str, str] = json.loads(layout.provisioned.read_text()) if layout.provisioned.exists() else {}
    now = {str(connection["connection_id"]): fingerprint(connection) for connection in connections}
    fresh = [c for c in connections if str(c["connection_id"]) not in before]
    moved = [c for c in connections if before.get(name := str(c["connection_id"]), now[name]) != now[name]]
    api = AirflowApi(settings.airflow_url, password)
    written = api.put("connections", fresh, overwrite=False) + api.put("connections", moved, overwrite=True)
    new_pools = api.put("pools", wanted_pools, overwrite=False)
    write_private(layout.provisioned, json.dumps(before | now))
    return {kind: names for kind, names in (("connections", written), ("pools", new_pools)) if names}


def fingerprint(connection: Mapping[str, object]) -> str:
    """Tell two versions of a connection apart without keeping its secrets."""
    return hashlib.sha256(json.dumps(connection, sort_keys=True).encode()).hexdigest()
