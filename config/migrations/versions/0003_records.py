"""Call journals, call records (PostgreSQL: partitioned by month), roll-ups, alerts, forecasts, month keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_records"
down_revision = "0002_rulebooks"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("NOT closed")
NOT_CLOSED = sa.text("closed_at IS NULL")
WAITS = tuple(f"wait_{edge}" for edge in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, "more"))
COUNTS = (
    "calls", "persons", "answered", "talked", "callbacks", "early", "lost", "lost_after_30", "danger",
    "overflowed", "rescued", "rang", *WAITS,
)  # fmt: skip
SUMS = ("ivr_ms", "wait_ms", "talk_ms", "total_ms")
KEYS = {
    "rollup_minute": ("day", "minute", "association", "need", "outcome"),
    "rollup_hour": ("day", "hour", "association", "need", "outcome"),
    "rollup_day": ("day", "association", "need", "outcome"),
    "rollup_month": ("month", "association", "need", "outcome"),
    "rollup_association": ("day", "association"),
    "rollup_week": ("month", "weekday", "hour"),
    "rollup_slot": ("month", "weekday", "hour", "association"),
    "rollup_place": ("month", "place", "association"),
    "rollup_departement": ("day", "departement"),
    "rollup_flow": ("day", "association", "answered_for"),
}
TEXT = {"association": 64, "need": 16, "outcome": 12, "place": 5, "departement": 3, "answered_for": 64}


def upgrade() -> None:
    """Create every table."""
    _journals()
    _records()
    for name, keys in KEYS.items():
        op.create_table(
            name,
            *(_key(key) for key in keys),
            *(sa.Column(measure, sa.Integer, nullable=False) for measure in COUNTS),
            *(sa.Column(measure, sa.BigInteger, nullable=False) for measure in SUMS),
            sqlite_with_rowid=False,
        )
        if "association" in keys:
            op.create_index(f"{name}_of_association", name, ["association", keys[0]])
    _apart()
    _alerts()


def downgrade() -> None:
    """Back to what was before."""
    others = (
        "forecasts", "alert_routes", "alerts", "pseudonym_keys", "lost_callers", "call_records",
        "call_journals",
    )  # fmt: skip
    for table in (*KEYS, *others):
        op.drop_table(table)


def _key(name: str) -> sa.Column[str] | sa.Column[int]:
    if name in TEXT:
        return sa.Column(name, sa.String(TEXT[name]), primary_key=True)
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _journals() -> None:
    op.create_table(
        "call_journals",
        sa.Column("call", sa.String(64), primary_key=True),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("heard_at", INSTANT, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("since", INSTANT),
        sa.Column("association", sa.String(64)),
        sa.Column("desks", sa.Text, nullable=False),
        sa.Column("rang_at", INSTANT),
        sa.Column("taken_at", INSTANT),
        sa.Column("events", sa.Text, nullable=False),
    )
    op.create_index("journals_open", "call_journals", ["began_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("journals_heard", "call_journals", ["heard_at"])


def _records() -> None:
    op.create_table(
        "call_records",
        sa.Column("began_at", INSTANT, primary_key=True),
        sa.Column("call", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("minute", sa.SmallInteger, nullable=False),
        sa.Column("weekday", sa.SmallInteger, nullable=False),
        sa.Column("who", sa.String(16)),
        sa.Column("first", sa.Boolean, nullable=False),
        sa.Column("place", sa.String(5), nullable=False),
        sa.Column("departement", sa.String(3), nullable=False),
        sa.Column("source", sa.String(12)),
        sa.Column("need", sa.String(16), nullable=False),
        sa.Column("association", sa.String(64), nullable=False),
        sa.Column("decided", sa.String(12)),
        sa.Column("rulebook", sa.Integer),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("regulator", sa.String(64)),
        sa.Column("answered_for", sa.String(64)),
        sa.Column("rang_after", sa.Integer),
        sa.Column("taken_after", sa.Integer),
        sa.Column("ended_after", sa.Integer, nullable=False),
        sa.Column("talked", sa.Integer, nullable=False),
        sa.Column("ended_by", sa.String(8)),
        sa.Column("danger", sa.Boolean, nullable=False),
        sa.Column("rescued", sa.Boolean, nullable=False),
        sa.Column("rings", sa.Text, nullable=False),
        sa.Column("trace", sa.Text),
        postgresql_partition_by="RANGE (began_at)",
    )
    op.create_index("records_of_association", "call_records", ["association", "began_at"])
    op.create_index("records_of_person", "call_records", ["who", "began_at"])
    op.create_index("records_of_call", "call_records", ["call"])


def _apart() -> None:
    op.create_table(
        "lost_callers",
        sa.Column("call", sa.String(64), primary_key=True),
        sa.Column("number_sealed", sa.Text, nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("rung_back_at", INSTANT),
    )
    op.create_index("lost_callers_of_number", "lost_callers", ["number_index"])
    op.create_table(
        "pseudonym_keys",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("key_sealed", sa.LargeBinary),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("destroyed_at", INSTANT),
    )
    op.create_table(
        "forecasts",
        sa.Column("association", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("expected", sa.Integer, nullable=False),
        sa.Column("low", sa.Integer, nullable=False),
        sa.Column("high", sa.Integer, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("told_at", INSTANT),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("acknowledged_by", sa.String(80)),
        sa.Column("closed_at", INSTANT),
    )
    op.create_index(
        "one_open_alert",
        "alerts",
        ["kind", "scope"],
        unique=True,
        sqlite_where=NOT_CLOSED,
        postgresql_where=NOT_CLOSED,
    )
    op.create_table(
        "alert_routes",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("target_sealed", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.Text),
        sa.Column("association", sa.String(64)),
        sa.Column("active", sa.Boolean, nullable=False),
    )
