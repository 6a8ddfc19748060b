"""SAP Business One §18: every line of the emulator's page names a section and tests that exist, and every switch is an option."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.sandbox.checklist import PAGES, cells, lines_under, named_tests, without_tests

from crosswalk_sandbox.sap_business_one import Options

FOLDER = Path(__file__).parent


def test_every_line_of_the_page_is_held_by_tests() -> None:
    lines = lines_under("sap_business_one", "The reference's checklist")
    assert len(lines) > 40
    assert without_tests(lines, named_tests(FOLDER)) == []


def test_every_line_of_the_references_checklist_is_on_the_page() -> None:
    named = {
        int(number)
        for line in lines_under("sap_business_one", "The reference's checklist")
        for number in re.findall(r"\b18\.(\d+)", cells(line)[1])
    }
    assert named == set(range(1, 14))


def test_every_switch_on_the_page_is_an_option() -> None:
    text = (PAGES / "sap_business_one.md").read_text()
    named = set(re.findall(r"`([a-z_0-9]+)`", " ".join(re.findall(r"\(switch(?:es)? [^)]*\)", text))))
    assert named <= {field.name for field in fields(Options)}
    assert len(named) >= 18
