"""Communes by the year: a page of a year reads a row for each, and not one a month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_years"
down_revision = "0007_searched"
branch_labels = None
depends_on = None

WAITS = tuple(f"wait_{edge}" for edge in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, "more"))
COUNTS = (
    "calls", "persons", "answered", "talked", "callbacks", "early", "lost", "lost_after_30", "danger",
    "overflowed", "rescued", "rang", *WAITS,
)  # fmt: skip
SUMS = ("ivr_ms", "wait_ms", "talk_ms", "total_ms")


def upgrade() -> None:
    """Filled from the months, which are kept for good."""
    op.create_table(
        "rollup_year",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.String(5), primary_key=True),
        *(sa.Column(measure, sa.Integer, nullable=False) for measure in COUNTS),
        *(sa.Column(measure, sa.BigInteger, nullable=False) for measure in SUMS),
        sqlite_with_rowid=False,
    )
    measures = (*COUNTS, *SUMS)
    sums, columns = ", ".join(f"sum({measure})" for measure in measures), ", ".join(measures)
    op.execute(
        f"INSERT INTO rollup_year (year, place, {columns}) "  # noqa: S608 - names of ours
        f"SELECT month / 100, place, {sums} FROM rollup_place GROUP BY month / 100, place"
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("rollup_year")
