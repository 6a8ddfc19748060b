"""What bringing a thousand changes in costs, in companies of ten thousand to a million accounts: it follows the changes, not the company.

Each size has an account of that many customers and a hub that knows them all, nine of ten linked to a customer of the other system. A first run looks at
everything; then some change, and the engine pulls, maps, lands, links and plans in a process of its own. The engine's CPU is that process's;
Postgres's is that of all its processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.emulators import Emulator, serving
from benchmarks.ends import ENDS, ENGINE, End
from benchmarks.engine import pairing
from benchmarks.measure import family_cpu, ratio
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.repeated import BASE, link_in_hub, repeat_in_hub, tidy
from benchmarks.report import Outcome, Settings, Table

AIM = 1.5
CHANGED = 1_000
ROUNDS = 3
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000, 50_000)
_KNOWN = "known"


def run(settings: Settings) -> Iterator[Outcome]:
    """Measure every size of each system; ``--size`` leaves those out that are larger."""
    sizes = QUICK_SIZES if settings.quick else SIZES
    chosen = [size for size in sizes if size <= (settings.wished or sizes[-1])]
    for end in ENDS.values():
        if settings.wants(end.system):
            with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder, running_postgres() as server:
                found = {size: _measured(end, size, Path(folder), server) for size in chosen or sizes[:1]}
                yield outcome(end, found)


def _measured(end: End, size: int, place: Path, server: str) -> dict[str, Any]:
    """Return the middle one of some rounds of changes, and what the first look at everything took."""
    with _company(end, size, place, server) as (org, database):
        first = _engine(end, org, database)
        if end.system != "salesforce":  # its hub was filled from a smaller one
            if first["records"] != size:
                raise RuntimeError(f"{size} customers were to be read, and {first['records']} were.")
            chosen = pairing(end.system)
            link_in_hub(database, chosen.name, end.system, _other(end))
            _engine(end, org, database)
        tidy(database)
        rounds = []
        for number in range(ROUNDS):
            end.change(org, CHANGED, datetime.now(UTC), f"Round {number}")
            settled(server)
            rounds.append(_round(end, org, database, server))
    middle = median(found["cpu"] for found in rounds)
    return {**next(found for found in rounds if found["cpu"] == middle), "first": first}


def _other(end: End) -> str:
    chosen = pairing(end.system)
    return str((chosen.erp if end.side == "crm" else chosen.crm).system)


@contextmanager
def _company(end: End, size: int, place: Path, server: str) -> Iterator[tuple[Emulator, str]]:
    """Serve a company of that size, with a hub; Salesforce's are copies of 10,000 accounts, here and there."""
    name, options = f"incremental_{end.system}_{size}", dict(end.account)
    if end.system == "salesforce":
        database = new_database(server, name, template=_known(end, place, server))
        repeat_in_hub(database, pairing().name, size // BASE)
        wish: dict[str, Any] = {"accounts_only": BASE, "times": size // BASE}
    else:
        database = new_database(server, name, hub=True)
        wish = {"accounts_only": size, "side": end.side}
    with serving(end.system, place / str(size), hours_ago=24, options=options, **wish) as org:
        yield org, database


def _known(end: End, place: Path, server: str) -> str:
    """Return a hub that has read the company's own accounts, for hubs of every size to begin from; made once."""
    if not (place / _KNOWN).exists():
        database = new_database(server, _KNOWN, hub=True)
        with serving(end.system, place / _KNOWN, accounts_only=BASE, hours_ago=24) as org:
            found = _engine(end, org, database)
        if found["records"] != BASE:
            raise RuntimeError(f"{BASE} accounts were to be read, and {found['records']} were.")
    return _KNOWN


def _round(end: End, org: Emulator, database: str, server: str) -> dict[str, Any]:
    before = family_cpu(_postmaster(server))
    org.count_anew()
    found = _engine(end, org, database)
    if not CHANGED <= found["records"] <= CHANGED + 1:
        raise RuntimeError(f"{CHANGED} accounts were changed, and {found['records']} were read.")
    return {**found, "postgres": family_cpu(_postmaster(server)) - before, "requests": org.requests().total}


def _engine(end: End, org: Emulator, database: str) -> dict[str, Any]:
    task = {
        "system": end.system,
        "base_url": org.base_url,
        "database": database,
        "options": end.contenders[ENGINE][1],
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contenders", ENGINE],
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


def outcome(end: End, measured: Mapping[int, Mapping[str, Any]]) -> Outcome:
    """Compare each size with the smallest."""
    smallest, largest = min(measured), max(measured)
    growth = {size: ratio(found["cpu"], measured[smallest]["cpu"]) for size, found in measured.items()}
    both = {size: found["cpu"] + found["postgres"] for size, found in measured.items()}
    whole = {size: ratio(both[size], both[smallest]) for size in measured}
    headline = (
        f"{CHANGED:,} changes in {largest:,} {end.title} cost {growth[largest]:.2f} times the engine CPU of those in {smallest:,} "
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
        Table(f"{CHANGED:,} changed {end.title}", head, rows),
        Table("Engine CPU seconds by stage", ["accounts", *stages], parts),
        Table("Seconds by stage", ["accounts", *measured[smallest]["walls"]], walls),
    ]
    figures = {"changed": CHANGED, "growth": growth, "growth_with_postgres": whole, "sizes": measured}
    name = "incremental" if end.system == "salesforce" else f"incremental-{end.system}"
    return Outcome(name, headline, growth[largest] <= AIM, figures, tables)
