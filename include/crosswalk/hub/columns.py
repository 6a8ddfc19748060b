"""Kinds of columns that the hub's tables are made of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from crosswalk.model.entities import Kind

SCHEMA = "hub"

metadata = sa.MetaData(schema=SCHEMA)

INSTANT = sa.DateTime(timezone=True)

COLUMN_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.AMOUNT: sa.Numeric(),
    Kind.QUANTITY: sa.Numeric(),
    Kind.INTEGER: sa.BigInteger(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Date(),
    Kind.INSTANT: INSTANT,
}
"""Kinds that are not text; every other kind is."""


def text(name: str, *, null: bool = False, primary_key: bool = False) -> sa.Column[str]:
    """Return a text column."""
    return sa.Column(name, sa.Text, nullable=null, primary_key=primary_key)


def instant(name: str, *, null: bool = True) -> sa.Column[object]:
    """Return a column for an instant."""
    return sa.Column(name, INSTANT, nullable=null)


def json(name: str, *, null: bool = False) -> sa.Column[object]:
    """Return a column for JSON."""
    return sa.Column(name, JSONB, nullable=null)


def identity() -> sa.Column[int]:
    """Return a primary key that Postgres counts up."""
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)
