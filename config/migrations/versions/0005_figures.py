"""t3 and the hold queue in call records; communes by the day. `sos3624 records rebuild` fills the past."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_figures"
down_revision = "0003_records"
branch_labels = None
depends_on = None

WAITS = tuple(f"wait_{edge}" for edge in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, "more"))
COUNTS = (
    "calls", "persons", "answered", "talked", "callbacks", "early", "lost", "lost_after_30", "danger",
    "overflowed", "rescued", "rang", *WAITS,
)  # fmt: skip
SUMS = ("ivr_ms", "wait_ms", "talk_ms", "total_ms")


def upgrade() -> None:
    """Add both columns, on PostgreSQL to every partition, and the roll-up."""
    op.add_column("call_records", sa.Column("joined_after", sa.Integer))
    op.add_column("call_records", sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "rollup_commune",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.String(5), primary_key=True),
        *(sa.Column(measure, sa.Integer, nullable=False) for measure in COUNTS),
        *(sa.Column(measure, sa.BigInteger, nullable=False) for measure in SUMS),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("rollup_commune")
    op.drop_column("call_records", "held")
    op.drop_column("call_records", "joined_after")
