"""The page about documents names a section, a proof and tests that exist for each behaviour, and real options."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.sandbox.checklist import PAGES, cells, lines_under, named_tests, without_tests

from crosswalk_sandbox.sap_business_one import Options

PAGE = "sap_business_one_documents"
HEADINGS = (
    "Prices and totals",
    "Headers",
    "Copying, kits, stock",
    "Changing and ending",
    "Approval, drafts, credit",
    "Payments",
)
COMPANY_SETTINGS = {"BlockStockNegativeQuantity"}


def test_every_line_of_the_documents_page_names_tests_that_exist() -> None:
    """SAP Business One §18.10, §18.11."""
    lines = [line for heading in HEADINGS for line in lines_under(PAGE, heading)]
    assert len(lines) > 60
    assert without_tests(lines, named_tests(Path(__file__).parent)) == []


def test_every_test_of_documents_stands_on_the_page() -> None:
    """Whoever adds a rule says so on the page."""
    text = (PAGES / f"{PAGE}.md").read_text()
    files = [file for file in Path(__file__).parent.glob("test_b1_documents_*.py") if file != Path(__file__)]
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    assert sorted(name for name in tests if f"`{name}`" not in text) == []


def test_every_switch_of_the_documents_page_is_an_option() -> None:
    """Switches are fields of Options or company settings."""
    known = {field.name for field in fields(Options)} | COMPANY_SETTINGS
    for heading in HEADINGS:
        for line in lines_under(PAGE, heading):
            _, _, switches = cells(line)[2].partition("switch")
            assert set(re.findall(r"`(\w+)`", switches)) <= known
