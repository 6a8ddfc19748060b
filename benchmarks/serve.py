"""Serves one emulator in a process of its own: ``python -m benchmarks.serve NAME FOLDER PORT SIZE``.

It ends when its standard input does, so that it never outlives the benchmark that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from crosswalk_sandbox.company.generate import DemoCompany, generate
from crosswalk_sandbox.company.model import Deal, Order, Party, Size
from crosswalk_sandbox.kernel.registry import entry
from crosswalk_sandbox.kernel.server import serve

SEED = 7
SPARE = {"crm": 1.25, "erp": 1.6}  # of ten parties nine are in the CRM, fewer in the ERP


class AccountsOnly(DemoCompany):
    """The demo company with exactly so many accounts in the CRM, or customers in the ERP, and nothing that hangs on them."""

    def __init__(self, seed: int, now: datetime, accounts: int, side: str = "crm") -> None:
        size = Size(int(accounts * SPARE[side]) + 20, 20, 40)
        super().__init__(seed, now, size, block=size.accounts)
        self.accounts, self.side = accounts, side

    def parties(self) -> Iterator[Party]:
        """Parties that side knows, without their people."""
        known = (party for party in self.parties_alone() if getattr(party, self.side) is not None)
        return islice(known, self.accounts)

    def deals(self) -> Iterator[Deal]:
        """None."""
        return iter(())

    def orders(self) -> Iterator[Order]:
        """None."""
        return iter(())


def company(wish: dict[str, Any], now: datetime) -> Any:
    """Return the company: ``accounts_only`` of a ``side``, ``scale``, or ``accounts``, ``products`` and ``deals``."""
    if "accounts_only" in wish:
        return AccountsOnly(SEED, now, wish["accounts_only"], wish.get("side", "crm"))
    if "scale" in wish:
        return generate(SEED, now, Size().scaled(wish["scale"]))
    return generate(SEED, now, Size(wish["accounts"], wish["products"], wish["deals"]))


def main(name: str, folder: Path, port: int, wish: dict[str, Any]) -> None:
    """Load the company unless the folder holds one, then serve until standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from crosswalk_sandbox.kernel.state import State

    state = State(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clock = state.clock(name)
    emulator = entry(name).factory()(state.directory(name), clock, wish.get("options", {}))
    if not emulator.is_loaded():
        emulator.load(company(wish, datetime.now(UTC) - timedelta(hours=float(wish.get("hours_ago", 0)))))
        if wish.get("times", 1) > 1:
            from benchmarks.repeated import repeat_in_org

            repeat_in_org(emulator, wish["times"])
    serve(emulator, port, directory=state.certificates, clock=clock)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
