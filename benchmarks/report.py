"""What the benchmarks found, kept as JSON for machines and as one Markdown page for people."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Settings:
    """How large the benchmarks are; ``quick`` is for a look, not for a result to keep."""

    accounts: int
    quick: bool
    wished: int | None = None  # a size that was asked for, where a benchmark has its own
    systems: Sequence[str] = ()  # the only ones to measure, where a benchmark measures several

    def wants(self, system: str) -> bool:
        """Tell whether a system is to be measured."""
        return not self.systems or system in self.systems


@dataclass(frozen=True, slots=True)
class Table:
    """Figures for the page; the first cell of a row names it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        body = "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)
        return f"**{self.title}**\n\n{body}\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark's result. ``met`` tells whether the aim was reached; None where there is no aim."""

    name: str
    headline: str
    met: bool | None
    figures: dict[str, Any]
    tables: Sequence[Table] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Return the outcome as a section of the page."""
        mark = {True: "Aim met.", False: "Aim missed.", None: ""}[self.met]
        return "\n".join(
            [
                f"## {self.name}\n",
                f"{self.headline}. {mark}\n".replace(". \n", ".\n"),
                *(t.markdown() for t in self.tables),
            ]
        )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def machine(postgres: str, cores: int) -> dict[str, Any]:
    """Return what the figures depend on; no host names, no paths."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": cores,
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "postgres": postgres,
    }


def _processor() -> str:
    """Return the processor's model, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def keep(outcome: Outcome, where: dict[str, Any], settings: Settings, folder: Path = RESULTS) -> None:
    """Store one outcome as JSON, with the machine and the date it was measured on and at."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "benchmark": outcome.name,
        "headline": outcome.headline,
        "aim_met": outcome.met,
        "machine": where,
        "quick": settings.quick,
        "figures": outcome.figures,
        "page": outcome.markdown(),
    }
    (folder / f"{outcome.name}.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def write_page(folder: Path = RESULTS) -> Path:
    """Write the page from every stored outcome, those of earlier runs included, each with its own date."""
    kept = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    sections = ["# Results", "", "Made by `python -m benchmarks`; docs/benchmarks.md says what each figure means.", ""]
    for one in kept:
        m = one["machine"]
        quick = ", a quick run" if one["quick"] else ""
        place = f"{m['date']}, {m['cores']} cores of {m['processor']}, Python {m['python']}, Postgres {m['postgres']}{quick}"
        title, _, rest = one["page"].partition("\n\n")
        sections.append(f"{title}\n\n_{place}_\n\n{rest}")
    page = folder / "README.md"
    page.write_text("\n".join(sections).rstrip() + "\n")
    return page
