"""What the platforms are: one file each, found by being here. Nothing else in engine or Airflow rooms knows a vendor by name.

A file is called as the platform is and holds one :class:`Platform`, ``PLATFORM``. It is data, cheap to import: Airflow's processes
read it when they start, and no connector is opened by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from crosswalk.model.errors import ConfigurationError
from crosswalk.platforms.definition import (
    STANDARD_PARTS,
    ConnectionField,
    ConnectionForm,
    Platform,
    SandboxAccess,
    Screens,
    Side,
    origin,
)

__all__ = [
    "STANDARD_PARTS",
    "ConnectionField",
    "ConnectionForm",
    "Platform",
    "SandboxAccess",
    "Screens",
    "Side",
    "origin",
    "platform_of",
    "platforms",
    "sides",
]


@cache
def platforms() -> Mapping[str, Platform]:
    """Return every platform that is declared, by its name."""
    names = sorted(one.name for one in iter_modules(__path__) if one.name != "definition")
    return {name: import_module(f"{__name__}.{name}").PLATFORM for name in names}


def platform_of(name: str) -> Platform:
    """Return a platform; raises ConfigurationError for one that nobody declared."""
    found = platforms().get(name)
    if found is None:
        raise ConfigurationError(f"There is no platform {name!r}.", hint=f"Use one of: {', '.join(platforms())}.")
    return found


def title_of(system: str | None) -> str:
    """Return a system as its vendor writes it; one that is called otherwise than its platform keeps its name."""
    found = platforms().get(system or "")
    return found.title if found else (system or "").replace("_", " ")


def sides() -> dict[str, Side]:
    """Return which side each platform is on."""
    return {name: one.side for name, one in platforms().items()}
