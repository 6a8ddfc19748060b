"""HubSpot §25: every line of the checklist in the emulator's page names tests, and they exist."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from crosswalk_sandbox.hubspot import Options

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "emulators" / "hubspot.md"
ITSELF = {
    "test_every_line_of_the_checklist_names_tests_that_exist",
    "test_every_open_question_has_a_switch_that_exists",
}


def test_every_line_of_the_checklist_names_tests_that_exist() -> None:
    checklist = PAGE.read_text().split("## The reference's checklist")[1].split("\n## ")[0]
    lines = [
        line
        for line in checklist.splitlines()
        if line.startswith("| ") and " --- " not in line and "| behaviour" not in line
    ]
    named = [re.findall(r"`(test_\w+)`", line) for line in lines]
    files = [file.read_text() for file in FOLDER.glob("test_*.py")]
    known = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.M)}
    assert len(lines) > 60
    assert [line for line, tests in zip(lines, named, strict=True) if not tests] == []
    assert {test for tests in named for test in tests} - known == set()
    assert known - {test for tests in named for test in tests} - ITSELF == set()


def test_every_open_question_has_a_switch_that_exists() -> None:
    switches = set(re.findall(r"`([a-z_0-9]+)`", " ".join(re.findall(r"\(switch(?:es)? [^)]*\)", PAGE.read_text()))))
    assert switches <= {field.name for field in fields(Options)}
    assert len(switches) >= 20
