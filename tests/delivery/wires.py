"""One vendor's emulator behind a wire that a schedule disturbs, and two writes for it: the connectors themselves are under test here.

A boundary is one request that the vendor's connector makes while it delivers. The connector passes its quota before and after each: there
a worker dies, falls asleep, or a second one goes to work. What the vendor does with the request meanwhile is the emulator's fault rule,
or the front's, which holds a request back until nobody waits for it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.delivery.dispatch import LEASE_SECONDS, MOST_WAITING_SECONDS, Delivery, Tally
from crosswalk.hub.codec import decode, encode
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import Claimed
from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import Operation, Value, Write
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule, Faults
from tests.conformance.account import Account
from tests.conformance.vendor import Profile, Session
from tests.delivery.schedules import SECOND_WORKERS, AtOnce, Clock, Crash
from tests.hub.records import NOON, draft, plan

FAULTS: Mapping[str, FaultRule | None] = {
    "crash before": None,
    "crash after": None,
    "reply lost": FaultRule(FaultKind.LOST_REPLY, count=1),
    "5xx after commit": FaultRule(FaultKind.STATUS_AFTER_COMMIT, count=1, status=502),
    "5xx, not executed": FaultRule(FaultKind.STATUS, count=1, status=503),
    "never arrives": FaultRule(FaultKind.REFUSE, count=1),
    "commits late": None,
    "crash, commits late": None,
}
_AGAIN = ("crash after", "reply lost", "commits late", "crash, commits late")
SCHEDULES = [(fault, "one worker") for fault in FAULTS]
SCHEDULES += [(fault, second) for second in list(SECOND_WORKERS)[1:] if "everything" not in second for fault in _AGAIN]
"""Every fault, and those after which the vendor may have the record with every second worker but one: against a worker that is asleep in
its request for longer than everything only unique keys help. On a platform in memory every fault meets every worker (``rounds``)."""


class Front:
    """Stands before the vendor's app: a request it holds back arrives when the clock has come that far, whoever sent it."""

    def __init__(self, app: Any, clock: Clock) -> None:
        self._app, self._clock = app, clock
        self.hold_next: float | None = None
        self.held: list[tuple[datetime, Any, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        due = [one for one in self.held if one[0] <= self._clock.at]
        self.held = [one for one in self.held if one not in due]
        for _, late, body in due:
            await self._serve(late, body)
        if scope["type"] == "http" and self.hold_next is not None:
            until, self.hold_next = self._clock.at + timedelta(seconds=self.hold_next), None
            self.held.append((until, scope, await _body(receive)))
            await send({"type": "http.response.start", "status": 504, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": b"<html>The gateway timed out.</html>"})
            return
        await self._app(scope, receive, send)

    async def _serve(self, scope: Any, body: bytes) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def nobody(message: Any) -> None:
            """Nobody waits for the answer."""

        await self._app(scope, receive, nobody)


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


@dataclass
class Wire:
    """The quota of one worker's connector: counts its requests, and disturbs one of them."""

    account: Disturbed
    disturbed: int | None = None
    fault: str = ""
    second: str = "one worker"
    meanwhile: Callable[[], object] = lambda: None
    passed: int = 0
    struck: bool = False

    @contextmanager
    def slot(self, system: str, lane: str = "bulk") -> Iterator[None]:
        here, self.passed = self.passed, self.passed + 1
        if here != self.disturbed or self.struck:
            yield
            return
        self.struck = True
        if (pause := SECOND_WORKERS[self.second]) is not None and self.second != "run twice":
            self.account.clock.sleep(pause)
            self.meanwhile()
        if self.fault == "crash before":
            self._run_twice()
            raise Crash
        self.account.expect(self.fault)
        try:
            yield
        except CrosswalkError:
            self._run_twice()
            raise
        self._run_twice()
        if "crash" in self.fault:
            raise Crash

    def _run_twice(self) -> None:
        if self.second == "run twice":
            self.meanwhile()

    def spend(self, system: str, calls: int = 1) -> None:
        """There is no end of calls."""

    def used(self, system: str, window_seconds: int = 0) -> int:
        return 0


@dataclass
class Disturbed:
    """A vendor's account, what goes wrong on the way to it, and deliveries there with a clock that a schedule sets."""

    profile: Profile
    account: Account
    session: Session
    faults: Faults
    front: Front
    clock: Clock
    hub: Hub
    delivery: type[Delivery] = Delivery
    orders: OrdersOf | None = None
    rounds: int = 0
    schedules: int = 0
    _version: dict[str, str | None] = field(default_factory=dict)

    def expect(self, fault: str) -> None:
        """Let the next request that arrives meet its fate."""
        if (rule := FAULTS[fault]) is not None:
            self.faults.add(rule)
        if "commits late" in fault:
            self.front.hold_next = self.latest

    @cached_property
    def latest(self) -> int:
        """Seconds after its sending was recorded that the vendor still may execute a request."""
        longest = self.connector(Wire(self)).capabilities.longest_request_seconds
        return LEASE_SECONDS + MOST_WAITING_SECONDS + longest - 1

    def connector(self, wire: Wire) -> Connector:
        """Return a connector of a worker's own."""
        settings = next(iter(self.profile.settings.values()))(self.account.access)
        options = {**self.profile.connector_options, "sleep": lambda seconds: None}
        return open_connector(self.profile.platform, settings, read_only=False, quota=wire, options=options)

    def calm(self) -> int:
        """Deliver once without any trouble; return how many requests that takes."""
        wire = self._wanted("calm")
        self._deliver(wire)
        return wire.passed

    def play(self, request: int, fault: str, second: str) -> list[str]:
        """Run one schedule to its end; return what is wrong in the hub then. :meth:`wrong` tells what is wrong with the vendor."""
        self.schedules += 1
        name = f"{self.schedules} {request} {fault} {second}".replace(",", "")
        wire = self._wanted(name)
        wire.disturbed, wire.fault, wire.second = request, fault, second
        wire.meanwhile = lambda: self._deliver(Wire(self))
        with suppress(Crash, CrosswalkError):
            self._deliver(wire)
        for pause in (91, self.latest - 91, 2, 3000, 3000):
            if not self.front.held and self._is_over():
                break
            self.clock.sleep(pause)
            if self.front.held:
                self.session.call("GET", "/")  # what is due arrives, whether or not we ask for anything
            with suppress(CrosswalkError):
                self._deliver(Wire(self))
            self.rounds += 1
        return ([] if wire.struck else ["the request was never made"]) + self._left()

    def _wanted(self, name: str) -> Wire:
        """Plan two writes: a customer and its order, or, where no orders go, a customer and a change of another one."""
        self.clock.at = NOON
        key = f"W-{len(self._version)}"
        customer = {"values": encode(self.profile.values(f"New {name}")), "lines": []}
        new = draft(f"{key}-C", entity="customer", payload=customer, target_system=self.profile.platform)
        if self.orders is not None:
            self._version[key] = None
            payload = {"values": encode(self.orders.values), "lines": [encode(self.orders.line)]}
            more = draft(
                f"{key}-O", payload=payload, depends_on=new.key, target_system=self.profile.platform, source_key=name
            )
        else:
            other = self.profile.create(self.session, f"Old {name}")
            (seen,) = self.connector(Wire(self)).fetch(self.profile.selection, [other])
            self._version[key] = seen.version
            payload = {"values": encode(self.profile.new_name(f"Changed {name}")), "lines": [], "version": seen.version}
            more = draft(
                f"{key}-U", operation="update", entity="customer", payload=payload, target_key=other,
                target_system=self.profile.platform, source_key=name,
            )  # fmt: skip
        with self.hub.connection() as connection:
            connection.execute("delete from hub.intent; delete from hub.plan; delete from hub.quarantine")
            plan(connection, [new, more])
        return Wire(self)

    def _deliver(self, wire: Wire) -> Tally:
        connector = self.connector(wire)
        return self.delivery(
            self.hub, connector, "demo", "orders", "run", self._write_of, self.clock.now, executor=AtOnce
        ).run()

    def _write_of(self, intent: Claimed) -> Write:
        values: dict[str, Value] = dict(decode(intent.payload["values"]))
        if intent.entity == "order" and self.orders is not None:
            values[self.orders.customer] = intent.parent_target_key
        lines = tuple(decode(line) for line in intent.payload["lines"])
        operation, version = Operation(intent.operation), intent.payload.get("version")
        return Write(intent.key, intent.entity, operation, values, intent.target_key, lines, version)

    def _is_over(self) -> bool:
        with self.hub.connection() as connection:
            return connection.execute("select bool_and(status = 'done') from hub.intent").fetchone() == (True,)

    def _left(self) -> list[str]:
        """Say what is not as it ought to be in the hub."""
        with self.hub.connection() as connection:
            open_ = connection.execute(
                "select key || ' is ' || status || ': ' || coalesce(message, '') from hub.intent where status <> 'done'"
                " union all select 'quarantine: ' || message from hub.quarantine"
            ).fetchall()
        held = [f"{len(self.front.held)} requests are still held back"] if self.front.held else []
        self.front.held, self.front.hold_next = [], None
        return held + [text for (text,) in open_]

    def wrong(self) -> list[str]:
        """Say which customers the vendor has not exactly once, whose change it has not, and whose order."""
        names = Counter(self.profile.truth(self.session).values())
        with suppress(KeyError):
            del names[""]
        doubled = [f"{name} is there {count} times" for name, count in names.items() if name[:4] in ("New ", "Chan") and count > 1]  # fmt: skip
        there = sum(name.startswith("New ") for name in names)
        wrong = doubled + (
            [] if there == len(self._version) else [f"{there} customers of {len(self._version)} are there"]
        )
        if self.orders is None:
            return wrong + [f"{name} was not changed" for name in names if name.startswith("Old ")]
        made = self.orders.made(self.session)
        wrong += [f"{count} orders of customer {key}" for key, count in made.items() if count != 1]
        return wrong + ([] if len(made) == len(self._version) else [f"orders of {len(made)} customers"])


@dataclass(frozen=True)
class OrdersOf:
    """How an ERP wants orders: the field of the customer, the others, a line, and who has how many orders of ours."""

    customer: str
    values: Mapping[str, Value]
    line: Mapping[str, Value]
    made: Callable[[Session], Mapping[str, int]]


def netsuite_orders(session: Session) -> OrdersOf:
    """Return orders of something that is not stocked, in NetSuite's way."""

    def rows(query: str) -> Sequence[dict[str, str]]:
        path = "/services/rest/query/v1/suiteql?limit=1000"
        found: list[dict[str, str]] = session.good("POST", path, json={"q": query}, headers={"Prefer": "transient"}).json()["items"]  # fmt: skip
        return found

    item = rows("select id from item where isinactive = 'F' and itemtype = 'NonInvtPart'")[0]["id"]
    since = max([0, *(int(row["id"]) for row in rows("select id from transaction"))])
    return OrdersOf(
        "entity",
        {"tranDate": date(2026, 3, 2)},
        {"item": item, "quantity": Decimal(2), "price": "-1", "rate": Decimal("10.50")},
        lambda asked: Counter(
            row["entity"]
            for row in rows(f"select entity, id from transaction where type = 'SalesOrd' and id > {since}")
        ),
    )


def business_one_orders(session: Session) -> OrdersOf:
    """Return orders of something that is not stocked, in Business One's way."""

    def rows(entity_set: str, **options: str) -> Sequence[dict[str, Any]]:
        asked = {f"${name}": value for name, value in options.items()}
        headers = {"Prefer": "odata.maxpagesize=0"}
        return list(session.good("GET", f"/b1s/v2/{entity_set}", params=asked, headers=headers).json()["value"])

    free = "InventoryItem eq 'tNO' and SalesItem eq 'tYES' and Frozen eq 'tNO' and TreeType eq 'iNotATree'"
    item = rows("Items", filter=free, select="ItemCode", top="1")[0]["ItemCode"]
    since = max([0, *(int(row["DocEntry"]) for row in rows("Orders", select="DocEntry", orderby="DocEntry desc", top="1"))])  # fmt: skip
    return OrdersOf(
        "CardCode",
        {"DocDate": date(2026, 3, 2), "DocDueDate": date(2026, 3, 9)},
        {"ItemCode": item, "Quantity": Decimal(2), "UnitPrice": Decimal("10.50")},
        lambda asked: Counter(
            row["CardCode"] for row in rows("Orders", select="CardCode", filter=f"DocEntry gt {since}")
        ),
    )
