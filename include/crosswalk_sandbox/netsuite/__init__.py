"""NetSuite in the sandbox: SuiteTalk REST Web Services and SuiteQL over SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.emulator import NetSuiteEmulator
from crosswalk_sandbox.netsuite.options import Options

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

__all__ = ["NetSuiteEmulator", "Options", "create"]


def create(directory: Path, clock: Clock, options: Mapping[str, object]) -> NetSuiteEmulator:
    """The account whose state lies under ``directory``; ``options`` are the fields of :class:`Options`."""
    return NetSuiteEmulator(directory, clock, Options.read(options))
