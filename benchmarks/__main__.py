"""``python -m benchmarks [NAME…] [--system NAME]… [--size N] [--quick]``."""

from __future__ import annotations

import importlib
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

import click

from benchmarks.engine import PAIRINGS
from benchmarks.postgres import cores, version
from benchmarks.report import RESULTS, Outcome, Settings, keep, machine, write_page

NAMES = (
    "accounts",
    "incremental",
    "reading",
    "calls",
    "orders",
    "writes",
    "parsing",
    "identity",
    "customer_page",
    "ledger",
    "latency",
    "checks",
)
ACCOUNTS, QUICK_ACCOUNTS = 100_000, 5_000


@click.command(epilog=f"Benchmarks: {', '.join(NAMES)}.")
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]...")
@click.option(
    "--size", "--accounts", "accounts", type=click.IntRange(min=100), help="Accounts, for those that count in them."
)
@click.option(
    "--system",
    "systems",
    multiple=True,
    type=click.Choice(sorted(PAIRINGS)),
    help="Only these systems, for benchmarks that measure several.",
)
@click.option("--quick", is_flag=True, help="Small sizes: minutes become seconds, figures become rough.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    help="Folder that keeps the results.",
)
def main(names: tuple[str, ...], accounts: int | None, systems: tuple[str, ...], quick: bool, results: Path) -> None:
    """Measure Crosswalk: all benchmarks, or those named."""
    signal.signal(signal.SIGTERM, _interrupt)
    settings = settings_of(accounts, quick, systems)
    where = machine(version(), cores())
    missed = []
    for name in names or NAMES:
        click.echo(f"{name} …")
        began = time.perf_counter()
        for outcome in outcomes(importlib.import_module(f"benchmarks.{name}").run(settings)):
            keep(outcome, where, settings, results)
            write_page(results)
            click.echo(f"{outcome.markdown()}({time.perf_counter() - began:.0f} s)\n")
            missed += [outcome.name] if outcome.met is False else []
            began = time.perf_counter()
    if missed:
        click.echo(f"Aims missed: {', '.join(missed)}.")
    sys.exit(1 if missed else 0)


def settings_of(accounts: int | None, quick: bool, systems: Sequence[str] = ()) -> Settings:
    """Return the sizes; a size that was asked for wins over ``quick``."""
    return Settings(accounts or (QUICK_ACCOUNTS if quick else ACCOUNTS), quick, accounts, systems)


def outcomes(found: Outcome | Iterable[Outcome]) -> Iterable[Outcome]:
    """Return what a benchmark yields: one outcome, or one for each system, as soon as it is there."""
    return [found] if isinstance(found, Outcome) else found


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Let SIGTERM end what was started, as Ctrl+C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
