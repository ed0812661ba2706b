"""Why a scheduled publication was refused, and the numbers to which a test call has spoken a code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_publishing"
down_revision = "0002_rulebooks"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("rule_drafts", sa.Column("refused", sa.Text))
    op.create_table(
        "number_proofs",
        sa.Column("number", sa.String(120), primary_key=True),  # a desk's, never a patient's
        sa.Column("code_hash", sa.String(64)),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("asked_by", sa.String(120), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("proved_at", INSTANT),
        sa.Column("proved_by", sa.String(120)),
    )


def downgrade() -> None:
    """Take both away."""
    op.drop_table("number_proofs")
    op.drop_column("rule_drafts", "refused")
