"""Indexes for an association's calls: by place and outcome, and those it took for others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_searched"
down_revision = "0006_hours"
branch_labels = None
depends_on = None

OF_ASSOCIATION = ["association", "began_at"]
HELPING = ("answered_for", "regulator")


def upgrade() -> None:
    """On PostgreSQL every partition gets them."""
    op.drop_index("records_of_association", "call_records")
    op.create_index("records_of_association", "call_records", [*OF_ASSOCIATION, "place", "outcome"])
    for column in HELPING:
        for_others = sa.text(f"{column} <> association")
        op.create_index(
            f"records_by_{column}",
            "call_records",
            [column, "began_at"],
            sqlite_where=for_others,
            postgresql_where=for_others,
        )


def downgrade() -> None:
    """Back to what was before."""
    for column in HELPING:
        op.drop_index(f"records_by_{column}", "call_records")
    op.drop_index("records_of_association", "call_records")
    op.create_index("records_of_association", "call_records", OF_ASSOCIATION)
