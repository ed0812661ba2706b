"""One open draft for each association: of two begun in one moment the second is refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_one_draft"
down_revision = "0022_persons"
branch_labels = None
depends_on = None

INDEX = "rule_drafts_one_open"
OPEN = sa.text("state = 'open'")
ONLY_THE_NEWEST = """
    UPDATE rule_drafts SET state = 'abandoned' WHERE state = 'open' AND EXISTS (
        SELECT 1 FROM rule_drafts AS newer
        WHERE newer.association = rule_drafts.association AND newer.state = 'open'
        AND (newer.changed_at > rule_drafts.changed_at
             OR (newer.changed_at = rule_drafts.changed_at AND newer.id > rule_drafts.id)))
"""


def upgrade() -> None:
    """Of several that are open already the newest stays, the one the pages have shown."""
    op.execute(ONLY_THE_NEWEST)
    # The federation's have no association, and NULL is like no other NULL: they may be several.
    op.create_index(
        INDEX, "rule_drafts", ["association"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def downgrade() -> None:
    """As many as are begun."""
    op.drop_index(INDEX, "rule_drafts")
