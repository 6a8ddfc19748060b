"""Other people's NetSuite clients, as their packages ship them, each in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "clients"


@dataclass(frozen=True)
class Kit:
    """What one environment holds, pinned, and the oldest Python its packages take."""

    name: str
    packages: tuple[str, ...]
    python: tuple[int, int] = (3, 11)


NETSUITE = Kit("netsuite", ("netsuite==0.12.0", "authlib==1.9.9", "httpx==0.27.2"))
NETSUITE_ASYNC = Kit("netsuite-async", ("netsuite-async==0.2.4", "authlib==1.9.9", "httpx==0.28.1"), (3, 12))
REQUESTS_BASED = Kit("requests-based", ("netsuite-oauth-python==1.0.0", "restsuite==1.0.0", "netsuite-client==0.1.1"))


def environment(kit: Kit, cache: Path) -> Path:
    """The environment's interpreter, built on first use; skips when it cannot be built, fails when that is on CI."""
    folder = cache / "-".join((kit.name, *(package.replace("==", "-") for package in kit.packages)))
    python = folder / "bin" / "python"
    if (folder / "complete").exists() and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    base = _interpreter(kit)
    uv = shutil.which("uv")
    make = [uv, "venv", "-q", "--python", base] if uv else [base, "-m", "venv"]
    install = (
        [uv, "pip", "install", "-q", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    )
    for command in ([*make, str(folder)], [*install, *kit.packages]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=_without_path())
        if done.returncode:
            _give_up(f"{kit.name} could not be installed: {done.stderr.strip()[-300:]}")
    (folder / "complete").touch()
    return python


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(f"{reason} (needs a package index)")


def _interpreter(kit: Kit) -> str:
    for candidate in _candidates():
        asked = [candidate, "-c", "import sys; print(*sys.version_info[:2])"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30)
        if told.returncode == 0 and tuple(map(int, told.stdout.split())) >= kit.python:
            return candidate
    return pytest.skip(f"{kit.name} asks for Python {kit.python[0]}.{kit.python[1]} or newer, and none was found")


def _candidates() -> Iterator[str]:
    yield sys.executable
    yield from filter(None, (shutil.which(f"python3.{minor}") for minor in (12, 13, 14)))
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(versions.glob("3.1[2-9]*/bin/python")))


def _without_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def play(python: Path, script: str, access: Mapping[str, Any]) -> dict[str, Any]:
    """What a client's script told as JSON; it reaches the vendor's hosts by the proxy and trusts the sandbox's CA."""
    led = {"HTTPS_PROXY": access["proxy"], "SSL_CERT_FILE": access["ca_file"], "REQUESTS_CA_BUNDLE": access["ca_file"]}
    unset = ("HTTP_PROXY", "NO_PROXY", "ALL_PROXY")
    env = {name: value for name, value in _without_path().items() if name.upper() not in unset} | led
    done = subprocess.run(
        [str(python), "-W", "ignore", str(SCRIPTS / script)],
        input=json.dumps(access), capture_output=True, text=True, check=False, timeout=60, env=env)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
