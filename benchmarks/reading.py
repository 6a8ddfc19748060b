"""Whether an emulator ever is the bottleneck: how fast it loads its company and serves pages, and whether deep pages cost more.

The company is whole: people, deals with lines, orders with shipments, invoices and payments, in the proportions of the demo company.
Pages are pulled by our own connectors, so that the queries are those of the product. An emulator's cost is the CPU of its own process
(one core's worth is one second a second), beside that of the connector which reads and types the same records. From 100,000 accounts on
only the first and the last pages are read; see :mod:`benchmarks.reading_ends`. Of HubSpot and SAP Business One only those are at any size:
their pages hold hundreds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.emulators import Emulator, serving
from benchmarks.ends import ENDS
from benchmarks.engine import INCLUDE
from benchmarks.measure import cpu_seconds, ratio
from benchmarks.reading_ends import WHOLE, ends, offset_seconds
from benchmarks.report import Outcome, Settings, Table
from crosswalk.connectors.netsuite.connector import NetSuiteConnector
from crosswalk.connectors.protocol import Connector, Page
from crosswalk.connectors.registry import open_connector
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import Selection

AIM_RATE = 5_000  # records a second of one core
AIM_DEPTH = 1.25  # a deep page's cost, first pages' being 1
AIM_MB = 4_096.0
AIM_SECONDS = 600.0
ACCOUNTS, QUICK_ACCOUNTS = 20_000, 500
SYSTEMS = ("salesforce", "netsuite", "hubspot", "sap_business_one")
BOTH_ENDS = ("hubspot", "sap_business_one")
UNLIMITED = {"hubspot": ENDS["hubspot"].account}
"""Options of an emulator without which its pages would be counted by the minute, not by what they cost."""
_TICK = os.sysconf("SC_CLK_TCK")
_EDGE = 0.2  # the first and the last fifth of the pages are compared


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read one entity of one system; ``by`` is what it is read by where the entity's pull is not meant."""

    title: str
    system: str
    entity: str
    options: Mapping[str, object]
    by: str = ""


SWIFT = {"searches_per_second": 100, "reread_hours": 0}
PATHS = (
    Way("REST query pages, accounts", "salesforce", "customer", {"bulk_from": 10**9}),
    Way("REST query pages, deal lines", "salesforce", "deal_line", {"bulk_from": 10**9}),
    Way("Bulk 2.0 results, accounts", "salesforce", "customer", {"bulk_from": 1}),
    Way("Bulk 2.0 results, deal lines", "salesforce", "deal_line", {"bulk_from": 1}),
    Way("SuiteQL pages, customers", "netsuite", "customer", {}),
    Way("SuiteQL pages, orders", "netsuite", "order", {}),
    Way("SuiteQL pages, order lines", "netsuite", "order_line", {}),
    Way("list pages, companies", "hubspot", "customer", SWIFT),
    Way("list pages, contacts", "hubspot", "contact", SWIFT),
    Way("list pages, deals", "hubspot", "deal", SWIFT),
    Way("list pages, line items", "hubspot", "deal_line", SWIFT),
    Way("list pages, products", "hubspot", "product", SWIFT),
    Way("search windows, companies", "hubspot", "customer", SWIFT, "window"),
    Way("search pages to 10,000, deals", "hubspot", "deal", SWIFT, "offset"),
    Way("batch reads, contacts", "hubspot", "contact", SWIFT, "batch"),
    Way("associations v4, deals to line items", "hubspot", "deal", SWIFT, "associations"),
    Way("pages by key, partners with addresses", "sap_business_one", "customer", {}),
    Way("pages by key, people in partners", "sap_business_one", "contact", {}),
    Way("pages by key, items", "sap_business_one", "product", {}),
    Way("pages by key, item and special prices", "sap_business_one", "price", {}),
    Way("pages by key, stock in items", "sap_business_one", "stock", {}),
    Way("pages by key, orders", "sap_business_one", "order", {}),
    Way("pages by key, order lines", "sap_business_one", "order_line", {}),
    Way("pages by key, invoices", "sap_business_one", "invoice", {}),
    Way("pages by key, payments", "sap_business_one", "payment", {}),
    Way("pages by key, deliveries", "sap_business_one", "shipment", {}),
    Way("whole partners by links of 20", "sap_business_one", "customer", {}, "20"),
    Way("whole orders with lines by key", "sap_business_one", "order", {}, "bodies"),
    Way("whole orders with lines by links of 100", "sap_business_one", "order", {}, "100"),
    Way("whole invoices with lines by key", "sap_business_one", "invoice", {}, "bodies"),
)


