"""Reads the tables of an emulator's page: what it does, where the platform's page says so, and which tests hold it."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "emulators"


def lines_under(page: str, heading: str) -> list[str]:
    """Table rows of a section of ``docs/emulators/{page}.md``, its headings' rows left out."""
    section = (PAGES / f"{page}.md").read_text().split(f"\n## {heading}")[1].split("\n## ")[0]
    return [
        line
        for line in section.splitlines()
        if line.startswith("| ") and " --- " not in line and not line.startswith("| behaviour")
    ]


def named_tests(*folders: Path) -> set[str]:
    """Names of the tests in the folders' own files."""
    files = [file for folder in folders for file in folder.glob("test_*.py")]
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}


def cells(line: str) -> list[str]:
    """A row's cells."""
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def without_tests(lines: list[str], known: set[str]) -> list[str]:
    """Rows that name no test, no section, or a test that is not there."""
    return [line for line in lines if not _is_held(line, known)]


def _is_held(line: str, known: set[str]) -> bool:
    named = set(re.findall(r"`(test_\w+)`", line))
    return len(cells(line)) >= 4 and all(cells(line)[:4]) and bool(named) and named <= known
