"""OData text as the Service Layer reads it: keys, quoted literals, keyset and change filters (SAP Business One §4, §5, §13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from urllib.parse import quote

MOST_KEYS = 100
MOST_CHARACTERS = 6_000  # of a filter, percent-encoded: front servers take 8,190 for the request line

Literal = str | int


def literal(value: object) -> str:
    """Return a literal: numbers bare, everything else in quotes that double inside; dates and times are quoted too (§5)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = value.isoformat() if isinstance(value, date | time) else str(value)
    return "'" + text.replace("'", "''") + "'"


def entity(name: str, key: object) -> str:
    """Return the path of one record: ``BusinessPartners('C%231')``, its key percent-encoded whole."""
    return f"{name}({quote(literal(key), safe='')})"


def changed_since(local: datetime) -> str:
    """Return the only right filter for two stamp columns: of a later day, or of that day and not before (§13, rule 1)."""
    day, clock = literal(local.date()), literal(local.time().replace(microsecond=0))
    return f"(UpdateDate gt {day} or (UpdateDate eq {day} and UpdateTime ge {clock}))"


def behind(keys: Sequence[str], after: Sequence[Literal]) -> str:
    """Return ``keys > after`` as rows compare; empty at the start."""
    if not after:
        return ""
    steps = []
    for position, key in enumerate(keys):
        equal = [f"{name} eq {literal(value)}" for name, value in zip(keys[:position], after[:position], strict=True)]
        steps.append(" and ".join([*equal, f"{key} gt {literal(after[position])}"]))
    return steps[0] if len(steps) == 1 else f"({' or '.join(f'({step})' for step in steps)})"


def one_of(name: str, values: Sequence[Literal]) -> str:
    """Return ``name`` equal to one of the values; there is no ``in`` (§5)."""
    return f"({' or '.join(f'{name} eq {literal(value)}' for value in values)})"


def both(*conditions: str) -> str:
    """Return the conditions that are not empty, joined by ``and``."""
    return " and ".join(condition for condition in conditions if condition)


def either(*conditions: str) -> str:
    """Return the conditions that are not empty, joined by ``or``, in brackets."""
    given = [condition for condition in conditions if condition]
    return f"({' or '.join(given)})" if len(given) > 1 else "".join(given)


def chunks(name: str, values: Sequence[Literal]) -> Iterator[list[Literal]]:
    """Cut values so that `one_of` of each part fits into a request line."""
    part: list[Literal] = []
    size = 0
    for value in values:
        more = len(quote(f"{name} eq {literal(value)} or ", safe=""))
        if part and (len(part) >= MOST_KEYS or size + more > MOST_CHARACTERS):
            yield part
            part, size = [], 0
        part.append(value)
        size += more
    if part:
        yield part
