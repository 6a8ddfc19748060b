"""Salesforce §2.9: aio-sf, unmodified, over plain http. It lives in an environment of its own, kept in pytest's cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from crosswalk_sandbox.kernel.server import running

PROGRAM = Path(__file__).with_name("aio_sf_client.py")
WANTED = ("aio-sf==0.1.0b14", "httpx==0.28.1")
"""aio-sf's core needs httpx only; its Parquet export, which needs much more, is left out."""


@pytest.fixture(scope="session")
def python(pytestconfig: pytest.Config) -> Path:
    """A Python that has aio-sf; skips where it cannot be had, except in CI."""
    folder = pytestconfig.cache.mkdir("aio-sf")
    found, mark = folder / "env" / "bin" / "python", folder / "installed.txt"
    if mark.exists() and mark.read_text() == " ".join(WANTED) and found.exists():
        return found
    uv = shutil.which("uv")
    steps = ["venv", "--clear", str(folder / "env")], ["pip", "install", "--python", str(found), *WANTED, "--no-deps"]
    needed = ["pip", "install", "--python", str(found), WANTED[1]]
    for step in (*steps, needed):
        done = subprocess.run([uv, *step], capture_output=True, text=True, timeout=120, check=False) if uv else None
        if done is None or done.returncode:
            reason = "uv is not on the PATH" if done is None else done.stderr.strip().splitlines()[-1]
            if os.environ.get("CI") == "true":
                pytest.fail(f"aio-sf cannot be installed: {reason}")
            pytest.skip(f"aio-sf cannot be installed here ({reason}); it is tried where a package index can be reached")
    mark.write_text(" ".join(WANTED))
    return found


def test_aio_sf_does_all_it_offers(make_api, python):
    api = make_api(page_size=100)
    with running(api.emulator, clock=api.clock) as url:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        access = json.dumps(api.emulator.access(url))
        done = subprocess.run(
            [python, "-I", PROGRAM, access], env=environment, capture_output=True, text=True, timeout=60, check=False
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
