"""The accounts behind the names on drafts and rule books, and whose draft a rule book was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_persons"
down_revision = "0021_drafts"
branch_labels = None
depends_on = None

ACCOUNT = sa.String(36)
COLUMNS = {
    "rule_drafts": ("author_id", "approved_by_id", "asked_by_id"),
    "rule_books": ("author_id", "approved_by_id"),
}


def upgrade() -> None:
    """Add the columns; of what is there already only the names are known."""
    for table, names in COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, ACCOUNT))
    op.add_column("rule_books", sa.Column("association", sa.String(64)))
    op.execute(
        "UPDATE rule_books SET association = "
        "(SELECT association FROM rule_drafts WHERE published_as = rule_books.version)"
    )


def downgrade() -> None:
    """Back to names alone."""
    op.drop_column("rule_books", "association")
    for table, names in COLUMNS.items():
        for name in names:
            op.drop_column(table, name)
