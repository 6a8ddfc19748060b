"""One file a platform, with a class ``PROFILE``. A file laid here joins both suites; nothing else is to be written."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from typing import cast

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
    return [_profile(name) for name in names]


def _profile(name: str) -> EmulatorProfile:
    """Return the profile of a file; raises TypeError naming all that it does not say yet."""
    kind = getattr(import_module(f"{__name__}.{name}"), "PROFILE", None)
    if kind is None:
        raise TypeError(
            f"profiles/{name}.py has no class PROFILE: a Profile, or an EmulatorProfile as long as there is no connector"
        )
    said = {told for base in kind.__mro__ for told in vars(base)}
    wanted = {one for base in kind.__mro__ for one in vars(base).get("__annotations__", ())}
    if missing := sorted((wanted - said) | kind.__abstractmethods__):
        raise TypeError(
            f"profiles/{name}.py does not say: {', '.join(missing)} (tests/conformance/vendor.py explains each)"
        )
    return cast("EmulatorProfile", kind())
