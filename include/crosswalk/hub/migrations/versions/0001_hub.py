"""The hub as it first shipped. The SQL beside this file is frozen: change the hub with a new revision, never there."""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create tables, sequence and the guard of the ledger."""
    for name in ("0001_images.sql", "0001_records.sql"):
        script = (files("crosswalk.hub.migrations.versions") / name).read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(script)


def downgrade() -> None:
    """Refuse: below the first revision there is no hub."""
    raise RuntimeError("There is nothing before revision 0001. To start over, drop the schema `hub` and migrate again.")
