"""What operating leaves behind: synthetic calls, processes' beats, backups and drills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_operations"
down_revision = "0003_records"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "synthetic_calls",
        sa.Column("call", sa.String(34), primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("association", sa.String(64)),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("expected", sa.String(64)),
        sa.Column("rang", sa.String(64)),
        sa.Column("steps", sa.Text, nullable=False),
        sa.Column("total_ms", sa.Integer, nullable=False),
    )
    op.create_index("synthetic_calls_at", "synthetic_calls", ["at"])
    op.create_table(
        "process_beats",
        sa.Column("process", sa.String(96), primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_index("backups_at", "backups", ["at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("backups")
    op.drop_table("process_beats")
    op.drop_table("synthetic_calls")
