"""How most migrations are written: as lists of statements, one way and back."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op


def execute_all(statements: Iterable[str]) -> None:
    """Execute statements one after the other, inside the migration's transaction."""
    for statement in statements:
        op.execute(statement)
