"""Closures that are secret until their hour: whose journal is to be told of them then, and by whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0024_untold"
down_revision = "0023_one_draft"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table, and fill it with what the book in force keeps secret."""
    untold = op.create_table(
        "rule_untold",
        sa.Column("closure", sa.String(60), primary_key=True),
        sa.Column("association", sa.String(64), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    newest = sa.text("SELECT document, author FROM rule_books ORDER BY version DESC LIMIT 1")
    row = op.get_bind().execute(newest).first()
    if row is None:
        return
    now, rows = datetime.now(UTC), []
    for one in json.loads(row.document).get("closures", []):
        at = datetime.fromisoformat(one["published_at"]) if one.get("published_at") else now
        if one.get("association") and at > now:
            told = {"closure": one["id"], "association": one["association"], "author": row.author}
            rows.append(told | {"at": at.astimezone(UTC)})
    if rows:
        op.bulk_insert(untold, rows)


def downgrade() -> None:
    """Take it away."""
    op.drop_table("rule_untold")
