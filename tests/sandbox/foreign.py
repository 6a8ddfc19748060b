"""Other people's clients, as their packages ship them, each in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Kit:
    """What one environment holds, pinned, and the oldest Python its packages take."""

    name: str
    packages: tuple[str, ...]
    bare: tuple[str, ...] = ()
    """Packages that come without what they ask for."""
    python: tuple[int, int] = (3, 11)


def environment(kit: Kit, cache: Path) -> Path:
    """The environment's interpreter, built on first use; skips when it cannot be built, fails when that is on CI."""
    folder = cache / "-".join((kit.name, *(package.replace("==", "-") for package in kit.packages + kit.bare)))
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
    steps = [[*make, str(folder)], [*install, *kit.packages]]
    for command in [*steps, [*install, "--no-deps", *kit.bare]] if kit.bare else steps:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=without_path())
        if done.returncode:
            _give_up(f"{kit.name} could not be installed: {done.stderr.strip()[-300:]}")
    (folder / "complete").touch()
    return python


def without_path() -> dict[str, str]:
    """The process's environment without what would lead another interpreter to this one's packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


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
