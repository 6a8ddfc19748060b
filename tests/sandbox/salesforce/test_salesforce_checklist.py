"""Salesforce §17: every line of the checklist in the emulator's page names tests, and they exist."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.checklist import lines_under, named_tests, without_tests


def test_every_line_of_the_checklist_names_tests_that_exist():
    lines = lines_under("salesforce", "The reference's checklist")
    assert len(lines) > 50
    assert without_tests(lines, named_tests(Path(__file__).parent)) == []
