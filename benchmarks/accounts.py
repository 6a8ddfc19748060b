"""What a full load of accounts and a small change cost, beside a bare loop over the same endpoint, with Salesforce's beside dlt, too.

The engine does more than its peers: typed values, canonical form, fingerprints, tombstones, ledger, links, plan. dlt lands the
raw records by a merge on Id; simple-salesforce only iterates. Emulator and Postgres are processes of their own; what is compared is the CPU
of the contender's own process, without its imports, which are stated apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.emulators import Emulator, serving
from benchmarks.ends import BY_REST, DLT, ENDS, ENGINE, End
from benchmarks.measure import per_record, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.report import Outcome, Settings, Table

AIM_MS = 1.0
AIM_MB = 400.0
LARGE = 200_000  # from here on the engine reads by Bulk only, as it would, and not a second time by REST
CHANGED = 1_000
SYSTEMS = tuple(ENDS)


def run(settings: Settings) -> Iterator[Outcome]:
    """Load all accounts with each contender, change some, let each contender bring its copy up to date."""
    with running_postgres() as server:
        for end in ENDS.values():
            if settings.wants(end.system):
                with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
                    yield _measured(end, settings.accounts, Path(folder), server)


def _measured(end: End, accounts: int, place: Path, server: str) -> Outcome:
    wish: dict[str, Any] = {"accounts_only": accounts, "side": end.side, "options": dict(end.account)}
    with serving(end.system, place / "org", hours_ago=24, **wish) as org:
        databases = {
            name: new_database(server, f"{end.system}_{number}", hub=end.contenders[name][0] == ENGINE)
            for number, name in enumerate(contenders(end, accounts))
        }
        turn = _Turns(end, org, place, databases, lambda: settled(server))
        full = turn.all(None, accounts)
        since = datetime.now(UTC)
        changed = min(CHANGED, accounts // 10)
        end.change(org, changed, since, "Newtown")
        incremental = turn.all(since.strftime("%Y-%m-%dT%H:%M:%SZ"), changed)
        return outcome(end, accounts, changed, full, incremental, org.loading)


def contenders(end: End, accounts: int) -> list[str]:
    """Return who takes part at that size."""
    return [name for name in end.contenders if name != BY_REST or accounts < LARGE]


class _Turns:
    """Lets the contenders run one after the other, each in a process of its own."""

    def __init__(
        self, end: End, org: Emulator, place: Path, databases: dict[str, str], before_each: Callable[[], None]
    ) -> None:
        self._end, self._org, self._place, self._databases, self._before_each = end, org, place, databases, before_each

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
            found["rows"] = None if name == self._end.bare else rows_of(name, self._databases[name])
            results[name] = found
        return results

    def _one(self, name: str, since: str | None) -> dict[str, Any]:
        tool, options = self._end.contenders[name]
        task = {
            "system": self._end.system,
            "base_url": self._org.base_url,
            "token": self._end.token(self._org),
            "fields": self._end.fields(),
            "where": self._end.where,
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


def rows_of(name: str, database: str) -> int:
    """Return how many accounts the contender's database holds."""
    table = "accounts.account" if name == DLT else "hub.customer"
    with psycopg.connect(database) as connection:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def outcome(
    end: End,
    accounts: int,
    changed: int,
    full: dict[str, dict[str, Any]],
    incremental: dict[str, dict[str, Any]],
    loading: float,
) -> Outcome:
    """Put the measurements beside each other."""
    cpu = {name: per_record(found["cpu"], found["records"]) for name, found in full.items()}
    per_change = {name: per_record(found["cpu"], found["records"]) for name, found in incremental.items()}
    figures = {
        "accounts": accounts,
        "changed": changed,
        "cpu_ms_per_record": cpu,
        **({"engine_to_dlt": ratio(cpu[ENGINE], cpu[DLT])} if DLT in cpu else {}),
        "engine_to_bare_loop": ratio(cpu[ENGINE], cpu[end.bare]),
        **({"engine_by_rest_to_dlt": ratio(cpu[BY_REST], cpu[DLT])} if {BY_REST, DLT} <= set(cpu) else {}),
        "incremental_cpu_to_full": ratio(incremental[ENGINE]["cpu"], full[ENGINE]["cpu"]),
        "incremental_cpu_ms_per_changed": per_change,
        "emulator_loading_seconds": loading,
        "full": full,
        "incremental": incremental,
    }
    tables = [
        _table(f"Full load of {accounts:,} {end.title}", full),
        _table(f"{changed:,} changed of {accounts:,}", incremental),
        _stages(full, incremental),
    ]
    met = cpu[ENGINE] < AIM_MS and full[ENGINE]["peak_mb"] < AIM_MB
    return Outcome(name_of(end, accounts), _headline(end, cpu, full), met, figures, tables)


def name_of(end: End, accounts: int) -> str:
    """Return the result's name: other systems than Salesforce and large sizes have their own."""
    parts = [
        "accounts",
        *([end.system] if end.system != "salesforce" else []),
        *([str(accounts)] if accounts >= LARGE else []),
    ]
    return "-".join(parts)


def _headline(end: End, cpu: dict[str, float], full: dict[str, dict[str, Any]]) -> str:
    engine, bare = full[ENGINE], full[end.bare]
    beside = f"{ratio(cpu[ENGINE], cpu[DLT]):.2f} of dlt's {cpu[DLT]:.3f}, " if DLT in cpu else ""
    walls = f"{ratio(engine['wall'], full[DLT]['wall']):.2f} of dlt's and " if DLT in cpu else ""
    return (
        f"{cpu[ENGINE]:.3f} ms of engine CPU a record (aim below {AIM_MS:g}) and {engine['peak_mb']:.0f} MB "
        f"(aim below {AIM_MB:.0f}): {beside}{ratio(cpu[ENGINE], cpu[end.bare]):.1f} times the {cpu[end.bare]:.3f} of a loop that keeps "
        f"nothing; in wall time {walls}{ratio(engine['wall'], bare['wall']):.1f} times the loop's"
    )


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
    names = list(full[ENGINE]["stages"])
    rows = [
        [f"{title}, {name}", *(found[name]["stages"][stage] for stage in names)]
        for title, found in (("full", full), ("incremental", incremental))
        for name in (ENGINE, BY_REST)
        if name in found
    ]
    return Table("CPU seconds by stage", ["", *names], rows)
