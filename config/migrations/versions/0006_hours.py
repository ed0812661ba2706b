"""The service's hours day by day, in the place of its weekdays and hours by the month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_hours"
down_revision = "0005_figures"
branch_labels = None
depends_on = None

WAITS = tuple(f"wait_{edge}" for edge in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, "more"))
COUNTS = (
    "calls", "persons", "answered", "talked", "callbacks", "early", "lost", "lost_after_30", "danger",
    "overflowed", "rescued", "rang", *WAITS,
)  # fmt: skip
SUMS = ("ivr_ms", "wait_ms", "talk_ms", "total_ms")


def upgrade() -> None:
    """Hours are kept for good: all of the past is there."""
    _made_of("rollup_dayhour", ("day", "hour"), "rollup_hour")
    op.drop_table("rollup_week")


def downgrade() -> None:
    """Back to months."""
    _made_of("rollup_week", ("month", "weekday", "hour"), "rollup_slot")
    op.drop_table("rollup_dayhour")


def _made_of(name: str, keys: tuple[str, ...], finer: str) -> None:
    op.create_table(
        name,
        *(sa.Column(key, sa.Integer, primary_key=True, autoincrement=False) for key in keys),
        *(sa.Column(measure, sa.Integer, nullable=False) for measure in COUNTS),
        *(sa.Column(measure, sa.BigInteger, nullable=False) for measure in SUMS),
        sqlite_with_rowid=False,
    )
    by, measures = ", ".join(keys), (*COUNTS, *SUMS)
    sums = ", ".join(f"sum({measure})" for measure in measures)
    columns = ", ".join((*keys, *measures))
    op.execute(f"INSERT INTO {name} ({columns}) SELECT {by}, {sums} FROM {finer} GROUP BY {by}")  # noqa: S608 - names of ours
