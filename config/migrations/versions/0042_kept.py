"""Until when a recording that no rule book names is kept, and the account behind a word on a pact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0042_kept"
down_revision = "0041_media"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add both columns; what no published book has ever named is given its thirty days from now."""
    op.add_column("pacts", sa.Column("answered_by_id", sa.String(36)))
    op.add_column("recordings", sa.Column("kept_until", INSTANT))
    recordings = sa.table("recordings", sa.column("name"), sa.column("kept_until", INSTANT))
    books = sa.table("rule_books", sa.column("document"))
    named = sa.exists().where(books.c.document.contains(recordings.c.name))
    end = datetime.now(UTC) + timedelta(days=30)
    op.execute(recordings.update().where(~named).values(kept_until=end))


def downgrade() -> None:
    """Recordings are kept for ever again."""
    op.drop_column("recordings", "kept_until")
    op.drop_column("pacts", "answered_by_id")
