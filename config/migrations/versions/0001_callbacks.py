"""Call-backs, the doctors who ring, their duties, each attempt, each SMS owed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_callbacks"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN_STATES = sa.text("state NOT IN ('cancelled', 'done', 'expired')")
UNRESOLVED_ONLY = sa.text("unresolved")
OPEN_ONLY = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create the five tables; the partial indexes are what makes doubles impossible."""
    _callbacks()
    _doctors()
    _attempts()
    op.create_table(
        "notices",
        sa.Column("callback_id", sa.String(36), sa.ForeignKey("callbacks.id"), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("occasion", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
    )
    op.create_index("notices_due", "notices", ["state", "due_at"])


def downgrade() -> None:
    """Back to nothing."""
    for table in ("notices", "attempts", "duties", "doctors", "callbacks"):
        op.drop_table(table)


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("number_sealed", sa.Text, nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False),
        sa.Column("need", sa.String(16), nullable=False),
        sa.Column("commune", sa.String(5)),
        sa.Column("association", sa.String(64)),
        sa.Column("age", sa.String(8)),
        sa.Column("video", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        *(
            sa.Column(name, INSTANT, nullable=False)
            for name in ("asked_at", "waiting_since", "order_at", "due_at", "promised_by")
        ),
        sa.Column("promise_measured", sa.Boolean, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("rings", sa.SmallInteger, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("token", sa.String(32)),
        sa.Column("lease_until", INSTANT),
        sa.Column("settle_at", INSTANT),
        sa.Column("conclusion", sa.String(16)),
        sa.Column("first_rung_at", INSTANT),
        sa.Column("kept_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("changed_at", INSTANT, nullable=False),
    )
    _unique_where("one_open_callback_per_number", "callbacks", "number_index", OPEN_STATES)
    op.create_index("callbacks_to_ring", "callbacks", ["state", "order_at"])
    op.create_index("callbacks_asked", "callbacks", ["asked_at"])


def _doctors() -> None:
    op.create_table(
        "doctors",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("association", sa.String(64)),
        sa.Column("number_sealed", sa.Text, nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False, unique=True),
        sa.Column("pin_hash", sa.Text, nullable=False),
        sa.Column("failed_pins", sa.SmallInteger, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "duties",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("doctor_id", sa.String(36), sa.ForeignKey("doctors.id"), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    _unique_where("one_open_duty_per_doctor", "duties", "doctor_id", OPEN_ONLY)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("callback_id", sa.String(36), sa.ForeignKey("callbacks.id"), nullable=False),
        sa.Column("doctor_id", sa.String(36), sa.ForeignKey("doctors.id")),
        sa.Column("to_sealed", sa.Text, nullable=False),
        sa.Column("to_index", sa.String(64), nullable=False),
        sa.Column("caller_id", sa.String(20), nullable=False),
        sa.Column("call_sid", sa.String(64), unique=True),
        sa.Column("unresolved", sa.Boolean, nullable=False),
        sa.Column("rank", sa.SmallInteger, nullable=False),
        sa.Column("reserved_at", INSTANT, nullable=False),
        sa.Column("accepted_at", INSTANT),
        sa.Column("bridged_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("disposition", sa.String(16)),
        sa.Column("conclusion", sa.String(16)),
        sa.Column("seconds", sa.Float),
    )
    _unique_where("one_unresolved_attempt_per_number", "attempts", "to_index", UNRESOLVED_ONLY)
    _unique_where("one_open_attempt_per_doctor", "attempts", "doctor_id", OPEN_ONLY)
    op.create_index("attempts_of_callback", "attempts", ["callback_id", "reserved_at"])
    op.create_index("attempts_reserved", "attempts", ["reserved_at"])


def _unique_where(name: str, table: str, column: str, condition: sa.TextClause) -> None:
    op.create_index(name, table, [column], unique=True, sqlite_where=condition, postgresql_where=condition)
