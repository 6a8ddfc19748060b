"""What a full load of accounts and a small change cost, beside dlt and a bare simple-salesforce loop over the same endpoint.

The engine does more than its peers: typed values, canonical form, fingerprints, tombstones, ledger, links, plan. dlt lands the
raw records by a merge on Id; simple-salesforce only iterates. Emulator and Postgres are processes of their own; what is compared is the CPU
of the contender's own process, without its imports, which are stated apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import requests

from benchmarks.emulators import Emulator, serving
from benchmarks.engine import INCLUDE
from benchmarks.measure import per_record, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.report import Outcome, Settings, Table
from crosswalk.mapping.document import load_mapping

AIM_MS = 1.0
AIM_MB = 400.0
LARGE = 200_000  # from here on the engine reads by Bulk only, as it would, and not a second time by REST
CHANGED = 1_000
BATCH = 200  # records of one collection (Salesforce §7.1)
_ENGINE, _ENGINE_REST, _DLT, _BARE = "crosswalk", "crosswalk by REST", "dlt", "simple-salesforce"
_VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    _ENGINE: ("crosswalk", {}),
    _ENGINE_REST: ("crosswalk", {"bulk_from": 10**9}),
    _DLT: ("dlt", {}),
    _BARE: ("simple-salesforce", {}),
}


def run(settings: Settings) -> Outcome:
    """Load all accounts with each contender, change some, let each contender bring its copy up to date."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder, running_postgres() as server:
        place = Path(folder)
        with serving("salesforce", place / "org", accounts_only=settings.accounts, hours_ago=24) as org:
            databases = {
                name: new_database(server, f"bench_{number}", hub=_VARIANTS[name][0] == "crosswalk")
                for number, name in enumerate(contenders(settings.accounts))
            }
            turn = _Turns(org, place, databases, lambda: settled(server))
            full = turn.all(None, settings.accounts)
            since = datetime.now(UTC)
            changed = min(CHANGED, settings.accounts // 10)
            change(org, changed, since)
            incremental = turn.all(since.strftime("%Y-%m-%dT%H:%M:%SZ"), changed)
            loading = org.loading
    return outcome(settings.accounts, changed, full, incremental, loading)


def contenders(accounts: int) -> list[str]:
    """Return who takes part at that size."""
    return [name for name in _VARIANTS if name != _ENGINE_REST or accounts < LARGE]


class _Turns:
    """Lets the contenders run one after the other, each in a process of its own."""

    def __init__(self, org: Emulator, place: Path, databases: dict[str, str], before_each: Callable[[], None]) -> None:
        self._org, self._place, self._databases, self._before_each = org, place, databases, before_each
        self._fields = fields()

    def all(self, since: str | None, expected: int) -> dict[str, dict[str, Any]]:
        """Return what each contender measured; raises RuntimeError when one brought too few records.

        dlt reads the last record it has once more, because its cursor includes the last value.
        """
        results = {}
        for name in self._databases:
            self._before_each()
            self._org.count_anew()
            found = self._one(name, since)
            found["requests"] = self._org.requests().total
            if not expected <= found["records"] <= expected + 1:
                raise RuntimeError(f"{name} read {found['records']} records instead of {expected}.")
            found["rows"] = rows_of(name, self._databases[name])
            results[name] = found
        return results

    def _one(self, name: str, since: str | None) -> dict[str, Any]:
        tool, options = _VARIANTS[name]
        task = {
            "base_url": self._org.base_url,
            "token": token(self._org),
            "fields": self._fields,
            "database": self._databases[name],
            "folder": str(self._place / "pipelines"),
            "since": since,
            "options": options,
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.contenders", tool],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return result


def fields() -> list[str]:
    """Return the columns that all contenders ask for: what the shipped mapping reads of an account."""
    selection = load_mapping(INCLUDE / "mappings" / "salesforce.yaml").entities["customer"].selection
    return ["Id", "SystemModstamp", *(field.path for field in selection.fields)]


def token(org: Emulator) -> str:
    """Return a new session of the org (client credentials, Salesforce §2.3)."""
    access = org.access()
    answer = requests.post(
        access["token_url"],
        data={"grant_type": "client_credentials"},
        auth=(access["consumer_key"], access["consumer_secret"]),
        timeout=60,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def change(org: Emulator, accounts: int, since: datetime, city: str = "Newtown") -> None:
    """Give so many accounts another ``city``, after ``since``'s second is over, as a user's import would: in collections."""
    while datetime.now(UTC).replace(microsecond=0) <= since:
        time.sleep(0.05)
    headers = {"Authorization": f"Bearer {token(org)}"}
    root = f"{org.base_url}/services/data/v62.0"
    soql = f"SELECT Id FROM Account ORDER BY Id LIMIT {accounts}"
    found = requests.get(f"{root}/query", params={"q": soql}, headers=headers, timeout=60).json()["records"]
    ids = [record["Id"] for record in found]
    for start in range(0, accounts, BATCH):
        records = [
            {"attributes": {"type": "Account"}, "Id": key, "BillingCity": f"{city} {start}"}
            for key in ids[start : start + BATCH]
        ]
        answer = requests.patch(
            f"{root}/composite/sobjects", json={"allOrNone": True, "records": records}, headers=headers, timeout=60
        )
        if not all(row["success"] for row in answer.json()):
            raise RuntimeError("The org refused the changes that were to be pulled.")


def rows_of(name: str, database: str) -> int | None:
    """Return how many accounts the contender's database holds; None for the one that keeps nothing."""
    if name == _BARE:
        return None
    table = "accounts.account" if name == _DLT else "hub.customer"
    with psycopg.connect(database) as connection:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def outcome(
    accounts: int,
    changed: int,
    full: dict[str, dict[str, Any]],
    incremental: dict[str, dict[str, Any]],
    loading: float,
) -> Outcome:
    """Put the measurements beside each other."""
    engine, bare = full[_ENGINE], full[_BARE]
    cpu = {name: per_record(found["cpu"], found["records"]) for name, found in full.items()}
    figures = {
        "accounts": accounts,
        "changed": changed,
        "cpu_ms_per_record": cpu,
        "engine_to_dlt": ratio(cpu[_ENGINE], cpu[_DLT]),
        "engine_to_bare_loop": ratio(cpu[_ENGINE], cpu[_BARE]),
        **({"engine_by_rest_to_dlt": ratio(cpu[_ENGINE_REST], cpu[_DLT])} if _ENGINE_REST in cpu else {}),
        "incremental_cpu_to_full": ratio(incremental[_ENGINE]["cpu"], engine["cpu"]),
        "incremental_cpu_ms_per_changed": {
            name: per_record(found["cpu"], found["records"]) for name, found in incremental.items()
        },
        "emulator_loading_seconds": loading,
        "full": full,
        "incremental": incremental,
    }
    headline = (
        f"{cpu[_ENGINE]:.3f} ms of engine CPU a record (aim below {AIM_MS:g}) and {engine['peak_mb']:.0f} MB "
        f"(aim below {AIM_MB:.0f}): {ratio(cpu[_ENGINE], cpu[_DLT]):.2f} of dlt's "
        f"{cpu[_DLT]:.3f}, {ratio(cpu[_ENGINE], cpu[_BARE]):.1f} times the {cpu[_BARE]:.3f} of a loop that keeps nothing; in wall time "
        f"{ratio(engine['wall'], full[_DLT]['wall']):.2f} of dlt's and {ratio(engine['wall'], bare['wall']):.1f} times the loop's"
    )
    tables = [
        _table(f"Full load of {accounts:,} accounts", full),
        _table(f"{changed:,} changed of {accounts:,}", incremental),
        _stages(full, incremental),
    ]
    name = "accounts" if accounts < LARGE else f"accounts-{accounts}"
    return Outcome(name, headline, cpu[_ENGINE] < AIM_MS and engine["peak_mb"] < AIM_MB, figures, tables)


def _table(title: str, results: dict[str, dict[str, Any]]) -> Table:
    head = [
        "",
        "CPU ms a record",
        "CPU s",
        "wall s",
        "peak MB",
        "of it imports",
        "import CPU s",
        "requests",
        "rows kept",
    ]
    rows = [
        [name, per_record(r["cpu"], r["records"]), r["cpu"], r["wall"], round(r["peak_mb"]), round(r["import_mb"]),
         r["import_cpu"], r["requests"], r["rows"] if r["rows"] is not None else "none"]
        for name, r in results.items()
    ]  # fmt: skip
    return Table(title, head, rows)


def _stages(full: dict[str, dict[str, Any]], incremental: dict[str, dict[str, Any]]) -> Table:
    names = list(full[_ENGINE]["stages"])
    rows = [
        [f"{title}, {name}", *(found[name]["stages"][stage] for stage in names)]
        for title, found in (("full", full), ("incremental", incremental))
        for name in (_ENGINE, _ENGINE_REST)
        if name in found
    ]
    return Table("CPU seconds by stage", ["", *names], rows)
