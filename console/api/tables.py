"""The SQL table of the API's tokens (migration 0030)."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table

from workers.callbacks.tables import Instant

metadata = MetaData()

tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(12), primary_key=True),  # the token's first part: what it is called by
    Column("digest", String(64), nullable=False),  # SHA-256 of the whole: a stolen table opens nothing
    Column("label", String(120), nullable=False),
    Column("association", String(64)),  # None: the federation's, sees everything
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
