"""Salesforce §17: every line of the checklist in the emulator's page names tests, and they exist."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "emulators" / "salesforce.md"


def test_every_line_of_the_checklist_names_tests_that_exist():
    checklist = PAGE.read_text().split("## The reference's checklist")[1].split("\n## ")[0]
    lines = [
        line
        for line in checklist.splitlines()
        if line.startswith("| ") and " --- " not in line and "| behaviour" not in line
    ]
    named = [re.findall(r"`(test_\w+)`", line) for line in lines]
    known = {
        name for file in FOLDER.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    assert len(lines) > 50
    assert [line for line, tests in zip(lines, named, strict=True) if not tests] == []
    assert {test for tests in named for test in tests} - known == set()
