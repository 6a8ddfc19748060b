"""What the emulators tell about themselves: the credentials that go into Airflow's connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import requests

from crosswalk.model.errors import TransientError

if TYPE_CHECKING:
    from crosswalk_airflow.local.settings import Settings

Body = dict[str, object]
Access = Mapping[str, object]

# What the connections' forms know; an emulator may tell more than a client needs.
_SALESFORCE_EXTRA = ("security_token", "consumer_key", "consumer_secret", "private_key", "domain", "instance_url",
                     "version", "login_url", "ca_file")  # fmt: skip
_NETSUITE_EXTRA = ("account_id", "consumer_key", "consumer_secret", "token_id", "token_secret", "base_url",
                   "concurrency", "sql_time_zone", "ca_file")  # fmt: skip


def access(settings: Settings, system: str) -> Access:
    """Ask a running emulator for its credentials."""
    url = f"{settings.emulator_url(system)}/__sandbox__/state"
    with requests.Session() as session:
        session.trust_env = False
        found = session.get(url, timeout=10).json().get("access")
    if not isinstance(found, dict):
        raise TransientError(
            f"The {system} emulator does not tell how to sign in.", hint=f"See `crosswalk logs sandbox-{system}`."
        )
    return found


def connections(settings: Settings) -> list[Body]:
    """Return the Airflow connections to the emulators that run with these settings."""
    return [_CONNECTIONS[system](access(settings, system)) for system in settings.emulator_ports]


def salesforce_connection(found: Access) -> Body:
    """Describe the Salesforce emulator as a connection of Airflow's own `salesforce` type."""
    return _connection("salesforce", found, _SALESFORCE_EXTRA) | {
        "login": found.get("username"),
        "password": found.get("password"),
    }


def netsuite_connection(found: Access) -> Body:
    """Describe the NetSuite emulator as a connection of our `netsuite` type, signing in by tokens."""
    return _connection("netsuite", found, _NETSUITE_EXTRA)


def _connection(system: str, found: Access, names: tuple[str, ...]) -> Body:
    extra = {name: found[name] for name in names if found.get(name) is not None}
    return {
        "connection_id": system,
        "conn_type": system,
        "description": f"The sandbox's {system} account",
        "extra": json.dumps(extra),
    }


_CONNECTIONS: Mapping[str, Callable[[Access], Body]] = {
    "salesforce": salesforce_connection,
    "netsuite": netsuite_connection,
}
