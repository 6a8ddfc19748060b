"""NetSuite §14: every line of the checklist in the emulator's page names tests, and they exist; switches are switches."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.sandbox.checklist import PAGES, cells, lines_under, named_tests, without_tests

from crosswalk_sandbox.netsuite import Options

FOLDER = Path(__file__).parent
KNOWN = named_tests(FOLDER, FOLDER.parent / "kernel")


def test_every_line_of_the_checklist_names_tests_that_exist() -> None:
    lines = lines_under("netsuite", "The reference's checklist")
    assert len(lines) > 65
    assert without_tests(lines, KNOWN) == []


def test_every_other_line_of_the_page_names_the_beginning_of_a_test() -> None:
    """Those tables say ``file: beginning of a test's name, another; file: …``, or only the file."""
    missing = []
    for heading in ("Signing in", "Shape of answers", "Lists and filters", "Records", "SuiteQL", "Sales", "Jobs and"):
        for line in lines_under("netsuite", heading):
            missing += [line for file, name in _references(cells(line)[3]) if not _is_there(file, name)]
    assert missing == []


def _references(cell: str) -> list[tuple[str, str]]:
    found, file = [], ""
    for word in re.split(r"[,;] ", cell):
        if ": " in word:
            file, word = word.split(": ", 1)
        found.append((file or word, word if file else ""))
    return found


def _is_there(file: str, name: str) -> bool:
    path = FOLDER / f"test_netsuite_{file}.py"
    return path.exists() and bool(re.search(rf"^def test_{name}", path.read_text(), re.M))


def test_what_is_said_to_be_switched_is_an_option() -> None:
    page = (PAGES / "netsuite.md").read_text()
    switched = set(re.findall(r"(?:switch|option|switches) `(\w+)`", page))
    table = [cells(line)[1] for line in page.split("## Options and actions")[1].split("\n## ")[0].splitlines()
             if line.startswith("| ") and "`" in line]  # fmt: skip
    switched |= {name for cell in table for name in re.findall(r"^`(\w+)`|, `(\w+)`", cell) for name in name if name}
    assert len(switched) > 25
    assert switched - {field.name for field in fields(Options)} - {"break_columns"} == set()
