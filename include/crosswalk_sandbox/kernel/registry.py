"""Which emulators there are, where their code is and which ports they take."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Final

from crosswalk_sandbox.kernel.emulator import Factory

PORT_BASE: Final = 8800
_TLS_OFFSET: Final = 100
_VENDORS: Final = ("salesforce", "netsuite", "hubspot", "sap_business_one", "dataverse", "dynamics_fo")
_GUEST: Final = len(_VENDORS) + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An emulator's name, the module whose ``create`` makes it, and its place among the ports."""

    name: str
    module: str
    place: int

    def port(self, base: int) -> int:
        """Port for http."""
        return base + self.place

    def tls_port(self, base: int) -> int:
        """Port for https."""
        return base + _TLS_OFFSET + self.place

    def factory(self) -> Factory:
        """The emulator's ``create``; raises LookupError with a sentence when there is none."""
        try:
            module = importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            raise LookupError(f"There is no emulator for {self.name}: module {error.name} is missing") from error
        factory: Factory | None = getattr(module, "create", None)
        if factory is None:
            raise LookupError(f"Module {self.module} has no create(directory, clock, options), so it is no emulator")
        return factory


def available() -> list[str]:
    """Vendors whose emulator is installed."""
    return [name for name in _VENDORS if importlib.util.find_spec(f"crosswalk_sandbox.{name}") is not None]


def entry(text: str) -> Entry:
    """The emulator called ``text``, or, as ``name=module``, one from elsewhere; raises LookupError for unknown names."""
    name, _, module = text.partition("=")
    if module:
        return Entry(name, module, _GUEST)
    if name not in _VENDORS:
        raise LookupError(f"There is no emulator called {name!r}; there are {', '.join(available())}")
    return Entry(name, f"crosswalk_sandbox.{name}", _VENDORS.index(name) + 1)
