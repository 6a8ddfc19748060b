"""What bringing a thousand changes in costs, in companies of ten thousand to a million accounts: it follows the changes, not the company.

Each size has an org of that many accounts and a hub that knows them all, nine of ten linked to a customer of the ERP. A first run looks at
everything; then some change, and the engine pulls, maps, lands, links and plans in a process of its own. The engine's CPU is that process's;
Postgres's is that of all its processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.accounts import change
from benchmarks.emulators import Emulator, serving
from benchmarks.engine import pairing
from benchmarks.measure import family_cpu, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.repeated import BASE, repeat_in_hub, tidy
from benchmarks.report import Outcome, Settings, Table

AIM = 1.5
CHANGED = 1_000
ROUNDS = 3
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000, 50_000)
_KNOWN = "known"


def run(settings: Settings) -> Outcome:
    """Measure every size; ``--size`` leaves those out that are larger."""
    sizes = QUICK_SIZES if settings.quick else SIZES
    chosen = [size for size in sizes if size <= (settings.wished or sizes[-1])]
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder, running_postgres() as server:
        known = _known(Path(folder) / "known", server)
        return outcome({size: _measured(size, Path(folder) / str(size), server, known) for size in chosen or sizes[:1]})


def _known(place: Path, server: str) -> str:
    """Return a hub that has read the company's own accounts, for hubs of every size to begin from."""
    database = new_database(server, _KNOWN, hub=True)
    with serving("salesforce", place, accounts_only=BASE, hours_ago=24) as org:
        found = _engine(org, database)
    if found["records"] != BASE:
        raise RuntimeError(f"{BASE} accounts were to be read, and {found['records']} were.")
    return _KNOWN


def _measured(size: int, place: Path, server: str, known: str) -> dict[str, Any]:
    """Return the middle one of some rounds of changes."""
    times = size // BASE
    database = new_database(server, f"incremental_{size}", template=known)
    repeat_in_hub(database, pairing().name, times)
    with serving("salesforce", place, accounts_only=BASE, times=times, hours_ago=24) as org:
        rounds = []
        _engine(org, database)
        tidy(database)
        for number in range(ROUNDS):
            change(org, CHANGED, datetime.now(UTC), f"Round {number}")
            settled(server)
            rounds.append(_round(org, database, server))
    middle = median(found["cpu"] for found in rounds)
    return next(found for found in rounds if found["cpu"] == middle)


def _round(org: Emulator, database: str, server: str) -> dict[str, Any]:
    before = family_cpu(_postmaster(server))
    org.count_anew()
    found = _engine(org, database)
    if not CHANGED <= found["records"] <= CHANGED + 1:
        raise RuntimeError(f"{CHANGED} accounts were changed, and {found['records']} were read.")
    return {**found, "postgres": family_cpu(_postmaster(server)) - before, "requests": org.requests().total}


def _engine(org: Emulator, database: str) -> dict[str, Any]:
    task = {"base_url": org.base_url, "database": database, "options": {}}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contenders", "crosswalk"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The engine failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _postmaster(server: str) -> int:
    with psycopg.connect(server) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    return int((Path(row[0]) / "postmaster.pid").read_text().split()[0])


def outcome(measured: Mapping[int, Mapping[str, Any]]) -> Outcome:
    """Compare each size with the smallest."""
    smallest, largest = min(measured), max(measured)
    growth = {size: ratio(found["cpu"], measured[smallest]["cpu"]) for size, found in measured.items()}
    both = {size: found["cpu"] + found["postgres"] for size, found in measured.items()}
    whole = {size: ratio(both[size], both[smallest]) for size in measured}
    headline = (
        f"{CHANGED:,} changes in {largest:,} accounts cost {growth[largest]:.2f} times the engine CPU of those in {smallest:,} "
        f"(aim at most {AIM}), {whole[largest]:.2f} times with Postgres's"
    )
    head = [
        "accounts",
        "engine CPU s",
        "to the smallest",
        "Postgres CPU s",
        "both to the smallest",
        "wall s",
        "peak MB",
        "requests",
    ]
    rows = [
        [f"{size:,}", found["cpu"], growth[size], round(found["postgres"], 2), whole[size], found["wall"], round(found["peak_mb"]),
         found["requests"]]
        for size, found in measured.items()
    ]  # fmt: skip
    stages = list(measured[smallest]["stages"])
    parts = [[f"{size:,}", *(found["stages"][stage] for stage in stages)] for size, found in measured.items()]
    walls = [[f"{size:,}", *(found["walls"][stage] for stage in found["walls"])] for size, found in measured.items()]
    tables = [
        Table(f"{CHANGED:,} changed accounts", head, rows),
        Table("Engine CPU seconds by stage", ["accounts", *stages], parts),
        Table("Seconds by stage", ["accounts", *measured[smallest]["walls"]], walls),
    ]
    figures = {"changed": CHANGED, "growth": growth, "growth_with_postgres": whole, "sizes": measured}
    return Outcome("incremental", headline, growth[largest] <= AIM, figures, tables)
