"""How much of each platform's possible rate updates of customers use, when every request takes its time.

The updates go the way the tasks send them: planned intents in a real Postgres with durable commits, claimed with a lease, marked as
sending, sent, recorded with their receipts, each write with the version that it was planned against. What is possible follows from
the platform: Salesforce takes 200 records a collection and tells 2,000 versions a request (§7.1), with four requests at once; NetSuite
takes one record a request (§5.6) and tells 1,000 versions a query (§6), with twenty requests at once in its larger tiers (§10). The
emulator adds the time of a request before it works; what it, the network and the intent protocol need themselves counts against us.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.emulators import Emulator, serving
from benchmarks.engine import INCLUDE, Engine, pairing
from benchmarks.measure import cost, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.report import Outcome, Settings, Table
from crosswalk.connectors.protocol import Connector
from crosswalk.delivery.dispatch import Delivery
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import IntentDraft, store_plan
from crosswalk.mapping.document import load_mapping
from crosswalk.pairing.document import Pairing, Side
from crosswalk.stages.deliver import write_builder

AIM = 0.9
FLOW = "customers"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform allows: records a request, versions a request, and the time of a request; and how many updates are sent."""

    system: str
    side: Side
    values: Mapping[str, str]
    parent: str
    batch: int
    versions: int
    seconds: float
    slots: int
    updates: int = 10_000

    @property
    def least_requests(self) -> int:
        """The fewest requests for the updates, versions included."""
        return math.ceil(self.updates / self.batch) + math.ceil(self.updates / self.versions)

    def least_seconds(self, slots: int) -> float:
        """Return the shortest time for them, so many requests at once; no update goes before the first versions are known."""
        return (1 + math.ceil((self.least_requests - 1) / slots)) * self.seconds


PLATFORMS = (
    Platform(
        "salesforce",
        "crm",
        {"Description": "Measured."},
        "ParentId",
        batch=200,
        versions=2_000,
        seconds=2.0,
        slots=4,
    ),
    Platform("netsuite", "erp", {"comments": "Measured."}, "parent", batch=1, versions=1_000, seconds=1.0, slots=20),
)


def run(settings: Settings) -> Outcome:
    """Update customers in each system, after a company of a few more was loaded."""
    measured = {}
    with running_postgres() as server:
        for platform in PLATFORMS:
            chosen = replace(platform, updates=platform.updates // 10) if settings.quick else platform
            measured[platform.system] = _measured(chosen, server)
    return outcome(measured)


def _measured(platform: Platform, server: str) -> dict[str, Any]:
    """Load a company into the emulator, plan the updates and deliver them."""
    size = {"accounts": int(platform.updates * 1.25) + 50, "products": 20, "deals": 40}
    options = {"concurrency": platform.slots} if platform.system == "netsuite" else {}
    with (
        tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder,
        serving(platform.system, Path(folder), hours_ago=24, options=options, **size) as emulator,
    ):
        hub = Hub(new_database(server, platform.system, hub=True), size=platform.slots + 8)
        try:
            return deliveries(platform, hub, emulator, server)
        finally:
            hub.close()


def deliveries(platform: Platform, hub: Hub, emulator: Emulator, server: str) -> dict[str, Any]:
    """Deliver the updates as a task does; raises RuntimeError when one was not done."""
    options = {platform.system: {"lane": "orders"}}
    settings = {platform.system: emulator.settings()}
    engine = Engine(hub, settings, _pairing(platform), options=options, read_only=False)
    connector, context = engine.connector(platform.side), engine.context()
    drafts = list(islice(_drafts(platform, connector), platform.updates))
    with hub.connection() as connection:
        store_plan(
            connection, pairing=context.pairing.name, flow=FLOW, run_id=context.run_id, mode="live", now=context.now, drafts=drafts
        )  # fmt: skip
    settled(server)
    slots = connector.capabilities.parallel_requests
    delivery = Delivery(
        hub, connector, context.pairing.name, FLOW, context.run_id, write_builder(context, FLOW), context.clock
    )
    emulator.latency(platform.seconds)
    emulator.count_anew()
    spent = emulator.cpu()
    with cost() as own:
        done = len(delivery.run().done)
    emulator.latency(0)
    if done != len(drafts) or done != platform.updates:
        raise RuntimeError(f"{platform.updates} updates were sent to {platform.system}, {done} were done.")
    least = platform.least_seconds(slots)
    return {"updates": done, "wall": own.wall, "least": least, "share": ratio(least, own.wall), "slots": slots,
            "batch": connector.capabilities.write_batch.get("customer", 1), "seconds": platform.seconds,
            "requests": emulator.requests().total, "least_requests": platform.least_requests,
            "cpu": own.cpu, "emulator_cpu": emulator.cpu() - spent}  # fmt: skip


def _pairing(platform: Platform) -> Pairing:
    """Return the shipped pairing, with the limit of the account that is measured."""
    shipped = pairing()
    side = shipped.side(platform.side).model_copy(update={"concurrent_requests": platform.slots})
    return shipped.model_copy(update={platform.side: side})


def _drafts(platform: Platform, connector: Connector) -> Iterator[IntentDraft]:
    """Yield an update of each customer there is, with the version it has."""
    selection = load_mapping(INCLUDE / "mappings" / f"{platform.system}.yaml").entities["customer"].selection
    for page in connector.pull(selection, None):
        for record in page.records:
            yield IntentDraft(
                key=f"WRITES-{record.key}",
                entity="customer",
                operation="update",
                source_system="benchmark",
                source_key=record.key,
                source_version=None,
                target_system=platform.system,
                target_key=record.key,
                depends_on=None,
                payload={
                    "values": dict(platform.values),
                    "lines": [],
                    "version": record.version,
                    "parent": record.values.get(platform.parent),
                },
            )


def outcome(measured: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """Put each platform beside its limit."""
    parts = ", ".join(f"{found['share']:.1%} of {name}'s possible rate" for name, found in measured.items())
    head = ["", "share of the possible rate", "updates", "updates a second", "wall s", "least s", "requests", "fewest", "s a request", "at once",
            "records a batch", "CPU ms an update", "emulator's CPU s"]  # fmt: skip
    rows = [
        [name, f"{found['share']:.1%}", found["updates"], round(found["updates"] / found["wall"], 1), found["wall"], found["least"], found["requests"],
         found["least_requests"], found["seconds"], found["slots"], found["batch"], found["cpu"] * 1000 / found["updates"],
         round(found["emulator_cpu"], 1)]
        for name, found in measured.items()
    ]  # fmt: skip
    met = min(float(found["share"]) for found in measured.values()) >= AIM
    table = Table("Updates of customers, versions stated", head, rows)
    return Outcome("writes", f"{parts} (aim {AIM:.0%})", met, {"platforms": measured}, [table])
