"""What every stage needs: the hub, the pairing, the connectors, the run and one fixed now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crosswalk.connectors.protocol import Connector
from crosswalk.hub.database import Hub
from crosswalk.mapping.document import SystemMapping, load_mapping
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing
from crosswalk.platforms import Side


@dataclass(frozen=True, slots=True)
class StageContext:
    """The surroundings of one task. ``open_connector`` is called only by stages that talk to a system; ``now`` is fixed for the task; ``clock`` gives None, which means the hub's clock, unless a test sets one."""

    hub: Hub
    pairing: Pairing
    run_id: str
    open_connector: Callable[[Side], Connector]
    mappings_folder: Path
    now: datetime
    clock: Callable[[], datetime | None] = lambda: None
    actor: str = "crosswalk"
    _parsed: dict[Side, SystemMapping] = field(default_factory=dict, init=False, repr=False, compare=False)

    def mapping(self, side: Side) -> SystemMapping:
        """Return the side's mapping file; it is read once in a task."""
        if side not in self._parsed:
            self._parsed[side] = load_mapping(self.mappings_folder / self.pairing.side(side).mapping)
        return self._parsed[side]

    def mapper(self, side: Side, entity: str) -> Mapper:
        """Return the side's mapper for ``entity``; raises ConfigurationError when its mapping file has none."""
        mapping = self.mapping(side)
        if entity not in mapping.entities:
            file = self.pairing.side(side).mapping
            raise ConfigurationError(
                f"{file} maps no {entity!r}, but pairing {self.pairing.name} reads or writes it.",
                hint=f"Add `{entity}:` to {file} or take it out of the pairing.",
            )
        return Mapper(self.pairing.side(side).system, mapping.entities[entity])
