"""Both emulators with a small company, a hub, and the stages on top: everything real, in one process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import requests

from crosswalk.connectors.meter import Meter
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.quota import LocalQuota, SystemLimits
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.hub.database import Hub
from crosswalk.mapping.document import SystemMapping, load_mapping
from crosswalk.pairing import Pairing, load_pairing
from crosswalk.pairing.document import SIDES
from crosswalk.stages.context import StageContext
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_airflow.local.sandbox import connection_to
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.faults import Faults
from crosswalk_sandbox.kernel.request_log import RequestLog
from crosswalk_sandbox.kernel.server import running
from tests.stages.companies import settle_in

SMALL = Size(accounts=40, products=20, deals=400)
INCLUDE = Path(__file__).parents[2] / "include"
SYSTEMS = {"salesforce": "salesforce", "netsuite": "netsuite"}


@dataclass
class Vendor:
    """One running emulator and what a test may do to it."""

    name: str
    base_url: str
    emulator: Any
    faults: Faults
    log: RequestLog
    clock: Clock
    platform: str = ""  # as its name, unless given

    def settings(self) -> ConnectionSettings:
        """Return the connection as the sandbox's access document gives it."""
        connection = connection_to(self.platform or self.name, self.emulator.access(self.base_url))
        extra = {name: str(value) for name, value in json.loads(str(connection["extra"])).items()}
        return ConnectionSettings(
            login=_text(connection.get("login")), password=_text(connection.get("password")), extra=extra
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@cache
def _shipped(file: str) -> SystemMapping:
    return load_mapping(INCLUDE / "mappings" / file)


@dataclass
class World:
    """The demo company in both systems and an empty hub."""

    vendors: dict[str, Vendor]
    hub: Hub
    pairing: Pairing
    meter: Meter = field(default_factory=Meter)
    runs: int = 0
    read_only: bool = False
    clock: Any = None

    def connector(self, side: str) -> Connector:
        """Return a new connector for one side, as a task would open it."""
        chosen = self.pairing.crm if side == "crm" else self.pairing.erp
        limits = {
            one.system: SystemLimits(one.concurrent_requests, one.requests_per_day, one.share)
            for one in (self.pairing.crm, self.pairing.erp)
        }
        return open_connector(
            chosen.platform,
            self.vendors[chosen.system].settings(),
            system=chosen.system,
            read_only=self.read_only,
            quota=LocalQuota(limits),
            meter=self.meter,
        )

    def context(self, **changes: Any) -> StageContext:
        """Return the surroundings of one task of a new run."""
        self.runs += 1
        context = StageContext(
            self.hub, self.pairing, f"run-{self.runs}", self.connector, INCLUDE / "mappings", datetime.now(UTC)
        )
        if self.clock is not None:
            context = replace(context, clock=self.clock)
        context = replace(context, **changes)
        if context.mappings_folder == INCLUDE / "mappings":  # which nobody edits while tests run
            files = {side: context.pairing.side(side).mapping for side in SIDES}
            context._parsed.update({side: _shipped(file) for side, file in files.items()})
        return context

    def pull_all(self, phase: str = "orders", **options: Any) -> None:
        """Pull what a phase reads."""
        for side, entities in self.pairing.phases[phase].read.items():
            for entity in entities:
                pull(self.context(), side, entity, **options)

    def run_orders(self) -> dict[str, dict[str, object]]:
        """Run phase 2 from pull to settle; returns each stage's counts."""
        self.pull_all()
        context = self.context()
        counts: dict[str, dict[str, object]] = {"link": link_all(context).as_dict()}
        to_erp, to_crm = (("lifecycle_to_erp",), ("lifecycle_to_crm",)) if self.pairing.lifecycle else ((), ())
        for flow in (*to_erp, "orders", "write_back", *to_crm):
            for name, stage in (("plan", plan), ("gate", gate), ("deliver", deliver), ("settle", settle)):
                counts[f"{name}_{flow}"] = stage(context, flow).as_dict()
        return counts

    def run_products(self, **options: Any) -> dict[str, dict[str, object]]:
        """Run the product phase from pull to settle; returns each stage's counts."""
        self.pull_all("products")
        context = self.context()
        link_all(context)
        counts: dict[str, dict[str, object]] = {}
        for flow in ("products_to_erp", "products_to_crm"):
            counts[f"plan_{flow}"] = plan(context, flow, **options).as_dict()
            for name, stage in (("gate", gate), ("deliver", deliver), ("settle", settle)):
                counts[f"{name}_{flow}"] = stage(context, flow).as_dict()
        return counts

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return what the hub says."""
        with psycopg.connect(self.hub.dsn) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def beside(self, pairing: Pairing) -> World:
        """Return the same systems and hub as another pairing sees them."""
        return replace(self, pairing=pairing, meter=Meter())

    def netsuite_orders(self) -> list[tuple[str, str]]:
        """Return (external id, id) of every order in the ERP, asked past our connector."""
        return [
            (row.get("externalid", ""), row["id"])
            for row in self.suiteql("select id, externalid from transaction where type = 'SalesOrd'")
        ]

    def edit_item(self, record: str, key: str, **values: object) -> None:
        """Change an item in the ERP as a person there would, past our connector."""
        url = f"{self.vendors['netsuite'].base_url}/services/rest/record/v1/{record}/{key}"
        requests.patch(url, json=values, auth=self._netsuite_login(), timeout=60).raise_for_status()

    def new_item(self, record: str, **values: object) -> str:
        """Create an item in the ERP as a person there would; returns its id."""
        url = f"{self.vendors['netsuite'].base_url}/services/rest/record/v1/{record}"
        answer = requests.post(url, json=values, auth=self._netsuite_login(), timeout=60)
        answer.raise_for_status()
        return answer.headers["Location"].rpartition("/")[2]

    def _netsuite_login(self) -> Any:
        from requests_oauthlib import OAuth1

        extra = self.vendors["netsuite"].settings().extra
        return OAuth1(
            extra["consumer_key"],
            extra["consumer_secret"],
            extra["token_id"],
            extra["token_secret"],
            realm=extra["account_id"],
            signature_method="HMAC-SHA256",
        )

    def suiteql(self, query: str) -> list[dict[str, str]]:
        """Return a small query's rows, asked past our connector with a client of the test's own."""
        vendor, auth = self.vendors["netsuite"], self._netsuite_login()
        rows: list[dict[str, str]] = []
        while True:
            url = f"{vendor.base_url}/services/rest/query/v1/suiteql?limit=1000&offset={len(rows)}"
            answer = requests.post(url, json={"q": query}, headers={"Prefer": "transient"}, auth=auth, timeout=60)
            answer.raise_for_status()
            page = answer.json()
            rows += page["items"]
            if not page["hasMore"]:
                return rows


@contextmanager
def world(
    folder: Path,
    dsn: str,
    *,
    size: Size = SMALL,
    seed: int = 7,
    systems: Mapping[str, str] = SYSTEMS,
    pairing: Path = INCLUDE / "pairings" / "netsuite_salesforce.yaml",
    options: Mapping[str, Mapping[str, object]] | None = None,
) -> Iterator[World]:
    """Start the emulators of ``systems`` (name: platform) on free ports, filled with the company of ``seed``.

    ``options`` are those of the emulators, by name.
    """
    with ExitStack() as stack:
        vendors = {}
        for name, platform in systems.items():
            package = import_module(f"crosswalk_sandbox.{platform}")
            clock, faults, log = Clock(None), Faults(), RequestLog()
            settle_in(folder / name, platform, size, seed)
            emulator = package.create(folder / name, clock, (options or {}).get(name, {}))
            stack.callback(emulator.close)
            base_url = stack.enter_context(running(emulator, clock=clock, faults=faults, log=log))
            vendors[name] = Vendor(name, base_url, emulator, faults, log, clock, platform)
        hub = Hub(dsn)
        stack.callback(hub.close)
        yield World(vendors, hub, load_pairing(pairing))
