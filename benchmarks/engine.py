"""The engine's stages in this process, on emulators and a hub that run elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crosswalk.connectors.meter import Meter
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.quota import PostgresQuota, Quota, SystemLimits
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.hub.database import Hub
from crosswalk.pairing import Pairing, load_pairing
from crosswalk.pairing.document import Side
from crosswalk.stages.context import StageContext

INCLUDE = Path(__file__).parents[1] / "include"


PAIRINGS = {
    "salesforce": "netsuite_salesforce",
    "netsuite": "netsuite_salesforce",
    "hubspot": "sap_business_one_hubspot",
    "sap_business_one": "sap_business_one_hubspot",
}


def pairing(system: str = "salesforce") -> Pairing:
    """Return the pairing of a system that ships."""
    return load_pairing(INCLUDE / "pairings" / f"{PAIRINGS[system]}.yaml")


def side_of(chosen: Pairing, system: str) -> Side:
    """Return the side of a pairing that a system is on."""
    return "crm" if chosen.crm.system == system else "erp"


@dataclass
class Engine:
    """Contexts for the stages. ``options`` are those of a side's connector; limits are shared through Postgres, as by workers."""

    hub: Hub
    settings: Mapping[str, ConnectionSettings]
    pairing: Pairing = field(default_factory=pairing)
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    read_only: bool = True
    wrap: Callable[[Connector], Connector] = lambda connector: connector
    meter: Meter = field(default_factory=Meter)
    runs: int = 0
    _quota: Quota | None = None

    def context(self, **changes: Any) -> StageContext:
        """Return the surroundings of one task of a new run."""
        self.runs += 1
        context = StageContext(
            self.hub, self.pairing, f"bench-{self.runs}", self.connector, INCLUDE / "mappings", datetime.now(UTC)
        )
        return replace(context, **changes)

    def connector(self, side: Side) -> Connector:
        """Return a new connector, as a task would open it."""
        chosen = self.pairing.side(side)
        return self.wrap(
            open_connector(
                chosen.platform,
                self.settings[chosen.system],
                system=chosen.system,
                read_only=self.read_only,
                quota=self.quota,
                meter=self.meter,
                options=self.options.get(chosen.system),
            )
        )

    @property
    def quota(self) -> Quota:
        """The pairing's limits."""
        if self._quota is None:
            limits = {
                one.system: SystemLimits(one.concurrent_requests, one.requests_per_day, one.share)
                for one in (self.pairing.crm, self.pairing.erp)
            }
            self._quota = PostgresQuota(self.hub.dsn, limits)
        return self._quota
