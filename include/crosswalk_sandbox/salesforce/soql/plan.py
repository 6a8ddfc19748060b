"""Compiled statements, and for whom they were compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..schema import SObject
from .shapes import Node


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks and when: user id, what is hidden from the user (as :class:`Rights` has it), time zone, instant."""

    user_id: str
    hidden: frozenset[tuple[str, str]]
    zone: str
    now: datetime


@dataclass(slots=True)
class Plan:
    """A compiled statement.

    ``rows_sql`` lists the row numbers (and, for a child list, the parent's id) of the result; ``page_sql`` reads the
    columns of given row numbers. Aggregates have ``rows_sql`` and ``keys`` only; ``flat`` describes the columns for CSV.
    """

    sobject: SObject
    rows_sql: str
    parameters: list[Any]
    page_sql: str = ""
    shape: Node | None = None
    keys: tuple[tuple[str, str], ...] = ()
    count_only: bool = False
    aggregate: bool = False
    wide: bool = False
    limit: int | None = None
    children: dict[str, Plan] = field(default_factory=dict)
    flat: tuple[tuple[str, str, int], ...] = ()
