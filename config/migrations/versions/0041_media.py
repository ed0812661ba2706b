"""Recorded announcements, and what the other side of a pact has answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041_media"
down_revision = "0020_publishing"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "recordings",
        sa.Column("name", sa.String(64), primary_key=True),  # hash of words and sound
        sa.Column("association", sa.String(64), nullable=False, index=True),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("wav", sa.LargeBinary, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
    )
    op.create_table(
        "pacts",
        sa.Column("asks", sa.String(64), primary_key=True),
        sa.Column("helps", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("cap_per_hour", sa.Integer),
        sa.Column("until", sa.Date),
        sa.Column("answered_by", sa.String(120), nullable=False),
        sa.Column("answered_at", INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("pacts")
    op.drop_table("recordings")
