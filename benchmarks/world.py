"""Both emulators with one company, a hub filled from them, and orders that the ERP will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.emulators import Emulator, serving
from benchmarks.engine import Engine
from benchmarks.postgres import new_database
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import IntentDraft
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull

# An order in a currency that its customer is not billed in is refused (NetSuite §12.4): such deals serve no benchmark.
_PLANNED = """
select i.entity, i.source_system, i.source_entity, i.source_key, i.source_version, i.target_system, i.payload
  from hub.intent i
  join hub.deal d on d.system = i.source_system and d.key = i.source_key
  join hub.customer c on c.system = i.target_system and c.key = i.payload -> 'values' ->> 'entity' and c.currency = d.currency
 where i.entity = 'order' and i.operation = 'create' and i.depends_on is null order by i.key
"""


@dataclass(frozen=True, slots=True)
class World:
    """Two systems and the engine between them."""

    salesforce: Emulator
    netsuite: Emulator
    engine: Engine

    def pull_and_plan(self) -> None:
        """Bring phase 2's records into the hub and plan the orders of won deals, which stay held."""
        for side in ("crm", "erp"):
            for entity in self.engine.pairing.phases["orders"].read[side]:
                pull(self.engine.context(), side, entity)
        link_all(self.engine.context())
        plan(self.engine.context(), "orders")

    def orders(self, count: int, prefix: str) -> list[IntentDraft]:
        """Return so many orders under keys of their own, with the contents of those that were planned.

        Raises RuntimeError when the company's deals gave none.
        """
        with self.engine.hub.connection() as connection:
            planned = connection.execute(_PLANNED.encode()).fetchall()
        if not planned:
            raise RuntimeError("No won deal of the company became an order, so there is nothing to send.")
        return [_draft(f"{prefix}-{number}", row) for number, row in enumerate(islice(cycle(planned), count))]


def _draft(key: str, row: tuple[Any, ...]) -> IntentDraft:
    entity, source_system, source_entity, source_key, source_version, target_system, payload = row
    draft = IntentDraft(
        key=key,
        entity=entity,
        operation="create",
        source_system=source_system,
        source_entity=source_entity,
        source_key=source_key,
        source_version=source_version,
        target_system=target_system,
        target_key=None,
        depends_on=None,
        payload=payload,
    )
    return replace(draft, source_key=f"{source_key}-{key}")


@contextmanager
def both_systems(place: Path, server: str, **size: int) -> Iterator[World]:
    """Serve both emulators with the company of that size (``accounts``, ``products``, ``deals``), and an empty hub."""
    with ExitStack() as stack:
        served = {
            name: stack.enter_context(serving(name, place / name, hours_ago=1, **size))
            for name in ("salesforce", "netsuite")
        }
        hub = Hub(new_database(server, "hub", hub=True), size=10)
        stack.callback(hub.close)
        settings = {name: emulator.settings() for name, emulator in served.items()}
        yield World(served["salesforce"], served["netsuite"], Engine(hub, settings, read_only=False))
