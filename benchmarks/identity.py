"""Matching companies by score: how many links are right, how many are found, how many people are asked, at what cost.

Every contender gets the same labelled companies (the demo company and two sets of ``labelled_companies.py``) in a process of its own:
Crosswalk, a plain weighted average over the same candidate pairs, and Splink in an environment of its own. For all of them the best pair of each record is taken, and the threshold is
the best one in hindsight; Crosswalk's own decisions, made without the labels, stand beside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.labelled_companies import HARD, RICH, Labelled, in_subsidiaries, labelled
from benchmarks.labelled_demo import demo_customers
from benchmarks.report import Outcome, Settings, Table

PROJECT = Path(__file__).parents[1]
SPLINK = ("splink==5.0.0", "pandas==3.1.1")
COMPANIES, QUICK_COMPANIES = 20_000, 2_000
LARGE, LARGE_SIDE = 111_000, 100_000  # of so many companies either side has about so many
PRECISION, COMPLETENESS = 0.999, 0.99
MOST_SECONDS, MOST_MB = 60, 1024


def run(settings: Settings) -> Outcome:
    """Match on the demo company, on the rich and on the hard set, on one with subsidiaries, and 100,000 by 100,000."""
    companies = settings.wished or (QUICK_COMPANIES if settings.quick else COMPANIES)
    sets = {
        "demo": lambda: demo_customers(companies),
        "rich": lambda: labelled(companies, RICH),
        "hard": lambda: labelled(companies, HARD),
    }
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as name:
        folder = Path(name)
        other = splink_python(folder)
        pythons = {"crosswalk": sys.executable, "weighted average": sys.executable, "splink": other}
        for title, make in sets.items():
            truth = make()
            data = written(truth, folder)
            found[title] = {
                contender: judged(measured(contender, data, python), truth.true, len(truth.left))
                for contender, python in pythons.items()
                if python
            }
        truth = in_subsidiaries(companies)
        spread = judged(
            measured("in subsidiaries", written(truth, folder), sys.executable), truth.true, len(truth.left)
        )
        large = None
        if not settings.quick:
            truth = labelled(LARGE, HARD)
            large = judged(measured("crosswalk", written(truth, folder), sys.executable), truth.true, len(truth.left))
    return outcome(companies, found, spread, large)


def written(truth: Labelled, folder: Path) -> Path:
    """Write labelled records for the contenders."""
    path = folder / "labelled.json"
    path.write_text(json.dumps({"left": truth.left, "right": truth.right, "true": sorted(truth.true)}))
    return path


def splink_python(folder: Path) -> str | None:
    """Return a Python that has Splink, in an environment made for it; None where it cannot be installed."""
    environment = folder / "splink"
    uv = shutil.which("uv")
    make = (
        [uv, "venv", "-q", "--python", sys.executable, str(environment)]
        if uv
        else [sys.executable, "-m", "venv", str(environment)]
    )
    python = str(environment / "bin" / "python")
    install = (
        [uv, "pip", "install", "-q", "--python", python, *SPLINK]
        if uv
        else [python, "-m", "pip", "install", "-q", *SPLINK]
    )
    done = all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in (make, install))
    return python if done else None


def measured(contender: str, data: Path, python: str) -> dict[str, Any]:
    """Run one contender in a process of its own."""
    out = data.with_name("scored.json")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "include")])}
    command = [python, "-m", "benchmarks.identity_contenders", contender, str(data), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=data.parent, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{contender} failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(out.read_text())
    return result


def judged(result: Mapping[str, Any], true: set[tuple[str, str]], lefts: int) -> dict[str, Any]:
    """Return the best F1, what a threshold of the wanted precision finds, and what was decided without labels."""
    best = best_pairs(result["scored"])
    figures: dict[str, Any] = {
        "f1": best_f1(best, true),
        "sure_share": share_at(best, true, PRECISION),
        **{name: result[name] for name in ("wall", "cpu", "peak_mb", "compared")},
    }
    if "linked" in result:
        linked = {tuple(pair) for pair in result["linked"]}
        figures |= {
            "linked": len(linked),
            "precision": len(linked & true) / max(len(linked), 1),
            "linked_share": len(linked & true) / len(true),
            "review_share": len(result["asked"]) / lefts,
            "completeness": result["completeness"],
        }
    return figures


def best_pairs(scored: Sequence[Sequence[Any]]) -> list[tuple[str, str, float]]:
    """Return each record's best pair, best first, no record twice."""
    taken: set[str] = set()
    chosen = []
    for left, right, score in sorted(scored, key=lambda pair: -pair[2]):
        if left not in taken and right not in taken:
            taken |= {left, right}
            chosen.append((left, right, score))
    return chosen


