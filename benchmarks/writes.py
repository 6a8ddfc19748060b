"""How much of each platform's possible rate updates of customers use, when every request takes its time.

The updates go the way the tasks send them: planned intents in a real Postgres with durable commits, claimed with a lease, marked as
sending, sent, recorded with their receipts, each write with the version that it was planned against. What is possible follows from
the platform:

salesforce        200 records a collection, 2,000 versions a request (§7.1), four requests at once
netsuite          one record a request (§5.6), 1,000 versions a query (§6), twenty requests at once in its larger tiers (§10)
hubspot           100 records a batch, 100 versions a batch (§9), 190 requests in ten seconds (§6); what runs at once is not limited
sap_business_one  one record a request, since ETags are not looked at inside a batch (§7, §9); the ETag is made of the version, which
                  costs no request; four sessions, whose requests wait for each other (§3)

The emulator adds the time of a request before it works, within its session where the platform has one; what it, the network and the
intent protocol need themselves counts against us.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.emulators import Emulator, serving
from benchmarks.engine import INCLUDE, Engine, pairing, side_of
from benchmarks.measure import cost, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.report import Outcome, Settings, Table
from crosswalk.connectors.protocol import Connector
from crosswalk.delivery.dispatch import Delivery
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import IntentDraft, store_plan
from crosswalk.mapping.document import load_mapping
from crosswalk.pairing.document import Pairing
from crosswalk.stages.deliver import write_builder

AIM = 0.9
FLOW = "customers"
WINDOW = 10.0  # seconds of a rolling limit (HubSpot §6)


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform allows: records a request, versions a request, the time of a request, and requests at once or in ten seconds.

    ``versions`` None costs no request; ``updates`` is how many are sent, ``account`` what the emulator is told.
    """

    system: str
    values: Mapping[str, str]
    parent: str
    batch: int
    versions: int | None
    seconds: float
    slots: int | None = None
    window: int | None = None
    account: Mapping[str, object] = field(default_factory=dict)
    updates: int = 10_000

    @property
    def least_requests(self) -> int:
        """The fewest requests for the updates, versions included."""
        return math.ceil(self.updates / self.batch) + (math.ceil(self.updates / self.versions) if self.versions else 0)

    @property
    def least_seconds(self) -> float:
        """The shortest time for them: no update goes before the first versions are known, no request beyond the window's."""
        first = 1 if self.versions else 0
        rounds = math.ceil((self.least_requests - first) / self.slots) if self.slots else 1
        windows = (self.least_requests - 1) // self.window if self.window else 0
        return max((first + rounds) * self.seconds, windows * WINDOW + self.seconds)


PLATFORMS = (
    Platform(
        "salesforce", {"Description": "Measured."}, "ParentId", batch=200, versions=2_000, seconds=2.0, slots=4
    ),
    Platform(
        "netsuite", {"comments": "Measured."}, "parent", batch=1, versions=1_000, seconds=1.0, slots=20,
        account={"concurrency": 20},
    ),
    Platform(
        "hubspot", {"description": "Measured."}, "hs_parent_company_id", batch=100, versions=100, seconds=1.0, window=190
    ),
    Platform(
        "sap_business_one", {"Notes": "Measured."}, "FatherCard", batch=1, versions=None, seconds=0.2, slots=4,
        account={"nodes": 4},
    ),
)  # fmt: skip
SYSTEMS = tuple(platform.system for platform in PLATFORMS)


def run(settings: Settings) -> Iterator[Outcome]:
    """Update customers in each system, after a company of a few more was loaded."""
    with running_postgres() as server:
        for platform in PLATFORMS:
            if settings.wants(platform.system):
                updates = settings.wished or (platform.updates // 10 if settings.quick else platform.updates)
                yield outcome(platform.system, _measured(replace(platform, updates=updates), server))


def _measured(platform: Platform, server: str) -> dict[str, Any]:
    """Load a company into the emulator, plan the updates and deliver them."""
    size = {"accounts": int(platform.updates * 1.25) + 50, "products": 20, "deals": 40}
    with (
        tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder,
        serving(platform.system, Path(folder), hours_ago=24, options=dict(platform.account), **size) as emulator,
    ):
        hub = Hub(new_database(server, platform.system, hub=True), size=40)
        try:
            return deliveries(platform, hub, emulator, server)
        finally:
            hub.close()


def deliveries(platform: Platform, hub: Hub, emulator: Emulator, server: str) -> dict[str, Any]:
    """Deliver the updates as a task does; raises RuntimeError when one was not done."""
    options = {platform.system: {"lane": "orders"}}
    settings = {platform.system: emulator.settings()}
    engine = Engine(hub, settings, _pairing(platform), options=options, read_only=False)
    context, side = engine.context(), side_of(engine.pairing, platform.system)
    drafts = list(islice(_drafts(platform, engine.connector(side)), platform.updates))
    with hub.connection() as connection:
        store_plan(
            connection, pairing=context.pairing.name, flow=FLOW, run_id=context.run_id, mode="live", now=context.now, drafts=drafts
        )  # fmt: skip
    settled(server)
    connector = engine.connector(side)  # one of its own: what the other one read is not to count
    delivery = Delivery(
        hub, connector, context.pairing.name, FLOW, context.run_id, write_builder(context, FLOW), context.clock
    )
    emulator.later(WINDOW)  # what was read to plan the updates counts no more
    emulator.latency(platform.seconds)
    emulator.count_anew()
    spent = emulator.cpu()
    with cost() as own:
        done = len(delivery.run().done)
    emulator.latency(0)
    if done != len(drafts) or done != platform.updates:
        raise RuntimeError(f"{platform.updates} updates were sent to {platform.system}, {done} were done.")
    least = platform.least_seconds
    return {"updates": done, "wall": own.wall, "least": least, "share": ratio(least, own.wall),
            "slots": connector.capabilities.parallel_requests,
            "batch": connector.capabilities.write_batch.get("customer", 1), "seconds": platform.seconds,
            "requests": emulator.requests().total, "least_requests": platform.least_requests,
            "cpu": own.cpu, "peak_mb": own.peak_mb, "emulator_cpu": emulator.cpu() - spent}  # fmt: skip


def _pairing(platform: Platform) -> Pairing:
    """Return the shipped pairing, with the limit of the account that is measured."""
    shipped = pairing(platform.system)
    if platform.slots is None:
        return shipped
    side = side_of(shipped, platform.system)
    chosen = shipped.side(side).model_copy(update={"concurrent_requests": platform.slots})
    return shipped.model_copy(update={side: chosen})


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


def outcome(system: str, found: Mapping[str, Any]) -> Outcome:
    """Put a platform beside its limit."""
    head = ["", "share of the possible rate", "updates", "updates a second", "wall s", "least s", "requests", "fewest", "s a request", "at once",
            "records a batch", "CPU ms an update", "emulator's CPU s"]  # fmt: skip
    row = [system, f"{found['share']:.1%}", found["updates"], round(found["updates"] / found["wall"], 1), found["wall"], found["least"],
           found["requests"], found["least_requests"], found["seconds"], found["slots"], found["batch"],
           found["cpu"] * 1000 / found["updates"], round(found["emulator_cpu"], 1)]  # fmt: skip
    headline = f"{found['share']:.1%} of {system}'s possible rate (aim {AIM:.0%})"
    table = Table("Updates of customers, versions stated", head, [row])
    return Outcome(f"writes-{system}", headline, found["share"] >= AIM, dict(found), [table])
