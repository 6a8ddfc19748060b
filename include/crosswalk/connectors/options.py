"""The options a caller may give a connector: read by name, with the least and the most of each in its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from crosswalk.connectors.quota import BULK
from crosswalk.connectors.settings import whole_number

_UNITS = ("seconds", "minutes", "hours")


@dataclass(frozen=True, slots=True)
class Options:
    """What was given, by name. Every reading raises ConfigurationError that names the option whose value cannot be."""

    given: Mapping[str, object] = field(default_factory=dict)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return an option as a whole number within its bounds."""
        return whole_number(name, self.given.get(name, default), least, most)

    def duration(self, name: str, default: int, most: int) -> timedelta:
        """Return an option as a time; its name ends with the unit (``_seconds``, ``_minutes``, ``_hours``)."""
        (unit,) = (unit for unit in _UNITS if name.endswith(f"_{unit}"))
        return timedelta(**{unit: self.number(name, default, 0, most)})

    def text(self, name: str, default: str = "") -> str:
        """Return an option as text."""
        return str(self.given.get(name) or default)

    def names(self, name: str, defaults: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an option that names something for each entity, what is given over the ``defaults``."""
        return {**(defaults or {}), **cast("Mapping[str, str]", self.given.get(name, {}))}

    @property
    def lane(self) -> str:
        """The lane of the quota."""
        return self.text("lane", BULK)

    @property
    def attempts(self) -> int:
        """How often a request is tried."""
        return self.number("attempts", 5, 1, 100)

    @property
    def sleep(self) -> Callable[[float], None]:
        """How to wait some seconds."""
        return cast("Callable[[float], None]", self.given.get("sleep", time.sleep))

    @property
    def monotonic(self) -> Callable[[], float]:
        """What tells seconds that never go back."""
        return cast("Callable[[], float]", self.given.get("monotonic", time.monotonic))
