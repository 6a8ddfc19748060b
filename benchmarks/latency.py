"""Seconds from a won deal to its order in the ERP, in scheduled runs of a real Airflow, split by cause.

`crosswalk up` starts everything on free ports with its state in a temporary folder. A deal is a copy of one that became an order before, so
that nothing but time stands between it and its order. It is won through the CRM's API, its order is looked for in the ERP under its
key; when tasks began and ended is what Airflow's API says. The parts of a deal's time add up to it: waiting for the schedule, the tasks
on the way, and what lies between the tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks.airflow_api import Airflow
from benchmarks.ports import free_block
from benchmarks.report import Outcome, Settings, Table
from crosswalk_sandbox.access import read_access
from crosswalk_sandbox.clients import NetSuiteClient, RefusedError, SalesforceClient

DAG = "netsuite_salesforce__phase_2_orders"
PREFIX, SUFFIX = "SF-OPP-", "-R1"
STAGES = ("pull", "link", "plan_orders", "gate_orders", "deliver_orders")
SCHEDULE = 120.0  # seconds between the runs of phase 2, as the pairing ships
PATIENCE = 600.0
DEALS, QUICK_DEALS, APART = 6, 2, 35.0
SCALE = "0.2"


@dataclass(frozen=True, slots=True)
class Task:
    """When one stage of a run began and ended; that of the mapped pulls together."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Deal:
    """When a deal was won and when its order was seen."""

    key: str
    won: datetime
    ordered: datetime


