"""A hub with two won deals of one new account, a platform that has neither, and the rounds that bring them there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from crosswalk.delivery.dispatch import Delivery
from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.mapping.document import SystemMapping, load_mapping
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import Image, Value
from crosswalk.pairing import load_pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.deliver import write_builder
from crosswalk.stages.gate import gate
from crosswalk.stages.plan import plan
from crosswalk.stages.settle import settle
from tests.delivery.platform_double import Platform, PlatformConnector
from tests.delivery.schedules import RECOVERIES, AtOnce, Boundary, Clock, Crash, Schedule, Watch, WatchedHub

INCLUDE = Path(__file__).parents[2] / "include"
PAIRING = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Rows = Sequence[tuple[Any, ...]]
STAGES = ("plan", "gate", "deliver", "settle")
CUSTOMER, ORDERS = "SF-ACC-001A", ("SF-OPP-006A-R1", "SF-OPP-006B-R1")

_CLEAR = """
delete from hub.intent; delete from hub.plan; delete from hub.quarantine; delete from hub.link where entity <> 'product';
delete from hub.customer where system = 'netsuite'; delete from hub."order"; delete from hub.watermark; delete from hub.sighting
"""


_PLANNED_AGAIN = """
insert into hub.plan (id, pairing, flow, run_id, created_at, now, mode) overriding system value
select distinct plan_id, pairing, flow, 'planned', created_at, created_at, 'live' from hub.planned;
insert into hub.intent select * from hub.planned;
insert into hub.ledger (at, pairing, actor, kind, intent_key, detail) select created_at, pairing, 'crosswalk', 'planned', key, '{}' from hub.planned
"""


@cache
def _mapping(side: str) -> SystemMapping:
    return load_mapping(INCLUDE / "mappings" / PAIRING.side(side).mapping)


def _image(entity: str, key: str, system: str = "salesforce", **values: Value) -> Image:
    every: dict[str, Value] = dict.fromkeys(ENTITIES[entity].field_names)
    return Image(system, entity, key, "v1", MORNING, False, {**every, **values}, {}, 1)


def seed(hub: Hub) -> None:
    """Land what the CRM and the catalogue say: everything a schedule begins with."""
    address: dict[str, Value] = {"billing_street": "1 Main", "billing_city": "Boston", "billing_country": "US"}
    deal: dict[str, Value] = {"customer_key": "001A", "currency": "USD", "is_won": True, "is_closed": True}
    deal |= {"close_date": date(2026, 11, 20), "amount": Decimal("21.00")}
    line: dict[str, Value] = {"product_key": "01tA", "sku": "A-1", "quantity": Decimal(2), "total": Decimal("21.00")}
    images = [
        _image("customer", "001A", name="Acme", **address),
        _image("product", "01tA", name="Anvil", sku="A-1", is_active=True),
        _image("product", "101", "netsuite", name="Anvil", sku="A-1", is_active=True),
    ]
    for name in "AB":
        images.append(_image("deal", f"006{name}", name=f"Deal {name}", **deal))
        images.append(_image("deal_line", f"00k{name}", deal_key=f"006{name}", unit_price=Decimal("10.50"), **line))
    with hub.connection() as connection:
        for image in images:
            entity = ENTITIES[image.entity]
            land(connection, system=image.system, entity=entity, images=[image], run_id="seed", watermark=None)
        pair = LinkPair("salesforce", "01tA", "netsuite", "101", "seed")
        create_links(connection, PAIRING.name, "product", [pair], "seed")


@dataclass
class Round:
    """One worker's run of the orders phase."""

    hub: Hub
    platform: Platform
    watch: Watch
    run_id: str
    delivery: type[Delivery] = Delivery
    stages: tuple[str, ...] = STAGES

    def run(self) -> None:
        """Run all stages as one worker; what it raises is its end, as a failed task is."""
        connector = PlatformConnector(self.platform, calling=self._calling)
        context = StageContext(
            WatchedHub(self.hub, self.watch),
            PAIRING,
            self.run_id,
            lambda side: connector,
            INCLUDE / "mappings",
            self.watch.clock.now(),
            self.watch.clock.now,
        )
        context._parsed.update({"crm": _mapping("crm"), "erp": _mapping("erp")})
        stages: dict[str, Callable[[], Any]] = {
            "plan": lambda: plan(context, "orders"),
            "gate": lambda: gate(context, "orders"),
            "deliver": lambda: self._deliver(context, connector),
            "settle": lambda: settle(context, "orders"),
        }
        with suppress(Crash, CrosswalkError, psycopg.OperationalError):
            for name in self.stages:
                self.watch.stage = name
                stages[name]()

    def _calling(self, name: str, call: Callable[[], object], writes: Any) -> object:
        self.platform.arrive()
        return self.watch.call(name, call, writes, self.platform.hold_back)

    def _deliver(self, ctx: StageContext, connector: PlatformConnector) -> None:
        build = write_builder(ctx, "orders")
        self.delivery(
            ctx.hub, connector, ctx.pairing.name, "orders", self.run_id, build, ctx.clock, executor=AtOnce
        ).run()


