"""What the emulators tell about themselves: the credentials that go into Airflow's connections."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from crosswalk.model.errors import TransientError
from crosswalk_airflow.local.loopback import Body, ask

if TYPE_CHECKING:
    pass

Access = Mapping[str, object]

# What the connections' forms know; an emulator may tell more than a client needs.
_SALESFORCE_EXTRA = ("security_token", "consumer_key", "consumer_secret", "private_key", "domain", "instance_url",
                     "version", "login_url", "ca_file")  # fmt: skip
_NETSUITE_EXTRA = ("account_id", "consumer_key", "consumer_secret", "token_id", "token_secret", "base_url",
                   "concurrency", "sql_time_zone", "ca_file")  # fmt: skip


def access(base_url: str) -> Access:
    """Ask a running emulator for its credentials; the URLs in them begin with `base_url`."""
    found = ask("GET", f"{base_url}/__sandbox__/state").get("access")
    if not isinstance(found, dict):
        raise TransientError(f"The emulator at {base_url} does not tell how to sign in.", hint="See its log.")
    return found


def connections(base_urls: Mapping[str, str]) -> list[Body]:
    """Return the Airflow connections to the emulators at these URLs, by system."""
    return [_CONNECTIONS[system](access(url)) for system, url in base_urls.items()]


def for_import(found: list[Body]) -> str:
    """Return connections as a file for `airflow connections import`."""
    named = {str(one["connection_id"]): {k: v for k, v in one.items() if k != "connection_id"} for one in found}
    return json.dumps(named, indent=2)


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


if __name__ == "__main__":  # python -m crosswalk_airflow.local.sandbox salesforce=http://host:8801 …
    sys.stdout.write(for_import(connections(dict(argument.split("=", 1) for argument in sys.argv[1:]))))
