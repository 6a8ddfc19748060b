"""``python -m benchmarks [NAME…] [--size N] [--system NAME] [--quick]``."""

from __future__ import annotations

import importlib
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click

from benchmarks.postgres import cores, version
from benchmarks.report import RESULTS, Settings, keep, machine, write_page

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


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option(
    "--size", "--accounts", "accounts", type=click.IntRange(min=100), help="Accounts, for those that count in them."
)
@click.option("--system", "systems", multiple=True, help="Only this one, for reading; its result is kept apart.")
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
    settings = replace(settings_of(accounts, quick), systems=systems)
    where = machine(version(), cores())
    missed = []
    for name in names or NAMES:
        click.echo(f"{name} …")
        began = time.perf_counter()
        outcome = importlib.import_module(f"benchmarks.{name}").run(settings)
        keep(outcome, where, settings, results)
        write_page(results)
        click.echo(f"{outcome.markdown()}({time.perf_counter() - began:.0f} s)\n")
        missed += [name] if outcome.met is False else []
    if missed:
        click.echo(f"Aims missed: {', '.join(missed)}.")
    sys.exit(1 if missed else 0)


def settings_of(accounts: int | None, quick: bool) -> Settings:
    """Return the sizes; a size that was asked for wins over ``quick``."""
    return Settings(accounts or (QUICK_ACCOUNTS if quick else ACCOUNTS), quick, accounts)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Let SIGTERM end what was started, as Ctrl+C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
