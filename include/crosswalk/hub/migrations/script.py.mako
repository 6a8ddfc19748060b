"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Go forward."""
    ${upgrades if upgrades else "op.execute(sa.text('select 1'))"}


def downgrade() -> None:
    """Go back."""
    ${downgrades if downgrades else "op.execute(sa.text('select 1'))"}
