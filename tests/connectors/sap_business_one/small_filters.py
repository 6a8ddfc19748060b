"""The filters of a very small Service Layer (§5): eq ne gt ge lt le, and, or, brackets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"\s*(?:(\()|(\))|('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)\b|([\w/]+))")


def meets(row: Mapping[str, Any], text: str) -> bool:
    """Whether a row meets a filter; what the page does not name fails."""
    tokens = list(_tokens(text))
    return _either(row, tokens) if tokens else True


@lru_cache
def _tokens(text: str) -> tuple[str, ...]:
    tokens = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        assert found, f"unreadable filter at {text[place:]!r}"
        tokens.append(found[0].strip())
        place = found.end()
    return tuple(tokens)


def _either(row: Mapping[str, Any], tokens: list[str]) -> bool:
    result = _both(row, tokens)
    while tokens and tokens[0] == "or":
        tokens.pop(0)
        result = _both(row, tokens) or result
    return result


def _both(row: Mapping[str, Any], tokens: list[str]) -> bool:
    result = _term(row, tokens)
    while tokens and tokens[0] == "and":
        tokens.pop(0)
        result = _term(row, tokens) and result
    return result


def _term(row: Mapping[str, Any], tokens: list[str]) -> bool:
    first = tokens.pop(0)
    if first == "(":
        result = _either(row, tokens)
        assert tokens.pop(0) == ")"
        return result
    comparison, raw = tokens.pop(0), tokens.pop(0)
    left = row.get(first)
    right = row.get(raw) if re.match(r"[A-Z]\w*/", raw) else literal(raw)
    if first.endswith("Date") and isinstance(left, str):
        left = left[:10]
    if left is None:
        return comparison == "ne"
    compare = {"eq": left == right, "ne": left != right}
    return compare[comparison] if comparison in compare else _ordered(left, comparison, right)


def _ordered(left: Any, comparison: str, right: Any) -> bool:
    return bool({"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[comparison])


def literal(text: str) -> Any:
    """The value that a literal says."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else int(text)
