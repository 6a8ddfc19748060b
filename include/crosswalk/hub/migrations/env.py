"""Alembic's environment: runs on the connection it is given, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.tables import metadata


def run() -> None:
    """Run the migrations that are missing."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
