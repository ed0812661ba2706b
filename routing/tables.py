"""The tables of rule books, drafts, proved numbers (migrations 0002, 0020, 0022), recordings, pacts (0041),

closures not told of yet (0024), and SQL's instants."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

_metadata = sa.MetaData()
_instant = sa.DateTime(timezone=True)
books = sa.Table(
    "rule_books",
    _metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text),
    sa.Column("digest", sa.String(64)),
    sa.Column("author", sa.String(120)),
    sa.Column("approved_by", sa.String(120)),
    sa.Column("reason", sa.Text),
    sa.Column("restores", sa.Integer),
    sa.Column("published_at", _instant),
    sa.Column("author_id", sa.String(36)),
    sa.Column("approved_by_id", sa.String(36)),
    sa.Column("association", sa.String(64)),
)
drafts = sa.Table(
    "rule_drafts",
    _metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("document", sa.Text),
    sa.Column("based_on", sa.Integer),
    sa.Column("association", sa.String(64)),
    sa.Column("author", sa.String(120)),
    sa.Column("reason", sa.Text),
    sa.Column("state", sa.String(12)),
    sa.Column("approved_by", sa.String(120)),
    sa.Column("publish_at", _instant),
    sa.Column("published_as", sa.Integer),
    sa.Column("changed_at", _instant),
    sa.Column("refused", sa.Text),
    sa.Column("asked_by", sa.String(120)),
    sa.Column("author_id", sa.String(36)),
    sa.Column("approved_by_id", sa.String(36)),
    sa.Column("asked_by_id", sa.String(36)),
)
changes = sa.Table(
    "rule_changes",
    _metadata,
    sa.Column("association", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)
cases = sa.Table(
    "rule_cases",
    _metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("association", sa.String(64)),
    sa.Column("name", sa.String(120)),
    sa.Column("commune", sa.String(5)),
    sa.Column("need", sa.String(20)),
    sa.Column("at", _instant),
    sa.Column("regulator", sa.String(64)),
    sa.Column("author", sa.String(120)),
    sa.Column("made_at", _instant),
)
number_proofs = sa.Table(
    "number_proofs",
    _metadata,
    sa.Column("number", sa.String(120), primary_key=True),
    sa.Column("code_hash", sa.String(64)),
    sa.Column("asked_at", _instant),
    sa.Column("asked_by", sa.String(120)),
    sa.Column("tries", sa.Integer),
    sa.Column("proved_at", _instant),
    sa.Column("proved_by", sa.String(120)),
)

recordings = sa.Table(
    "recordings",
    _metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("association", sa.String(64)),
    sa.Column("words", sa.Text),
    sa.Column("wav", sa.LargeBinary),
    sa.Column("seconds", sa.Float),
    sa.Column("made_at", _instant),
    sa.Column("made_by", sa.String(120)),
    sa.Column("kept_until", _instant),
)
pacts = sa.Table(
    "pacts",
    _metadata,
    sa.Column("asks", sa.String(64), primary_key=True),
    sa.Column("helps", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(12)),
    sa.Column("cap_per_hour", sa.Integer),
    sa.Column("until", sa.Date),
    sa.Column("answered_by", sa.String(120)),
    sa.Column("answered_at", _instant),
    sa.Column("answered_by_id", sa.String(36)),
)
untold = sa.Table(
    "rule_untold",
    _metadata,
    sa.Column("closure", sa.String(60), primary_key=True),
    sa.Column("association", sa.String(64)),
    sa.Column("author", sa.String(120)),
    sa.Column("at", _instant),
)


def aware(value: datetime) -> datetime:
    """SQLite forgets the zone; what was written was UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