def best_f1(pairs: Sequence[tuple[str, str, float]], true: set[tuple[str, str]]) -> float:
    """Return the F1 of the best threshold there is."""
    best, right = 0.0, 0
    for count, (left, other, _) in enumerate(pairs, 1):
        right += (left, other) in true
        best = max(best, 2 * right / (count + len(true)))
    return best


def share_at(pairs: Sequence[tuple[str, str, float]], true: set[tuple[str, str]], precision: float) -> float:
    """Return which share of the true pairs the lowest threshold finds that keeps ``precision``."""
    found, right = 0, 0
    for count, (left, other, _) in enumerate(pairs, 1):
        right += (left, other) in true
        if right >= precision * count:
            found = right
    return found / len(true)


def outcome(
    companies: int, found: Mapping[str, Mapping[str, Any]], spread: Mapping[str, Any], large: Mapping[str, Any] | None
) -> Outcome:
    """Put the contenders side by side."""
    head = ["", "best F1", f"true pairs at precision {PRECISION}", "pairs scored", "seconds", "CPU s", "peak MB"]
    tables = [
        Table(
            f"{companies:,} companies, {hardness}",
            head,
            [
                [name, one["f1"], one["sure_share"], one["compared"], one["wall"], one["cpu"], one["peak_mb"]]
                for name, one in contenders.items()
            ],
        )
        for hardness, contenders in found.items()
    ]
    own: dict[str, Mapping[str, Any]] = {title: contenders["crosswalk"] for title, contenders in found.items()}
    own["hard, with customers in several subsidiaries"] = spread
    if large is not None:
        own[f"{LARGE_SIDE:,} by {LARGE_SIDE:,}, hard"] = large
    tables.append(decided_table(own))
    met = all(one["precision"] >= PRECISION and one["completeness"] >= COMPLETENESS for one in own.values())
    size = ""
    if large is not None:
        costs = [large["wall"], large["cpu"], large["peak_mb"], large["compared"]]
        head = ["", "seconds", "CPU s", "peak MB, the records included", "pairs scored"]
        tables.append(Table(f"{LARGE_SIDE:,} by {LARGE_SIDE:,}, hard", head, [["crosswalk", *costs]]))
        # It waits for nothing: on cores that do nothing else it takes no longer than its CPU time, all threads counted.
        met = met and large["cpu"] < MOST_SECONDS and large["peak_mb"] < MOST_MB
        size = f"; {LARGE_SIDE:,} by {LARGE_SIDE:,} in {large['wall']:.0f} s ({large['cpu']:.0f} s of CPU) with {large['peak_mb']:.0f} MB"
    hard = own["hard"]
    headline = (
        f"on the hard set {hard['precision']:.4f} of the links are right (aim {PRECISION}), {hard['linked_share']:.0%} of the true pairs are linked,"
        f" {hard['review_share']:.0%} of the records sent to review{size}"
    )
    return Outcome(
        "identity", headline, met, {"companies": companies, "sets": found, "spread": spread, "large": large}, tables
    )


def decided_table(own: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what Crosswalk decides without labels, set by set."""
    return Table(
        "What Crosswalk decides without labels",
        ["", "linked", "precision", "of the true pairs", "sent to review, of the CRM's records", "pair completeness of blocking"],
        [
            [title, one["linked"], f"{one['precision']:.4f}", one["linked_share"], one["review_share"], f"{one['completeness']:.4f}"]
            for title, one in own.items()
        ],
    )  # fmt: skip
