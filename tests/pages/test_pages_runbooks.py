"""Runbooks: there is one for whatever can go wrong, in the repository and on the screen alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from crosswalk.model import errors
from crosswalk.model.errors import CrosswalkError, ErrorClass
from crosswalk.observe.overview import Kind
from tests.pages.conftest import Desk

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs" / "runbooks"
PAGES = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
INDEX = PAGES.pop("README")
OPERATORS = (REPOSITORY / "plugins" / "crosswalk_airflow" / "operators").glob("*.py")
STAGES = {name for file in OPERATORS for name in re.findall(r'^    stage = "(\w+)"', file.read_text(), re.M)} - {
    "stage"
}


def _descendants(kind: type[CrosswalkError]) -> set[type[CrosswalkError]]:
    return {kind}.union(*(_descendants(one) for one in kind.__subclasses__()))


def test_every_error_alert_and_step_has_its_page_and_every_page_its_reason() -> None:
    raised = {str(one.error_class) for one in _descendants(CrosswalkError) if one.__module__ == errors.__name__}
    assert raised <= set(ErrorClass)
    assert {"pull", "plan", "deliver", "check"} <= STAGES
    assert set(PAGES) == {*map(str, ErrorClass), *get_args(Kind), *STAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_happened_what_to_do_and_when_it_is_over(name: str) -> None:
    title, what, *rest = [part for part in PAGES[name].split("\n\n") if part.strip()]
    assert title.startswith("# ")
    assert len(what) > 20
    assert re.match(r"1\. \w|1\. \*", rest[0])
    assert "**It is over when**" in PAGES[name]
    assert set(re.findall(r"\]\((\w+)\.md\)", PAGES[name])) <= set(PAGES)
    assert f"({name}.md)" in INDEX


def test_the_screen_shows_the_repositorys_words_and_its_links_lead_to_pages(desk: Desk) -> None:
    listed = desk.page("/runbook").xpath("//article//a/@href")
    assert {one.rpartition("/")[2] for one in listed} == set(PAGES)
    for address in listed:
        shown = desk.page(address.removeprefix("/crosswalk"))
        text = PAGES[address.rpartition("/")[2]]
        assert shown.xpath("string(//h1)") == text.partition("\n")[0].removeprefix("# ")
        assert len(shown.xpath("//article/ol/li")) == len(re.findall(r"(?m)^\d+\. ", text))
        assert {one.rpartition("/")[0] for one in shown.xpath("//article//a/@href")} <= {"/crosswalk/runbook"}


def test_a_step_that_failed_with_a_class_is_told_both(desk: Desk) -> None:
    shown = desk.page("/runbook/rate_limit", stage="pull")
    assert "rate limit" in shown.xpath("string(//h1)")
    assert "pull: reading a system failed" in shown.xpath("string(//main)")
    assert desk.page("/runbook", stage="deliver").xpath("string(//h1)").startswith("deliver")


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2foperations", "README.md", "%3Cscript%3E"])
def test_what_is_no_page_is_a_sentence(desk: Desk, name: str) -> None:
    answer = desk.get(f"/runbook/{name}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert "Traceback" not in answer.text
