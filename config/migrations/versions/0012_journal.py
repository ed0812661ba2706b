"""The journal of changes: hash-chained rows, and where each chain ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_journal"
down_revision = "0010_console"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "journal",
        sa.Column("chain", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("journal_at", "journal", ["at"])
    op.create_table(
        "journal_heads",
        sa.Column("chain", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("journal_heads")
    op.drop_table("journal")