@dataclass(frozen=True, slots=True)
class Served:
    """What a path cost: records and CPU seconds of the emulator by page, CPU seconds of the reader for all.

    ``opening`` is CPU of the emulator to find out what there is, where that is a request of its own; ``edge`` the share of the pages at
    either end that are compared.
    """

    path: Way
    records: Sequence[int]
    cpu: Sequence[float]
    wall: float
    reader: float
    opening: float = 0.0
    edge: float = _EDGE

    @property
    def rate(self) -> float:
        """Records a second of one core of the emulator."""
        return sum(self.records) / max(sum(self.cpu), 1 / _TICK)

    @property
    def depth(self) -> float:
        """CPU a record on the last pages, where that of the first ones is 1; whole pages only."""
        whole = [(seconds, count) for seconds, count in zip(self.cpu, self.records, strict=True) if count]
        edge = max(int(len(whole) * self.edge), 1)
        return ratio(_cost(whole[-edge:]), max(_cost(whole[:edge]), 1e-9))


def _cost(pages: Sequence[tuple[float, int]]) -> float:
    return sum(seconds for seconds, _ in pages) / sum(count for _, count in pages)


def run(settings: Settings) -> Outcome:
    """Load the systems, or those wished for, with the whole company and read them page by page."""
    accounts = settings.wished or (QUICK_ACCOUNTS if settings.quick else ACCOUNTS)
    loads: dict[str, dict[str, Any]] = {}
    served: list[Served] = []
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
        one_reads = Lock()

        def measured(system: str) -> tuple[dict[str, Any], list[Served]]:
            found = measure(system, accounts, Path(folder) / system, one_reads)
            shutil.rmtree(Path(folder) / system)
            return found

        systems = [system for system in SYSTEMS if settings.wants(system)]
        with ThreadPoolExecutor(len(systems)) as pool:
            for system, (load, paths) in zip(systems, pool.map(measured, systems), strict=True):
                loads[system] = load
                served += paths
    return outcome(accounts, loads, served)


def measure(system: str, accounts: int, folder: Path, one_reads: Lock) -> tuple[dict[str, Any], list[Served]]:
    """Load one system with so many accounts, under ``folder``, beside the others; then read it when nobody else does."""
    options = UNLIMITED.get(system, {})
    with serving(system, folder, scale=accounts / 500, hours_ago=24, options=options) as emulator:
        load = {
            "accounts": accounts,
            "seconds": emulator.loading,
            "cpu": emulator.cpu(),
            "megabytes": _size(folder),
            "loading_mb": emulator.peak_mb(),
        }
        with one_reads:
            served = [read(emulator, path, accounts) for path in PATHS if path.system == system]
            load["serving_mb"] = emulator.resident_mb()
            if system == "netsuite":
                connector = open_connector(system, emulator.settings(), read_only=True)
                assert isinstance(connector, NetSuiteConnector)
                load["offset_seconds"] = offset_seconds(connector)
        load["peak_mb"] = emulator.peak_mb()
    return load, served


def read(emulator: Emulator, path: Way, accounts: int) -> Served:
    """Pull everything, or both ends of it, by one path; the emulator's CPU is read between pages."""
    selections = {
        name: one.selection for name, one in load_mapping(INCLUDE / "mappings" / f"{path.system}.yaml").entities.items()
    }
    connector = open_connector(path.system, emulator.settings(), read_only=True, options=path.options)
    selection = selections[path.entity]
    both = accounts >= WHOLE or path.system in BOTH_ENDS
    found = _ends(emulator, path, connector, selection, accounts) if both else None
    if found is None:
        began, own = time.perf_counter(), cpu_seconds()
        counts = (len(page.records) for page in _pages(connector.pull(selection, None)))
        records, cpu = _by_page(emulator, counts)
        found = Served(path, records, cpu, time.perf_counter() - began, cpu_seconds() - own)
    if not sum(found.records):
        raise RuntimeError(f"{path.title}: nothing was read.")
    return found


