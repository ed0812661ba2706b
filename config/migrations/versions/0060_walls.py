"""Links that show live figures on a wall, to be ended one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060_walls"
down_revision = "0010_console"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "wall_links",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )


def downgrade() -> None:
    """Back to what was before."""
    op.drop_table("wall_links")
