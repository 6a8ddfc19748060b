"""An emulated Salesforce org: REST, SOQL, composite, bulk, SOAP login, with the strictness of the real one.

Built from the platform reference and recorded exchanges only; ``docs/emulators/salesforce.md`` lists what is behaved,
how well that is proven, and by which test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .emulator import SalesforceEmulator
from .options import Options
from .org import HasNow

__all__ = ["Options", "SalesforceEmulator", "create"]


def create(directory: Path, clock: HasNow, options: Mapping[str, object] | None = None) -> SalesforceEmulator:
    """The emulator with its state in ``directory``; ``options`` are the fields of :class:`Options`."""
    return SalesforceEmulator(directory, clock, options or {})
