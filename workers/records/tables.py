"""The SQL tables of what is counted (migrations 0003 to 0008): journals, records, roll-ups, alerts, keys."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    text,
)

from workers.callbacks.tables import Instant

metadata = MetaData()
OPEN_ONLY = text("NOT closed")

journals = Table(  # one row a call, its events as lines of JSON: what the record is folded from
    "call_journals",
    metadata,
    Column("call", String(64), primary_key=True),
    Column("began_at", Instant, nullable=False),  # t0 as the record has it
    Column("heard_at", Instant, nullable=False),  # of the newest event
    Column("closed", Boolean, nullable=False),  # the carrier said it is over
    Column("stage", String(8), nullable=False),
    Column("since", Instant),
    Column("association", String(64)),
    Column("desks", Text, nullable=False),  # regulators whose lines it holds, by commas
    Column("rang_at", Instant),
    Column("taken_at", Instant),
    Column("events", Text, nullable=False),
    Index("journals_open", "began_at", sqlite_where=OPEN_ONLY, postgresql_where=OPEN_ONLY),
    Index("journals_heard", "heard_at"),
)

records = Table(  # one row a call that has ended; PostgreSQL: a partition a month
    "call_records",
    metadata,
    Column("began_at", Instant, primary_key=True),  # t0
    Column("call", String(64), primary_key=True),
    Column("day", Integer, nullable=False),  # 20261122, minute and weekday (0: Monday), all of Paris
    Column("minute", SmallInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("who", String(16)),  # pseudonym, of this month only
    Column("first", Boolean, nullable=False),  # the person's first call in two hours
    Column("place", String(5), nullable=False),  # INSEE code, "" unknown
    Column("departement", String(3), nullable=False),
    Column("source", String(12)),
    Column("need", String(16), nullable=False),
    Column("association", String(64), nullable=False),
    Column("decided", String(12)),
    Column("rulebook", Integer),
    Column("outcome", String(12), nullable=False),
    Column("regulator", String(64)),
    Column("answered_for", String(64)),  # "" the national desk, None not answered
    Column("rang_after", Integer),  # t1 - t0, milliseconds, as the three that follow
    Column("taken_after", Integer),  # t2 - t0
    Column("ended_after", Integer, nullable=False),  # t4 - t0
    Column("talked", Integer, nullable=False),
    Column("ended_by", String(8)),
    Column("danger", Boolean, nullable=False),
    Column("rescued", Boolean, nullable=False),
    Column("rings", Text, nullable=False),  # JSON: [[regulator, association, ms after t0, issue], …]
    Column("trace", Text),
    Column("joined_after", Integer),  # t3 - t0: a doctor on the line, by the call-back (migration 0005)
    Column("held", Boolean, nullable=False, server_default=false()),  # was in the hold queue
    Index("records_of_association", "association", "began_at", "place", "outcome"),
    *(  # calls taken for others
        Index(
            f"records_by_{column}",
            column,
            "began_at",
            sqlite_where=text(f"{column} <> association"),
            postgresql_where=text(f"{column} <> association"),
        )
        for column in ("answered_for", "regulator")
    ),
    Index("records_of_person", "who", "began_at"),
    Index("records_of_call", "call"),
)

WAIT_EDGES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # seconds; one more class above the last
WAITS = tuple(f"wait_{edge}" for edge in (*WAIT_EDGES, "more"))
COUNTS = (
    "calls",
    "persons",
    "answered",
    "talked",
    "callbacks",
    "early",
    "lost",
    "lost_after_30",
    "danger",
    "overflowed",
    "rescued",
    "rang",
    *WAITS,
)
SUMS = ("ivr_ms", "wait_ms", "talk_ms", "total_ms")
MEASURES = (*COUNTS, *SUMS)

KEYS = {  # roll-up -> its key columns; "" stands for none
    "rollup_minute": ("day", "minute", "association", "need", "outcome"),
    "rollup_hour": ("day", "hour", "association", "need", "outcome"),
    "rollup_day": ("day", "association", "need", "outcome"),
    "rollup_month": ("month", "association", "need", "outcome"),
    "rollup_association": ("day", "association"),
    "rollup_dayhour": ("day", "hour"),
    "rollup_slot": ("month", "weekday", "hour", "association"),
    "rollup_place": ("month", "place", "association"),
    "rollup_year": ("year", "place"),
    "rollup_departement": ("day", "departement"),
    "rollup_commune": ("day", "place"),
    "rollup_flow": ("day", "association", "answered_for"),
}
_TEXT = {"association": 64, "need": 16, "outcome": 12, "place": 5, "departement": 3, "answered_for": 64}


def _key(name: str) -> Column[str] | Column[int]:
    if name in _TEXT:
        return Column(name, String(_TEXT[name]), primary_key=True)
    return Column(name, Integer, primary_key=True, autoincrement=False)


rollups = {
    name: Table(
        name,
        metadata,
        *(_key(key) for key in keys),
        *(Column(measure, Integer, nullable=False) for measure in COUNTS),
        *(Column(measure, BigInteger, nullable=False) for measure in SUMS),
        *([Index(f"{name}_of_association", "association", keys[0])] if "association" in keys else []),
        sqlite_with_rowid=False,
    )
    for name, keys in KEYS.items()
}

lost_callers = Table(  # whom to ring back: apart, sealed, for 72 h
    "lost_callers",
    metadata,
    Column("call", String(64), primary_key=True),
    Column("number_sealed", Text, nullable=False),
    Column("number_index", String(64), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("rung_back_at", Instant),
    Index("lost_callers_of_number", "number_index"),
)

pseudonym_keys = Table(  # a random key a month; once destroyed, the month's pseudonyms lead nowhere
    "pseudonym_keys",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("key_sealed", LargeBinary),  # None: destroyed
    Column("made_at", Instant, nullable=False),
    Column("destroyed_at", Instant),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("scope", String(64), nullable=False),  # association, desk, or "" for the whole service
    Column("said", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # last time the condition held
    Column("told_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String(80)),
    Column("closed_at", Instant),
    Index(
        "one_open_alert",
        "kind",
        "scope",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

alert_routes = Table(  # who is told, and how
    "alert_routes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("channel", String(8), nullable=False),  # email, sms, webhook
    Column("target_sealed", Text, nullable=False),
    Column("secret_sealed", Text),  # a webhook's signing key
    Column("association", String(64)),  # None: everything
    Column("active", Boolean, nullable=False),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("association", String(64), primary_key=True),  # "" for the whole service
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("expected", Integer, nullable=False),  # hundredths of a call, so are the two bounds
    Column("low", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
)

record_settings = Table(  # migration 0030: choices by name, and the reconciler's mark
    "record_settings",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Float, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
