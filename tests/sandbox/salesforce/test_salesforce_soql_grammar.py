"""Salesforce §5, §6.2: which statements parse, compared with another project's SOQL parser (verdicts kept in a corpus)."""

from __future__ import annotations

import json
import re

import pytest
from soql_corpus import CORPUS, PICKED

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.soql.parse import parse

THEY_ALLOW = {
    "an alias of a plain field": r"\bSELECT (?!.*GROUP BY).*?(Id Name|DISTINCT Name|([\w.]+) \2) FROM",
    "AND and OR without parentheses": r"a = 1 (AND b = 2 OR|OR b = 2 AND)",
    "a logical word without its left side": r"WHERE AND",
    "IN without a list": r"IN '",
    "two fields in a semi-join": r"IN \(SELECT AccountId, Id",
    "a word of the language as an alias": r"FROM Order Order |FROM \w+ GROUP GROUP",
}
"""Where the other parser takes what the platform refuses (§5: parentheses; §6.2: unexpected token)."""
WE_ALLOW = {"OFFSET without LIMIT": r"(?<!LIMIT 10) OFFSET 5"}
"""Where it refuses what §5 allows: OFFSET stands on its own."""


def parses(text: str) -> bool:
    try:
        parse(text)
    except ApiError as error:
        return error.code != "MALFORMED_QUERY"
    return True


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[str]]:
    return json.loads(CORPUS.read_text())


def explained(text: str, reasons: dict[str, str]) -> set[str]:
    return {reason for reason, pattern in reasons.items() if re.search(pattern, text)}


@pytest.mark.parametrize(("verdict", "reasons"), [("accepted", THEY_ALLOW), ("refused", WE_ALLOW)])
def test_both_parsers_agree_but_for_the_named_differences(corpus, verdict, reasons):
    differing = [text for text in corpus[verdict] if parses(text) is not (verdict == "accepted")]
    assert [text for text in differing if not explained(text, reasons)] == []
    assert {reason for text in differing for reason in explained(text, reasons)} == set(reasons)


def test_the_corpus_holds_the_hand_picked_statements_and_enough_others(corpus):
    assert corpus["source"].startswith("npm @jetstreamapp/soql-parser-js ")
    assert set(PICKED) <= {*corpus["accepted"], *corpus["refused"]}
    assert len(corpus["accepted"]) > 500
    assert len(corpus["refused"]) > 200
