"""How much of the ERP's possible rate delivery uses, when every request takes a second.

NetSuite takes one record a request (§5.5) and five requests at once (§10), so that 500 orders need at least 100 seconds
when a request takes one. Each order goes the way of the intent protocol in a real Postgres with durable commits: claimed with a lease,
marked as sending, sent, recorded with its receipt. The emulator adds the second before it works; what it and the network need itself
counts against us.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import cost, ratio
from benchmarks.postgres import running_postgres, settled
from benchmarks.report import Outcome, Settings, Table
from benchmarks.world import World, both_systems
from crosswalk.hub.intents import let_through, store_plan
from crosswalk.stages.deliver import deliver

AIM = 0.9
ORDERS = 500
QUICK_ORDERS = 60
SLOTS = 5  # NetSuite §10, tier Standard
SECONDS = 1.0


def run(settings: Settings) -> Outcome:
    """Deliver the orders as the tasks do it, and on the lane of bulk reading, which leaves a slot free."""
    orders = QUICK_ORDERS if settings.quick else ORDERS
    with (
        tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder,
        running_postgres() as server,
        both_systems(Path(folder), server, accounts=60, products=30, deals=400) as world,
    ):
        world.pull_and_plan()
        settled(server)
        world.netsuite.latency(SECONDS)
        measured = {
            name: delivery(world, orders, f"BENCH-{lane}", lane)
            for name, lane in (
                ("as the tasks deliver, on the orders' lane", "orders"),
                ("on the lane of bulk reading", "bulk"),
            )
        }
    return outcome(orders, measured)


def delivery(world: World, orders: int, prefix: str, lane: str) -> dict[str, float]:
    """Store so many orders as intents, deliver them, return what it took; raises RuntimeError when one was not created."""
    world.engine.options = {"netsuite": {"lane": lane}}
    context = world.engine.context()
    drafts = world.orders(orders, prefix)
    with world.engine.hub.connection() as connection:
        store_plan(
            connection,
            pairing=context.pairing.name,
            flow="orders",
            run_id=context.run_id,
            mode="live",
            now=context.now,
            drafts=drafts,
            held_reason="gate",
        )
        let_through(
            connection, [draft.key for draft in drafts], run_id=context.run_id, actor="benchmark", now=context.now
        )
    world.netsuite.count_anew()
    with cost() as spent:
        result = deliver(context, "orders")
    if result.done != orders:
        raise RuntimeError(f"{orders} orders were sent, and this came back: {result.as_dict()}")
    requests = world.netsuite.requests()
    return {
        "wall": spent.wall,
        "cpu": spent.cpu,
        "peak_mb": spent.peak_mb,
        "requests": requests.total,
        "share": share(orders, spent.wall),
    }


def least_seconds(orders: int, slots: int = SLOTS, seconds: float = SECONDS) -> float:
    """Return the shortest time in which so many requests can be made, so many at once."""
    return math.ceil(orders / slots) * seconds


def share(orders: int, wall: float) -> float:
    """Return which part of the possible rate was reached; 1 is all of it."""
    return ratio(least_seconds(orders), wall)


def outcome(orders: int, measured: Mapping[str, Mapping[str, float]]) -> Outcome:
    """Put both deliveries beside the limit."""
    first = next(iter(measured.values()))
    best = max(found["share"] for found in measured.values())
    head = ["", "share of the possible rate", "orders a second", "wall s", "least s", "requests", "CPU ms an order"]
    rows = [
        [name, f"{found['share']:.1%}", round(orders / found["wall"], 2), found["wall"], least_seconds(orders),
         int(found["requests"]), found["cpu"] * 1000 / orders]
        for name, found in measured.items()
    ]  # fmt: skip
    headline = (
        f"{first['share']:.1%} of the possible {SLOTS / SECONDS:g} orders a second as the tasks deliver, {best:.1%} at best "
        f"(aim {AIM:.0%})"
    )
    figures = {"orders": orders, "slots": SLOTS, "seconds_a_request": SECONDS, "deliveries": measured}
    title = f"{orders} orders, {SECONDS:g} s a request, {SLOTS} slots"
    return Outcome("orders", headline, first["share"] >= AIM, figures, [Table(title, head, rows)])
