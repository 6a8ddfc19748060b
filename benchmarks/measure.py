"""What a piece of work cost this process: seconds, CPU seconds, memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Cost:
    """``cpu`` counts all threads and the children that ended; ``peak_mb`` is the process's peak so far, imports included."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return rounded numbers, JSON-ready."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def cpu_seconds() -> float:
    """CPU that this process and its ended children have used, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def process_cpu(process: int) -> float:
    """CPU that another process has used, in seconds; raises OSError when there is none."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu(process: int) -> float:
    """CPU of another process, its children and those of them that ended, in seconds."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(stat.parent.name) == process:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == process:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int | None = None) -> float:
    """Highest resident size of this process, or another, in MiB.

    The kernel's figure for the memory image: `ru_maxrss` would begin with the size of the process that started us.
    """
    found = _status_mb(process, "VmHWM:")
    if found is not None:
        return found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def resident_mb(process: int) -> float:
    """Resident size of another process now, in MiB, the parts of files that it has mapped included; 0 where the system does not tell."""
    return _status_mb(process, "VmRSS:") or 0.0


def _status_mb(process: int | None, name: str) -> float | None:
    status = Path(f"/proc/{process or 'self'}/status")
    if not status.exists():
        return None
    [line] = [line for line in status.read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


@contextmanager
def cost() -> Iterator[Cost]:
    """Measure the block; the numbers are there when it ends."""
    measured = Cost()
    began, spent = time.perf_counter(), cpu_seconds()
    try:
        yield measured
    finally:
        measured.wall = time.perf_counter() - began
        measured.cpu = cpu_seconds() - spent
        measured.peak_mb = peak_mb()


def per_record(seconds: float, records: int) -> float:
    """Milliseconds a record; raises ValueError when there was none, because then nothing was measured."""
    if records < 1:
        raise ValueError("Nothing was read, so there is no cost of a record.")
    return round(seconds * 1000 / records, 4)


def ratio(measured: float, base: float) -> float:
    """How many times ``base``; raises ValueError when there is nothing to compare with."""
    if base <= 0:
        raise ValueError(f"{base} is nothing to compare with.")
    return round(measured / base, 3)