@dataclass
class Rounds:
    """Runs schedules on one hub, one after the other."""

    hub: Hub
    unique: bool = True
    delivery: type[Delivery] = Delivery
    stages: tuple[str, ...] = STAGES
    recoveries: int = 0
    _runs: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Where rounds do not plan, keep the planned intents, to begin with them each time."""
        if "plan" in self.stages:
            return
        clock = self._cleared()
        Round(self.hub, Platform(clock.now), Watch(clock), "planned", stages=("plan", "gate")).run()
        with self.hub.connection() as connection:
            connection.execute("drop table if exists hub.planned")
            connection.execute("create table hub.planned as select * from hub.intent")

    def boundaries(self) -> list[Boundary]:
        """Return what a calm round does, in order."""
        clock, platform = self._begin()
        watch = Watch(clock)
        self._round(platform, watch).run()
        return watch.passed

    def play(self, schedule: Schedule) -> list[str]:
        """Run one schedule to its end; return what is wrong then."""
        clock, platform = self._begin()
        first_entry = self._rows("select coalesce(max(id), 0) from hub.ledger")[0][0]
        watch = Watch(clock, schedule)
        first = self._round(platform, watch)
        copy = self._round(platform, Watch(clock))
        if schedule.second == "run twice":
            copy.run_id = first.run_id
        watch.meanwhile = copy.run
        first.run()
        wrong = [] if watch.struck else ["the boundary was never reached"]
        for pause in RECOVERIES:
            if not platform.on_its_way and self._is_over():
                break
            clock.sleep(pause)
            platform.arrive()
            self._round(platform, Watch(clock)).run()
            self.recoveries += 1
        return wrong + self._wrong(platform, first_entry) + self._not_quiet(platform, clock)

    def _begin(self) -> tuple[Clock, Platform]:
        clock = self._cleared()
        if "plan" not in self.stages:
            with self.hub.connection() as connection:
                connection.execute(_PLANNED_AGAIN.encode())
        return clock, Platform(clock.now, self.unique)

    def _cleared(self) -> Clock:
        with self.hub.connection() as connection:
            connection.execute(_CLEAR.encode())
        return Clock(MORNING)

    def _round(self, platform: Platform, watch: Watch) -> Round:
        self._runs += 1
        return Round(self.hub, platform, watch, f"run {self._runs}", self.delivery, self.stages)

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._looked([(query, parameters)])[0]

    def _looked(self, asked: Sequence[tuple[str, tuple[object, ...]]]) -> list[list[tuple[Any, ...]]]:
        """Return what several queries find, in one transaction."""
        with self.hub.connection() as connection:
            return [connection.execute(query.encode(), parameters).fetchall() for query, parameters in asked]

    def _is_over(self) -> bool:
        done = "settled_at is not null" if "settle" in self.stages else "status = 'done'"
        return self._rows(f"select count(*) from hub.intent where {done}") == [(3,)]

    def _wrong(self, platform: Platform, first_entry: int) -> list[str]:
        """Compare what is there in the end with what ought to be there."""
        wrong = []
        for entity, key in (("customer", CUSTOMER), *(("order", key) for key in ORDERS)):
            made = len(platform.under(entity, key))
            if made != 1:
                wrong.append(f"{key} exists {made} times")
        customers = {record.id for record in platform.records if record.entity == "customer"}
        orphans = [r.key for r in platform.records if r.entity == "order" and r.values.get("entity") not in customers]
        wrong += [f"{key} has no customer" for key in orphans]
        links, stuck, entries, intents = self._looked(
            [
                ("select entity, count(*) from hub.link where entity <> 'product' group by 1 order by 1", ()),
                ("select key, message from hub.quarantine where status = 'open'", ()),
                ("select intent_key, kind from hub.ledger where id > %s order by id", (first_entry,)),
                ("select key, status, target_key, attempt from hub.intent", ()),
            ]
        )
        wrong += self._wrong_intents(platform, entries, intents)
        if "settle" in self.stages and links != [("customer", 1), ("deal_order", 2)]:
            wrong.append(f"links: {links}")
        return wrong + [f"quarantine: {item}" for item in stuck]

    def _wrong_intents(self, platform: Platform, entries: Rows, intents: Rows) -> list[str]:
        """Compare what the hub believes with what the target has, and with what the ledger tells of the way there."""
        wrong, settled = [], int("settle" in self.stages)
        ids = {record.key: record.id for record in platform.records}
        told: dict[str, list[str]] = {}
        for key, kind in entries:
            told.setdefault(key, []).append(kind)
        for key, status, target, attempt in intents:
            if (status, target) != ("done", ids.get(key)):
                wrong.append(f"{key} is {status} as {target}; the target has {ids.get(key)}")
            kinds = [told.get(key, []).count(kind) for kind in ("sending", "done", "settled")]
            if kinds != [attempt, 1, settled]:
                wrong.append(f"{key} was sent {attempt} times; the ledger tells {told.get(key)}")
        return wrong

    def _not_quiet(self, platform: Platform, clock: Clock) -> list[str]:
        """One more round must do nothing (law 13)."""
        taken, before = (
            len(platform.taken),
            self._rows("select key, attempt, epoch, settled_at from hub.intent order by 1"),
        )
        watch = Watch(clock)
        self._round(platform, watch).run()
        after = self._rows("select key, attempt, epoch, settled_at from hub.intent order by 1")
        if len(platform.taken) == taken and before == after:
            return []
        return [f"one more round was not quiet: {platform.taken[taken:]}, {before} became {after}"]
