"""What the emulators tell about themselves: the credentials that go into Airflow's connections."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from crosswalk.model.errors import TransientError
from crosswalk.platforms import platform_of
from crosswalk_airflow.local.loopback import Body, ask

Access = Mapping[str, object]


def access(base_url: str) -> Access:
    """Ask a running emulator for its credentials; the URLs in them begin with `base_url`."""
    found = ask("GET", f"{base_url}/__sandbox__/state").get("access")
    if not isinstance(found, dict):
        raise TransientError(f"The emulator at {base_url} does not tell how to sign in.", hint="See its log.")
    return found


def connections(base_urls: Mapping[str, str]) -> list[Body]:
    """Return the Airflow connections to the emulators at these URLs, by platform."""
    return [connection_to(platform, access(url)) for platform, url in base_urls.items()]


def for_import(found: list[Body]) -> str:
    """Return connections as a file for `airflow connections import`."""
    named = {str(one["connection_id"]): {k: v for k, v in one.items() if k != "connection_id"} for one in found}
    return json.dumps(named, indent=2)


def connection_to(platform: str, found: Access) -> Body:
    """Describe an emulator as a connection of its platform's type, with what that one's form knows; an emulator may tell more."""
    known = platform_of(platform).sandbox
    return {
        "connection_id": platform,
        "conn_type": platform,
        "description": f"The sandbox's {platform} account",
        "extra": json.dumps({name: found[name] for name in known.extra if found.get(name) is not None}),
        **{part: found.get(theirs) for part, theirs in known.parts.items()},
    }


if __name__ == "__main__":  # python -m crosswalk_airflow.local.sandbox <platform>=http://host:port …
    sys.stdout.write(for_import(connections(dict(argument.split("=", 1) for argument in sys.argv[1:]))))
