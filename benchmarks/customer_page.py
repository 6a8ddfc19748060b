"""How long the customer page, the search for a customer and the overview take, in a hub as large as a large company's.

The hub is filled by Postgres itself: customers in both systems, most of them linked, with contacts, deals, orders, invoices, payments and
shipments, and a ledger of a hundred entries a customer (10,000,000 at 100,000 customers). Measured is what the server does for a page, from
the question to the HTML: no browser, no network. One customer is a giant, with thousands of everything.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.customer_page_filling import GIANT, NAMES, fill
from benchmarks.engine import INCLUDE
from benchmarks.postgres import new_database, running_postgres
from benchmarks.report import Outcome, Settings, Table
from crosswalk.facts.customer import customer_facts
from crosswalk.facts.search import search
from crosswalk.hub.database import Hub
from crosswalk.observe.overview import overview
from crosswalk.pairing import Pairing, load_pairing
from crosswalk_airflow.ui.rendering import render

AIM_MS = 300.0
LOOKS, QUICK_LOOKS = 400, 60
SEED = 20261123


@dataclass(frozen=True, slots=True)
class Times:
    """What one kind of page took, in milliseconds."""

    name: str
    milliseconds: Sequence[float]

    def percentile(self, share: float) -> float:
        """Return the time within which that share of the pages was ready; one that was measured."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def row(self) -> list[object]:
        """Return the figures for the page."""
        return [self.name, len(self.milliseconds), *(round(self.percentile(share), 1) for share in (0.5, 0.99, 1.0))]


def run(settings: Settings) -> Outcome:
    """Fill a hub, then look at pages as people do."""
    looks = QUICK_LOOKS if settings.quick else LOOKS
    with running_postgres() as server:
        dsn = new_database(server, "pages", hub=True)
        began = time.perf_counter()
        rows = fill(dsn, settings.accounts)
        filling = time.perf_counter() - began
        pairing = load_pairing(Path(INCLUDE) / "pairings" / "netsuite_salesforce.yaml")
        hub = Hub(dsn)
        try:
            times = measure(hub, pairing, settings.accounts, looks)
        finally:
            hub.close()
    return outcome(settings.accounts, rows, filling, times)


def measure(hub: Hub, pairing: Pairing, accounts: int, looks: int) -> list[Times]:
    """Open pages of customers anywhere in the company, search for them in every way, open the overview."""
    chance = random.Random(SEED)
    now = datetime.now(UTC)
    some = [chance.randrange(1, accounts + 1) for _ in range(looks)]

    def page(system: str, key: str) -> None:
        with hub.connection() as connection:
            facts = customer_facts(connection, pairing, system, key, today=now.date())
        if facts is None or not render("customer.html", base="", pairing=pairing, facts=facts, asked=""):
            raise RuntimeError(f"There is no page of customer {key}.")

    def seek(asked: str) -> None:
        with hub.connection() as connection:
            found = search(connection, pairing, asked)
        if not found.hits:
            raise RuntimeError(f"Nobody is found for {asked!r}.")

    def first() -> None:
        with hub.connection() as connection:
            overview(connection, pairing, now=now)

    words = [chance.choice(NAMES) for _ in some]
    return [
        timed("a customer's page, asked for in the CRM", [(page, ("salesforce", f"A{one}")) for one in some]),
        timed("a customer's page, asked for in the ERP", [(page, ("netsuite", str(one))) for one in some]),
        timed("the giant's page", [(page, ("salesforce", f"A{GIANT}"))] * 20),
        timed("search by the beginning of a name", [(seek, (word[: chance.randint(3, 6)],)) for word in words]),
        timed("search by two words", [(seek, (f"{NAMES[one % len(NAMES)]} {one}",)) for one in some]),
        timed("search by number", [(seek, (f"C-{one:06}",)) for one in some]),
        timed("search by domain", [(seek, (f"firm{one}.example",)) for one in some]),
        timed("search by key", [(seek, (f"A{one}",)) for one in some]),
        timed("the overview", [(first, ())] * max(20, looks // 10)),
    ]


def timed(name: str, calls: Sequence[tuple[Callable[..., None], tuple[str, ...]]]) -> Times:
    """Time each call; the first few warm up connection and plans, and do not count."""
    for call, arguments in calls[:5]:
        call(*arguments)
    taken = []
    for call, arguments in calls:
        began = time.perf_counter()
        call(*arguments)
        taken.append((time.perf_counter() - began) * 1000)
    return Times(name, taken)


def outcome(accounts: int, rows: dict[str, int], filling: float, times: Sequence[Times]) -> Outcome:
    """Put what was measured beside the aim."""
    slowest = max(times, key=lambda one: one.percentile(0.99))
    page = max(one.percentile(0.99) for one in times if "page" in one.name)
    seek = max(one.percentile(0.99) for one in times if "search" in one.name)
    headline = (
        f"99 of 100 customer pages within {page:.0f} ms, searches within {seek:.0f} ms, at {accounts:,} customers and "
        f"{rows['ledger']:,} ledger entries (aim {AIM_MS:.0f} ms)"
    )
    figures: dict[str, Any] = {"customers": accounts, "rows": rows, "filling_seconds": round(filling, 1)}
    figures["milliseconds"] = {
        one.name: {"median": one.percentile(0.5), "p99": one.percentile(0.99), "worst": one.percentile(1.0)}
        for one in times
    }
    head = ["", "looked at", "median ms", "p99 ms", "worst ms"]
    tables = [Table("What the server takes for a page", head, [one.row() for one in times])]
    return Outcome("customer_page", headline, slowest.percentile(0.99) < AIM_MS, figures, tables)
