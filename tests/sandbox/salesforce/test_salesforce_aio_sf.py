"""Salesforce §2.9: aio-sf, unmodified, over plain http."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.sandbox.foreign import Kit, environment

from crosswalk_sandbox.kernel.server import running

PROGRAM = Path(__file__).with_name("aio_sf_client.py")
AIO_SF = Kit("aio-sf", ("httpx==0.28.1",), bare=("aio-sf==0.1.0b14",))
"""aio-sf's core needs httpx only; its Parquet export, which needs much more, is left out."""


def test_aio_sf_does_all_it_offers(make_api, environments):
    api = make_api(page_size=100)
    with running(api.emulator, clock=api.clock) as url:
        variables = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        access = json.dumps(api.emulator.access(url))
        done = subprocess.run(
            [environment(AIO_SF, environments), "-I", PROGRAM, access],
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {
        "expires_later": True,
        "described": True,
        "objects": True,
        "limit": 1_000_000,
        "organization": "Northwind Demo",
        "inserted": 450,
        "upserted": [[True, False], [False, False]],
        "deleted": 5,
        "queried": 445,
        "with_deleted": 450,
        "bulk": ["JobComplete", 445],
        "static": 2,
        "refreshed": 2,
    }
