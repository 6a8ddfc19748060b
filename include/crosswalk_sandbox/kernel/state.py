"""The sandbox's folder: one company for all emulators, each emulator's data, who is running, certificates."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from crosswalk_sandbox.company.generate import SEED, generate
from crosswalk_sandbox.company.model import Company, Size
from crosswalk_sandbox.kernel.clock import Clock


class StateError(RuntimeError):
    """The folder cannot be used as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A serving process: its process id and ports."""

    name: str
    pid: int
    port: int
    tls_port: int | None


@dataclass(frozen=True, slots=True)
class State:
    """Everything the sandbox keeps, under one folder."""

    folder: Path

    def directory(self, name: str) -> Path:
        """The emulator's own directory."""
        return self.folder / name

    def clock(self, name: str) -> Clock:
        """The emulator's clock; each has one of its own, so that clocks can disagree."""
        return Clock(self.folder / f"{name}.clock.json")

    @property
    def certificates(self) -> Path:
        """Where the certificates are."""
        return self.folder / "tls"

    def log_file(self, name: str) -> Path:
        """What an emulator in the background says."""
        return self.folder / f"{name}.log"

    def company(self, seed: int | None = None, scale: float | None = None, now: datetime | None = None) -> Company:
        """The company all emulators of this folder show; the first caller settles seed, scale and moment.

        Raises StateError when asked for another seed or scale than the folder was made with.
        """
        kept = self._settle(
            {
                "seed": SEED if seed is None else seed,
                "scale": 1.0 if scale is None else scale,
                "now": (now or datetime.now(UTC)).isoformat(),
            }
        )
        for name, asked in (("seed", seed), ("scale", scale)):
            if asked is not None and asked != kept[name]:
                raise StateError(
                    f"The sandbox in {self.folder} was made with {name} {kept[name]}, not {asked}. "
                    "Choose another folder with --state, or remove this one."
                )
        return generate(kept["seed"], datetime.fromisoformat(kept["now"]), Size().scaled(kept["scale"]))

    def _settle(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Write the company's arguments unless somebody has; returns what is written."""
        target = self.folder / "company.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".company.{os.getpid()}.json"
        unfinished.write_text(json.dumps(wanted))
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, target)
        unfinished.unlink()
        kept: dict[str, Any] = json.loads(target.read_text())
        return kept

    @contextlib.contextmanager
    def claim(self, name: str, port: int, tls_port: int | None) -> Iterator[None]:
        """Be the one process that serves ``name``; the claim ends with the process, even by ``kill -9``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._claim_file(name).open("a+") as file:
            if not _lock(file):
                raise StateError(f"{name} is already running on the state in {self.folder}")
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "port": port, "tls_port": tls_port}))
            file.flush()
            yield

    def running(self) -> list[Running]:
        """The emulators that some process serves now."""
        found = []
        for path in sorted(self.folder.glob("*.claim")):
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    text = file.read()
                    if text:
                        found.append(Running(path.stem, **json.loads(text)))
        return found

    def _claim_file(self, name: str) -> Path:
        return self.folder / f"{name}.claim"


def _lock(file: TextIO) -> bool:
    """Lock for good; tries for half a second, because a look at who is running locks for a moment too."""
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False
