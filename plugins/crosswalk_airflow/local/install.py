"""Make the virtual environment from the committed lock. Plain Python, because nothing is installed yet.

`python3 install.py PROJECT` does nothing when the environment was made from the same lock.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

_OLDEST, _NEWEST = (3, 11), (3, 13)


class InstallationError(Exception):
    """A sentence for the user."""


def say(text: str) -> None:
    """Tell at once, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def wanted(project: Path) -> str:
    """Name the environment that the lock asks for; it changes with the lock, the package list and the place."""
    digest = hashlib.sha256(str(project).encode())  # scripts in an environment hold absolute paths
    for name in ("constraints.txt", "pyproject.toml"):
        digest.update((project / name).read_bytes())
    return digest.hexdigest()


def is_current(project: Path) -> bool:
    """Say whether the environment is there and was made from this lock."""
    stamp, python = project / ".venv" / ".lock", project / ".venv" / "bin" / "python"
    return os.access(python, os.X_OK) and stamp.is_file() and stamp.read_text() == wanted(project)


def install(project: Path) -> None:
    """Create or bring up to date `.venv`: every package at its locked version, byte-compiled, then the project."""
    if is_current(project):
        return
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        raise InstallationError(
            f"Crosswalk needs Python 3.11, 3.12 or 3.13; {sys.executable} is {sys.version.split()[0]}. "
            "Name another one: make up PYTHON=python3.12"
        )
    started = time.monotonic()
    environment = project / ".venv"
    (environment / ".lock").unlink(missing_ok=True)
    lock = str(project / "constraints.txt")
    say("Installing the locked packages into .venv (about a minute, once).")
    pip = _installer(environment)
    _run([*pip, "--no-deps", "-r", lock])
    _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(project)])
    _compile(environment)
    (environment / ".lock").write_text(wanted(project))
    say(f"  {time.monotonic() - started:5.1f} s  packages installed")


def _installer(environment: Path) -> list[str]:
    """Return the command that installs into the environment, which is created if it is missing or broken."""
    python = environment / "bin" / "python"
    uv = shutil.which("uv")
    if uv and _succeeds([uv, "--version"]):
        if not _is_usable(python):
            _run([uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(environment)])
        return [uv, "pip", "install", "--quiet", "--python", str(python)]
    pip = [str(python), "-m", "pip"]
    if not (_is_usable(python) and _succeeds([*pip, "--version"])):
        shutil.rmtree(environment, ignore_errors=True)
        if not _succeeds([sys.executable, "-c", "import venv, ensurepip"]):
            raise InstallationError(
                f"{sys.executable} cannot make virtual environments: install your system's package for it "
                "(Debian, Ubuntu: python3-venv), or install uv."
            )
        _run([sys.executable, "-m", "venv", str(environment)])
    return [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]


def _compile(environment: Path) -> None:
    """Compile every module on all cores: without it each Airflow process starts several times slower.

    A few packages carry templates that are no Python; what cannot be compiled is left alone.
    """
    code = "import compileall, sys; compileall.compile_dir(sys.argv[1], quiet=2, workers=0)"
    _run([str(environment / "bin" / "python"), "-c", code, str(environment / "lib")])


def _is_usable(python: Path) -> bool:
    check = f"import sys; sys.exit(not {_OLDEST} <= sys.version_info[:2] <= {_NEWEST})"
    return os.access(python, os.X_OK) and _succeeds([str(python), "-c", check])


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _run(command: list[str]) -> None:
    """Run a step; its output is shown only when it fails."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environ)
    if done.returncode != 0:
        last_lines = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise InstallationError(
            f"{last_lines}\nThe packages could not be installed. Check the network and the package index that pip uses "
            "(`pip config list`), free disk space (1 GB is needed), then run the same command again."
        )


def main() -> int:
    """Install for the project named on the command line; 1 when that failed."""
    try:
        install(Path(sys.argv[1]).resolve())
    except InstallationError as error:
        say(f"Error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
