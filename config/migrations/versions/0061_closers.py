"""Telephones from which an association may be closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061_closers"
down_revision = "0003_records"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "closers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("association", sa.String(64), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("number_sealed", sa.Text, nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False, unique=True),
        sa.Column("pin_hash", sa.String(120), nullable=False),
        sa.Column("failed_pins", sa.Integer, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("active", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Back to what was before."""
    op.drop_table("closers")
