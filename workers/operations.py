"""The SQL tables of what operating leaves behind (migration 0050): synthetic calls, beats, backups."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

from workers.callbacks.tables import Instant

metadata = MetaData()

synthetic_calls = Table(
    "synthetic_calls",
    metadata,
    Column("call", String(34), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("why", String(12), nullable=False),  # clock, start, hand
    Column("association", String(64)),
    Column("ok", Boolean, nullable=False),
    Column("said", Text, nullable=False),
    Column("expected", String(64)),  # the desk the rules put first
    Column("rang", String(64)),  # the desk the document rings
    Column("steps", Text, nullable=False),  # JSON: [[step, ms], …]
    Column("total_ms", Integer, nullable=False),
    Index("synthetic_calls_at", "at"),
)

beats = Table(  # where Redis does not take them
    "process_beats",
    metadata,
    Column("process", String(96), primary_key=True),  # name:host:pid
    Column("at", Instant, nullable=False),
    Column("told", Text, nullable=False),  # JSON
)

backups = Table(
    "backups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(8), nullable=False),  # backup, drill
    Column("at", Instant, nullable=False),
    Column("file", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("said", Text, nullable=False),
    Index("backups_at", "at"),
)
