"""Conditions that go on behind a place in an order: ``A gt 1 or (A eq 1 and B ge 2)`` is one comparison of ``(A, B)``.

This is how changes since a moment and pages behind a key are asked for (SAP Business One §5, §13). As one comparison of rows an index finds the
place; as it stands SQLite would read the index from its beginning.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .tree import Comparison, Condition, Logic, Path, Value

_Term = tuple[Path, str, Value]
_STRICT: Final = {"gt": "gt", "ge": "gt", "lt": "lt", "le": "lt"}


class Chain(NamedTuple):
    """``(paths) operator (values)``."""

    paths: tuple[Path, ...]
    operator: str
    values: tuple[Value, ...]


def chain_of(condition: Logic) -> Chain | None:
    """The comparison of rows that a disjunction is; None for any other."""
    parts = [_compared(part) for part in condition.parts] if condition.operator == "or" else []
    terms = parts[-1] if parts else None
    if terms is None or len(terms) != len(parts) or terms[-1][1] not in _STRICT:
        return None
    operator = terms[-1][1]
    equal = [(path, "eq", value) for path, _, value in terms]
    for place, (path, _, value) in enumerate(terms):
        final = operator if place == len(terms) - 1 else _STRICT[operator]
        if parts[place] != [*equal[:place], (path, final, value)]:
            return None
    return Chain(tuple(path for path, _, _ in terms), operator, tuple(value for _, _, value in terms))


def _compared(condition: Condition) -> list[_Term] | None:
    """Comparisons of properties with values, all of which must hold; None where there is anything else."""
    both = condition.parts if isinstance(condition, Logic) and condition.operator == "and" else (condition,)
    found = []
    for one in both:
        if not isinstance(one, Comparison) or not isinstance(one.left, Path) or not isinstance(one.right, Value):
            return None
        if one.right.value is None:
            return None
        found.append((one.left, one.operator, one.right))
    return found
