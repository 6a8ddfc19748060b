"""The parsed form of a SOQL statement; ``at`` is the offset of a part in the text, for error messages."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead to it: ``Account.Owner.Name``."""

    parts: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field: ``COUNT(Id)``, ``CALENDAR_YEAR(CloseDate)``; no arguments for ``COUNT()``."""

    name: str
    arguments: tuple[Path | Call, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: ``kind`` is string, number, date, datetime, boolean, null or literal (``LAST_N_DAYS`` with ``count``)."""

    kind: str
    value: object
    at: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of a field: operator ``= != < <= > >= like in not_in includes excludes``."""

    operand: Path | Call
    operator: str
    values: tuple[Literal, ...]
    at: int


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """``field [NOT] IN (SELECT field FROM … WHERE …)``."""

    operand: Path | Call
    negated: bool
    query: Query
    at: int


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` / ``or`` of several conditions."""

    kind: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``NOT`` of a condition."""

    part: Condition


Condition = Comparison | SemiJoin | Logic | Negation


@dataclass(frozen=True, slots=True)
class TypeOf:
    """``TYPEOF What WHEN Account THEN Name ELSE Id END``."""

    path: Path
    whens: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One element of the SELECT list."""

    value: Path | Call | Query | TypeOf
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """One element of ORDER BY; ``nulls`` is first, last or None for the default."""

    value: Path | Call
    descending: bool
    nulls: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole statement."""

    items: tuple[Item, ...]
    source: tuple[str, ...]
    source_at: int
    alias: str | None = None
    where: Condition | None = None
    group: tuple[Path | Call, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False
    extras: dict[str, str] = field(default_factory=dict)
