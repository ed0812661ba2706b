"""Published rule books, numbered and never changed, and the drafts they come from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_rulebooks"
down_revision = "0001_callbacks"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables. The primary key is what makes two publications of one number impossible."""
    op.create_table(
        "rule_books",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("approved_by", sa.String(120)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("restores", sa.Integer, sa.ForeignKey("rule_books.version")),
        sa.Column("published_at", INSTANT, nullable=False),
    )
    op.create_table(
        "rule_drafts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("based_on", sa.Integer, sa.ForeignKey("rule_books.version"), nullable=False),
        sa.Column("association", sa.String(64)),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("approved_by", sa.String(120)),
        sa.Column("publish_at", INSTANT),
        sa.Column("published_as", sa.Integer, sa.ForeignKey("rule_books.version")),
        sa.Column("changed_at", INSTANT, nullable=False),
    )
    op.create_index("rule_drafts_open", "rule_drafts", ["state", "publish_at"])


def downgrade() -> None:
    """Back to nothing."""
    op.drop_table("rule_drafts")
    op.drop_table("rule_books")
