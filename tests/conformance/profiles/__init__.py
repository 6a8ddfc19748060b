"""One file a platform, with a class ``PROFILE``. A file laid here joins both suites; nothing else is to be written."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from tests.conformance.vendor import EmulatorProfile, Profile


def emulator_profiles() -> list[EmulatorProfile]:
    """Every profile whose emulator is there."""
    return [one for one in _all() if find_spec(f"crosswalk_sandbox.{one.platform}")]


def connector_profiles() -> list[Profile]:
    """Every profile whose emulator and connector are there."""
    ready = [one for one in emulator_profiles() if find_spec(f"crosswalk.connectors.{one.platform}")]
    return [one for one in ready if isinstance(one, Profile)]


def _all() -> list[EmulatorProfile]:
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").PROFILE() for name in names]
