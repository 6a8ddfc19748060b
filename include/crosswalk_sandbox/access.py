"""How to reach what is running: base URLs, CA file and credentials of each emulator, and its control routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from crosswalk_sandbox.kernel.control import PREFIX
from crosswalk_sandbox.kernel.server import HOST
from crosswalk_sandbox.kernel.state import Running, State

_TIMEOUT = 30


def read_access(folder: Path, *, https: bool = False) -> dict[str, Any]:
    """By emulator: ``http``, ``https``, ``ca_file``, ``control`` and ``credentials`` (for every auth flow).

    URLs within the credentials are http ones unless ``https``. Only emulators that are running are listed.
    """
    state = State(folder)
    return {one.name: _access(state, one, https) for one in state.running()}


def control(running: Running, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
    """Call a control route of a running emulator; raises ValueError with its sentence when it refuses."""
    answer = requests.request(method, f"http://{HOST}:{running.port}{PREFIX}/{path}", json=values, timeout=_TIMEOUT)
    told = answer.json()
    if not answer.ok:
        raise ValueError(told["error"])
    return told


def _access(state: State, running: Running, https: bool) -> dict[str, Any]:
    plain = f"http://{HOST}:{running.port}"
    secure = f"https://localhost:{running.tls_port}" if running.tls_port else None
    ca_file = str((state.certificates / "ca.pem").resolve()) if secure else None
    base = secure if https and secure else plain
    told = requests.get(f"{base}{PREFIX}/state", verify=ca_file or True, timeout=_TIMEOUT).json()
    return {
        "http": plain,
        "https": secure,
        "ca_file": ca_file,
        "control": f"{plain}{PREFIX}",
        "credentials": told["access"],
    }