def run(settings: Settings) -> Outcome:
    """Start a system, win deals at moments spread over the schedule, and follow each to its order."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder, started(Path(folder)) as (airflow, state):
        airflow.wait_for_success(DAG, PATIENCE)
        access = read_access(state / "sandbox")
        deals = win_deals(access, QUICK_DEALS if settings.quick else DEALS)
        parts = [split(deal, *run_of(airflow, deal)) for deal in deals]
    return outcome(parts)


@contextmanager
def started(place: Path) -> Iterator[tuple[Airflow, Path]]:
    """Bring a whole system up; take it down and delete it in the end."""
    base, state = free_block(10), place / "state"
    place.chmod(0o711)  # the database's account passes through
    chosen = {"STATE": str(state), "PORT_BASE": str(base), "SANDBOX_SCALE": SCALE, "START_TIMEOUT": "600"}
    environment = os.environ | {f"CROSSWALK_{name}": value for name, value in chosen.items()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def command(name: str) -> None:
        told = subprocess.run(
            [sys.executable, "-m", "crosswalk_airflow.command_line", name],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode != 0:
            raise RuntimeError(f"`crosswalk {name}` failed: {(told.stderr or told.stdout)[-2000:]}")

    try:
        command("up")
        passwords = json.loads((state / "passwords.json").read_text())
        yield Airflow(f"http://127.0.0.1:{base}", "admin", passwords["admin"]), state
    finally:
        command("reset")


def win_deals(access: Mapping[str, Any], count: int) -> list[Deal]:
    """Win so many deals some time apart, and wait for all their orders."""
    crm, erp = SalesforceClient(access["salesforce"]), NetSuiteClient(access["netsuite"])
    model = ordered_deal(erp)
    won: dict[str, datetime] = {}
    seen: dict[str, datetime] = {}
    began = time.monotonic()
    while len(seen) < count:
        if len(won) < count and time.monotonic() - began >= len(won) * APART:
            key = copy_of(crm, model, len(won))
            crm.update("Opportunity", key, {"StageName": "Closed Won", "CloseDate": crm.now.date().isoformat()})
            won[key] = datetime.now(UTC)
        for key in orders_of(erp, [key for key in won if key not in seen]):
            seen[key] = datetime.now(UTC)
        if time.monotonic() - began > count * APART + PATIENCE:
            raise RuntimeError(f"{len(won) - len(seen)} won deals became no order within {PATIENCE:.0f} s.")
        time.sleep(0.25)
    return [Deal(key, won[key], seen[key]) for key in won]


def ordered_deal(erp: NetSuiteClient) -> str:
    """Return the id of a deal that became an order; raises RuntimeError when there is none."""
    query = f"SELECT externalid FROM transaction WHERE type = 'SalesOrd' AND externalid LIKE '{PREFIX}%'"
    found = erp.suiteql(query)
    if not found:
        raise RuntimeError("The first runs made no order of any deal.")
    return found[0]["externalid"].removeprefix(PREFIX).removesuffix(SUFFIX)


def copy_of(crm: SalesforceClient, model: str, number: int) -> str:
    """Make an open deal that is like ``model``; return its id."""
    [deal] = crm.query(
        "SELECT Name, AccountId, Pricebook2Id, CurrencyIsoCode, (SELECT PricebookEntryId, Quantity, UnitPrice FROM "
        f"OpportunityLineItems) FROM Opportunity WHERE Id = '{model}'"
    )
    values = {name: deal[name] for name in ("AccountId", "Pricebook2Id", "CurrencyIsoCode")}
    values |= {"Name": f"Measured {number}", "StageName": "Prospecting", "CloseDate": crm.now.date().isoformat()}
    key = crm.create("Opportunity", values)
    for line in deal["OpportunityLineItems"]["records"]:
        wanted = {name: line[name] for name in ("PricebookEntryId", "Quantity", "UnitPrice")}
        crm.create("OpportunityLineItem", {"OpportunityId": key, **wanted})
    return key


def orders_of(erp: NetSuiteClient, deals: Sequence[str]) -> list[str]:
    """Return which of these deals have an order in the ERP."""
    if not deals:
        return []
    keys = ", ".join(f"'{PREFIX}{key}{SUFFIX}'" for key in deals)
    try:
        rows = erp.suiteql(f"SELECT externalid FROM transaction WHERE type = 'SalesOrd' AND externalid IN ({keys})")
    except (RefusedError, requests.ConnectionError):
        return []  # all slots were taken: look again
    return [row["externalid"].removeprefix(PREFIX).removesuffix(SUFFIX) for row in rows]


def run_of(airflow: Airflow, deal: Deal) -> tuple[datetime, dict[str, Task]]:
    """Return when the run that delivered the deal began, and its stages; raises RuntimeError when none did."""
    for run_id, began in airflow.runs(DAG):
        stages = stages_of(airflow.tasks(DAG, run_id))
        delivery = stages.get("deliver_orders")
        if delivery and delivery.began <= deal.ordered and (delivery.ended - deal.ordered).total_seconds() > -2.0:
            return began, stages
    raise RuntimeError(f"No run of {DAG} delivered the deal {deal.key}.")


def stages_of(tasks: Sequence[tuple[str, datetime, datetime]]) -> dict[str, Task]:
    """Return the stages of a run by name; those named alike (the mapped pulls) from the first begin to the last end."""
    stages: dict[str, Task] = {}
    for name, began, ended in tasks:
        stage = "pull" if name.startswith("pull_") else name
        known = stages.get(stage)
        stages[stage] = Task(min(began, known.began), max(ended, known.ended)) if known else Task(began, ended)
    return stages


def split(deal: Deal, run_began: datetime, stages: Mapping[str, Task]) -> dict[str, float]:
    """Return the seconds by cause; they add up to the time from winning to seeing the order.

    A deal that is won while its run is pulling waits for no schedule: its time begins inside that stage.
    """
    parts = {"schedule": max(0.0, (run_began - deal.won).total_seconds())}
    reached = max(deal.won, run_began)
    between = 0.0
    for name in STAGES:
        task = stages[name]
        begins, ends = max(task.began, reached), min(task.ended, deal.ordered)
        between += max(0.0, (begins - reached).total_seconds())
        parts[name.removesuffix("_orders")] = max(0.0, (ends - begins).total_seconds())
        reached = max(reached, ends)
    parts["between tasks"] = between + max(0.0, (deal.ordered - reached).total_seconds())
    parts["total"] = (deal.ordered - deal.won).total_seconds()
    return parts


def outcome(parts: Sequence[Mapping[str, float]]) -> Outcome:
    """Put the causes beside each other."""
    names = list(parts[0])
    medians = {name: round(median(part[name] for part in parts), 2) for name in names}
    unscheduled = [part["total"] - part["schedule"] for part in parts]
    rows = [[f"deal {number}", *(round(part[name], 1) for name in names)] for number, part in enumerate(parts, 1)]
    rows.append(["median", *medians.values()])
    headline = (
        f"{medians['total']:.0f} s from a won deal to its order (median of {len(parts)}), of them {medians['schedule']:.0f} s waiting for the "
        f"schedule of {SCHEDULE:.0f} s; without that wait {median(unscheduled):.0f} s, of them {medians['between tasks']:.0f} s between tasks"
    )
    figures = {"deals": list(parts), "median": medians, "median_without_schedule": round(median(unscheduled), 2)}
    return Outcome("latency", headline, None, figures, [Table("Seconds by cause", ["", *names], rows)])
