"""The SQL tables of call-backs (migration 0001): numbers are sealed, what is indexed is a keyed hash."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

from workers.callbacks.callback import CLOSED


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps no offset, so it is given back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; naive values are a bug and raise."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in a row")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()
# What a partial index covers must be the same words in every statement that relies on it.
OPEN_STATES = text(f"state NOT IN ({', '.join(repr(state.value) for state in sorted(CLOSED))})")
UNRESOLVED_ONLY = text("unresolved")
OPEN_ONLY = text("ended_at IS NULL")

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("call_sid", String(64), nullable=False),
    Column("number_sealed", Text, nullable=False),
    Column("number_index", String(64), nullable=False),
    Column("need", String(16), nullable=False),
    Column("commune", String(5)),
    Column("association", String(64)),
    Column("age", String(8)),
    Column("video", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("waiting_since", Instant, nullable=False),
    Column("order_at", Instant, nullable=False),  # policy.order_at: the place in the queue
    Column("due_at", Instant, nullable=False),
    Column("promised_by", Instant, nullable=False),
    Column("promise_measured", Boolean, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("rings", SmallInteger, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("token", String(32)),
    Column("lease_until", Instant),
    Column("settle_at", Instant),  # when an `unknown` row may be judged by the carrier's list
    Column("conclusion", String(16)),
    Column("first_rung_at", Instant),  # the patient's phone, first time
    Column("kept_at", Instant),  # first time they were joined
    Column("closed_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index(
        "one_open_callback_per_number",
        "number_index",
        unique=True,
        sqlite_where=OPEN_STATES,
        postgresql_where=OPEN_STATES,
    ),
    Index("callbacks_to_ring", "state", "order_at"),
    Index("callbacks_asked", "asked_at"),
)

doctors = Table(
    "doctors",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("label", String(80), nullable=False),  # what the screens show, never sent to the carrier
    Column("association", String(64)),  # None: the national pool
    Column("number_sealed", Text, nullable=False),
    Column("number_index", String(64), nullable=False, unique=True),
    Column("pin_hash", Text, nullable=False),
    Column("failed_pins", SmallInteger, nullable=False),
    Column("locked_until", Instant),
    Column("active", Boolean, nullable=False),
)

duties = Table(
    "duties",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("doctor_id", String(36), ForeignKey("doctors.id"), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),  # a forgotten « fin » ends by itself
    Column("ended_at", Instant),
    Index(
        "one_open_duty_per_doctor",
        "doctor_id",
        unique=True,
        sqlite_where=OPEN_ONLY,
        postgresql_where=OPEN_ONLY,
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("callback_id", String(36), ForeignKey("callbacks.id"), nullable=False),
    Column("doctor_id", String(36), ForeignKey("doctors.id")),
    Column("to_sealed", Text, nullable=False),
    Column("to_index", String(64), nullable=False),
    Column("caller_id", String(20), nullable=False),  # ours
    Column("call_sid", String(64), unique=True),
    Column("unresolved", Boolean, nullable=False),  # dialling or unknown: the carrier may or may not have it
    Column("rank", SmallInteger, nullable=False),  # of the last status heard: late ones change nothing
    Column("reserved_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("bridged_at", Instant),
    Column("ended_at", Instant),
    Column("disposition", String(16)),
    Column("conclusion", String(16)),
    Column("told", Boolean, nullable=False, server_default=false()),  # to the call records
    Column("seconds", Float),  # reserved to ended, when they were joined: what promises are made of
    # The carrier's list knows no reference of ours, only To and time: one open question per number.
    Index(
        "one_unresolved_attempt_per_number",
        "to_index",
        unique=True,
        sqlite_where=UNRESOLVED_ONLY,
        postgresql_where=UNRESOLVED_ONLY,
    ),
    Index(
        "one_open_attempt_per_doctor",
        "doctor_id",
        unique=True,
        sqlite_where=OPEN_ONLY,
        postgresql_where=OPEN_ONLY,
    ),
    Index("attempts_of_callback", "callback_id", "reserved_at"),
    Index("attempts_reserved", "reserved_at"),
    Index("attempts_untold", "told", "ended_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("callback_id", String(36), ForeignKey("callbacks.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("occasion", Integer, primary_key=True),
    Column("state", String(8), nullable=False),  # due, sending, sent, lost
    Column("due_at", Instant, nullable=False),
    Index("notices_due", "state", "due_at"),
)