def _ends(emulator: Emulator, path: Way, connector: Connector, selection: Selection, accounts: int) -> Served:
    """The first and the last pages, what found out which there are apart."""
    way = ends(connector, selection, path.options, accounts, path.by)
    began, own, before = time.perf_counter(), cpu_seconds(), emulator.cpu()
    way.opening()
    opening = emulator.cpu() - before
    first, last = _by_page(emulator, way.first()), _by_page(emulator, way.last())
    records, cpu = [*first[0], *last[0]], [*first[1], *last[1]]
    edge = 0.5 if last[0] else 1.0  # what is read whole has no ends to compare
    return Served(path, records, cpu, time.perf_counter() - began, cpu_seconds() - own, opening, edge)


def _by_page(emulator: Emulator, pages: Iterator[int]) -> tuple[list[int], list[float]]:
    """Records and the emulator's CPU seconds of each page."""
    records, cpu = [], []
    before = emulator.cpu()
    for count in pages:
        after = emulator.cpu()
        records.append(count)
        cpu.append(after - before)
        before = after
    return records, cpu


def _pages(pages: Iterator[Page]) -> Iterator[Page]:
    return (page for page in pages if page.records)


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*.sqlite*")) / 1e6


def outcome(accounts: int, loads: Mapping[str, Mapping[str, Any]], served: Sequence[Served]) -> Outcome:
    """Put rates and depths beside their aims."""
    slowest, deepest = min(served, key=lambda one: one.rate), max(served, key=lambda one: one.depth)
    peak = max(load["peak_mb"] for load in loads.values())
    longest = max(load["seconds"] for load in loads.values())
    met = slowest.rate >= AIM_RATE and deepest.depth <= AIM_DEPTH and peak < AIM_MB and longest <= AIM_SECONDS
    headline = (
        f"at least {slowest.rate:,.0f} records a second of a core ({slowest.path.title}; aim {AIM_RATE:,}), deep pages cost at most "
        f"{deepest.depth:.2f} of the first (aim {AIM_DEPTH}); {accounts:,} accounts with all that hangs on them load in at most "
        f"{longest:.0f} s and {peak:.0f} MB"
    )
    figures = {"accounts": accounts, "loads": loads, "paths": {one.path.title: _figures(one) for one in served}}
    apart = [*(loads if len(loads) < len(SYSTEMS) else ()), *([str(accounts)] if accounts > ACCOUNTS else ())]
    return Outcome("-".join(["reading", *apart]), headline, met, figures, [_loading(accounts, loads), _serving(served)])


def _figures(one: Served) -> dict[str, float]:
    return {"records": sum(one.records), "pages": len(one.records), "cpu": round(sum(one.cpu), 2), "wall": round(one.wall, 2),
            "rate": round(one.rate), "depth": one.depth, "opening": round(one.opening, 2), "reader_cpu": round(one.reader, 2)}  # fmt: skip


def _loading(accounts: int, loads: Mapping[str, Mapping[str, Any]]) -> Table:
    head = ["", "accounts", "wall s", "CPU s", "peak MB, loading", "MB, after serving pages", "file MB"]
    rows = [
        [system, load["accounts"], load["seconds"], load["cpu"], round(load["loading_mb"]), round(load["serving_mb"]),
         round(load["megabytes"])]
        for system, load in loads.items()
    ]  # fmt: skip
    return Table(f"Loading {accounts:,} accounts with all that hangs on them", head, rows)


def _serving(served: Sequence[Served]) -> Table:
    head = [
        "",
        "records",
        "pages",
        "records a second of a core",
        "last pages to first",
        "CPU to the reader's",
        "CPU s of the opening",
        "wall s",
    ]
    rows = [
        [one.path.title, sum(one.records), len(one.records), round(one.rate), one.depth,
         ratio(sum(one.cpu), max(one.reader, 1e-9)), round(one.opening, 2), round(one.wall, 1)]
        for one in served
    ]  # fmt: skip
    return Table("Serving pages", head, rows)
