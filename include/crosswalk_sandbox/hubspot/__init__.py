"""HubSpot in the sandbox: the CRM API, numbered and dated, over SQLite.

Built from the platform reference and contract data only; ``docs/emulators/hubspot.md`` lists what is behaved, how well
that is proven, and by which test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk_sandbox.hubspot.emulator import HubSpotEmulator
from crosswalk_sandbox.hubspot.options import Options

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

__all__ = ["HubSpotEmulator", "Options", "create"]


def create(directory: Path, clock: Clock, options: Mapping[str, object]) -> HubSpotEmulator:
    """The account whose state lies under ``directory``; ``options`` are the fields of :class:`Options`."""
    return HubSpotEmulator(directory, clock, Options.read(options))
