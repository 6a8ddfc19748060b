"""HubSpot §1, §25: other people's clients, as their packages ship them, in an environment of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from hubspot_account import Client, Opener
from tests.sandbox.foreign import Kit, environment

SDK = Kit("hubspot-sdk", ("hubspot-sdk==0.1.0a9", "httpx==0.28.1"))
SCRIPTS = Path(__file__).parent / "clients"


def play(python: Path, script: str, hub: Client) -> Any:
    command = [str(python), "-W", "ignore", str(SCRIPTS / script)]
    done = subprocess.run(
        command,
        input=json.dumps(hub.access),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_vendors_dated_sdk_works_unmodified(account: Opener, environments: Path) -> None:
    hub = account()
    companies = hub.search("companies")["total"]
    assert play(environment(SDK, environments), "play_hubspot_sdk.py", hub) == {
        "read": "Sdk", "changed": "Ulm", "listed": companies + 1, "found": [True], "upserted": [False], "linked": [5, 341], "owners": 22,
        "properties": True, "pipelines": "default", "schemas": [], "portal": 4242, "gone": 404,
    }  # fmt: skip
