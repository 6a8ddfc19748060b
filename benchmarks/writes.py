"""How much of each platform's possible rate ten thousand updates of customers use, when every request takes its time.

The updates go the way the engine sends them: batches of the size that the connector states, as many at once as it states, each write with the
version that it was planned against. What is possible follows from the platform: Salesforce takes 200 records a collection and wants the versions
asked before (§7.1), so two requests for 200; NetSuite takes one record a request (§5.6) and tells 1,000 versions a query (§6), with five requests at
once (§10). Batches that a connector says are larger are its own affair: the limit stays.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.emulators import Emulator, serving
from benchmarks.engine import INCLUDE
from benchmarks.measure import cpu_seconds, ratio
from benchmarks.report import Outcome, Settings, Table
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import Operation, Write
from crosswalk.model.records import Outcome as Result

AIM = 0.9
UPDATES, QUICK_UPDATES = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform allows: records a request, requests a batch of writes needs, versions a query, and the time of a request."""

    system: str
    values: Mapping[str, str]
    batch: int
    versions: int
    seconds: float
    lots: int  # what else the connector is given at once, to show what asking for versions one by one costs

    def least_requests(self, updates: int) -> int:
        """Return the fewest requests for so many updates that state their versions."""
        return math.ceil(updates / self.batch) + math.ceil(updates / self.versions)

    def least_seconds(self, updates: int, slots: int) -> float:
        """Return the shortest time for them, so many requests at once."""
        rounds = math.ceil(updates / self.batch / slots) + math.ceil(updates / self.versions / slots)
        return rounds * self.seconds


PLATFORMS = (
    Platform("salesforce", {"Description": "Measured."}, batch=200, versions=200, seconds=1.0, lots=200),
    Platform("netsuite", {"comments": "Measured."}, batch=1, versions=1_000, seconds=0.1, lots=20),
)


def run(settings: Settings) -> Outcome:
    """Update customers in each system, after a company of a few more was loaded."""
    updates = QUICK_UPDATES if settings.quick else UPDATES
    measured = {}
    for platform in PLATFORMS:
        with (
            tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder,
            serving(
                platform.system, Path(folder), accounts=int(updates * 1.25) + 50, products=20, deals=40, hours_ago=24
            ) as emulator,
        ):
            measured |= _measured(platform, emulator, updates)
    return outcome(updates, measured)


def _measured(platform: Platform, emulator: Emulator, updates: int) -> dict[str, dict[str, Any]]:
    """Deliver in batches as the connector states them; in larger lots, fewer of them, if those are larger."""
    connector = open_connector(platform.system, emulator.settings(), read_only=False)
    stated = connector.capabilities.write_batch.get("customer", 1)
    found = {platform.system: deliveries(platform, connector, emulator, updates, stated)}
    if platform.lots > stated:
        few = max(updates // 10, 1)
        found[f"{platform.system}, in lots of {platform.lots}"] = deliveries(
            platform, connector, emulator, few, platform.lots
        )
    return found


def deliveries(platform: Platform, connector: Connector, emulator: Emulator, updates: int, size: int) -> dict[str, Any]:
    """Deliver so many updates, ``size`` a call; raises RuntimeError when one was not done."""
    writes = list(islice(_writes(platform, connector), updates))
    slots = connector.capabilities.parallel_requests
    connector.find("customer", ["SF-ACC-none"])  # signs in
    emulator.latency(platform.seconds)
    emulator.count_anew()
    spent, began, own = emulator.cpu(), time.perf_counter(), cpu_seconds()
    with ThreadPoolExecutor(slots) as pool:
        receipts = [one for many in pool.map(connector.deliver, _batches(writes, size)) for one in many]
    wall = time.perf_counter() - began
    emulator.latency(0)
    done = sum(receipt.outcome is Result.DONE for receipt in receipts)
    if done != len(writes) or done != updates:
        raise RuntimeError(f"{updates} updates were sent to {platform.system}, {done} were done.")
    least = platform.least_seconds(updates, slots)
    return {"updates": updates, "wall": wall, "least": least, "share": ratio(least, wall), "slots": slots, "batch": size, "seconds": platform.seconds,
            "requests": emulator.requests().total, "least_requests": platform.least_requests(updates),
            "cpu": cpu_seconds() - own, "emulator_cpu": emulator.cpu() - spent}  # fmt: skip


def _writes(platform: Platform, connector: Connector) -> Iterator[Write]:
    selection = load_mapping(INCLUDE / "mappings" / f"{platform.system}.yaml").entities["customer"].selection
    for page in connector.pull(selection, None):
        for record in page.records:
            yield Write(
                f"WRITES-{record.key}",
                "customer",
                Operation.UPDATE,
                dict(platform.values),
                record.key,
                expected_version=record.version,
            )


def _batches(writes: Sequence[Write], size: int) -> list[Sequence[Write]]:
    return [writes[start : start + size] for start in range(0, len(writes), size)]


def outcome(updates: int, measured: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """Put each platform beside its limit."""
    judged = {platform.system: float(measured[platform.system]["share"]) for platform in PLATFORMS}
    parts = ", ".join(f"{share:.1%} of {name}'s possible rate" for name, share in judged.items())
    head = ["", "share of the possible rate", "updates", "updates a second", "wall s", "least s", "requests", "fewest", "s a request", "at once",
            "records a batch", "CPU ms an update", "emulator's CPU s"]  # fmt: skip
    rows = [
        [name, f"{found['share']:.1%}", found["updates"], round(found["updates"] / found["wall"], 1), found["wall"], found["least"], found["requests"],
         found["least_requests"], found["seconds"], found["slots"], found["batch"], found["cpu"] * 1000 / found["updates"],
         round(found["emulator_cpu"], 1)]
        for name, found in measured.items()
    ]  # fmt: skip
    figures = {"updates": updates, "platforms": measured}
    title = f"{updates:,} updates of customers, versions stated"
    return Outcome(
        "writes", f"{parts} (aim {AIM:.0%})", min(judged.values()) >= AIM, figures, [Table(title, head, rows)]
    )
