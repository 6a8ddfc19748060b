"""Emulators' state with the demo company in it, loaded once a process and copied for each test that wants one of its own."""

from __future__ import annotations

import shutil
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock


def settle_in(folder: Path, platform: str, size: Size, seed: int) -> None:
    """Put an account with the company of ``seed`` into ``folder``, unless one is there."""
    if not folder.exists():
        shutil.copytree(_loaded(platform, size, seed).name, folder)


@cache
def _loaded(platform: str, size: Size, seed: int) -> TemporaryDirectory[str]:
    """A folder that lives as long as the process."""
    folder = TemporaryDirectory(prefix=platform)
    emulator = import_module(f"crosswalk_sandbox.{platform}").create(Path(folder.name), Clock(None), {})
    try:
        emulator.load(generate(seed, size=size))
    finally:
        emulator.close()
    return folder
