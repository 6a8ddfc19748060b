"""SAP Business One in the sandbox: the Service Layer, OData v4 and v3, over SQLite.

Built from the platform reference and contract data only; ``docs/emulators/sap_business_one.md`` lists what is behaved,
how well that is proven, and by which test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.emulator import BusinessOneEmulator
from crosswalk_sandbox.sap_business_one.options import Options

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

__all__ = ["BusinessOneEmulator", "Options", "create"]


def create(directory: Path, clock: Clock, options: Mapping[str, object]) -> BusinessOneEmulator:
    """The company whose state lies under ``directory``; ``options`` are the fields of :class:`Options`."""
    return BusinessOneEmulator(directory, clock, Options.read(options))
