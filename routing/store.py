"""Rule books and drafts in SQL: a published book is a row that never changes, and its number is its key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError

from config.stores import database_now, reading
from routing.demo import demo_document
from routing.document import Document, read

_metadata = sa.MetaData()
_instant = sa.DateTime(timezone=True)
_books = sa.Table(
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
)
_drafts = sa.Table(
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
)


class DraftState(StrEnum):
    """A draft is written on until it is published or given up."""

    OPEN = "open"
    PUBLISHED = "published"
    ABANDONED = "abandoned"


class Superseded(Exception):
    """Someone published in the meantime: `expected` was the draft's ground, `current` is in force now."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(f"version {current} is in force, not {expected}")
        self.expected = expected
        self.current = current


class Corrupt(Exception):
    """A stored document does not match the digest written beside it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version, without its document."""

    version: int
    author: str
    approved_by: str | None
    reason: str
    restores: int | None  # the older version this one puts back in force
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A book being written."""

    id: str
    document: Document
    based_on: int
    association: str | None  # None: the federation's
    author: str
    reason: str
    state: DraftState
    approved_by: str | None
    publish_at: datetime | None
    published_as: int | None
    changed_at: datetime


def current_version(engine: Engine) -> int:
    """The number in force; 0 when nothing was ever published."""
    with reading(engine).connect() as connection:
        return _current_version(connection)


def current(engine: Engine) -> tuple[int, Document] | None:
    """The book in force, None when nothing was ever published; raises `Corrupt` or `DocumentRefused`."""
    query = sa.select(_books.c.version, _books.c.document, _books.c.digest)
    with reading(engine).connect() as connection:
        row = connection.execute(query.order_by(_books.c.version.desc()).limit(1)).first()
    return None if row is None else (row.version, _document(row.document, row.digest))


def version(engine: Engine, number: int) -> Document | None:
    """The document published under this number."""
    query = sa.select(_books.c.document, _books.c.digest).where(_books.c.version == number)
    with reading(engine).connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else _document(row.document, row.digest)


def history(engine: Engine, limit: int = 50, before: int | None = None) -> tuple[Publication, ...]:
    """Publications, the newest first; `before` a version for the next page."""
    columns = [_books.c[name] for name in Publication.__dataclass_fields__]
    query = sa.select(*columns).order_by(_books.c.version.desc()).limit(limit)
    if before is not None:
        query = query.where(_books.c.version < before)
    with reading(engine).connect() as connection:
        rows = connection.execute(query).all()
    return tuple(Publication(**{**row._mapping, "published_at": _aware(row.published_at)}) for row in rows)


def publish(
    engine: Engine,
    document: Document,
    expected: int,
    author: str,
    reason: str,
    *,
    approved_by: str | None = None,
    restores: int | None = None,
    draft: str | None = None,
) -> int:
    """Put a document in force and return its number; `Superseded` unless `expected` is in force until then.

    One transaction: whoever is killed in it leaves the old book. Of two at once the primary key refuses one.
    """
    text = document.to_json()
    row = {
        "version": expected + 1,
        "document": text,
        "digest": _digest(text),
        "author": author,
        "approved_by": approved_by,
        "reason": reason,
        "restores": restores,
    }
    try:
        _insert(engine, row, expected, draft)
    except IntegrityError:
        in_force = current_version(engine)
        if in_force == expected:
            raise
        raise Superseded(expected, in_force) from None
    return expected + 1


def _insert(engine: Engine, row: dict[str, object], expected: int, draft: str | None) -> None:
    with engine.begin() as connection:
        now = database_now(connection)
        in_force = _current_version(connection)
        if in_force != expected:
            raise Superseded(expected, in_force)
        connection.execute(_books.insert().values(**row, published_at=now))
        if draft is not None:
            published = {"state": DraftState.PUBLISHED, "published_as": expected + 1, "changed_at": now}
            connection.execute(_drafts.update().where(_drafts.c.id == draft).values(**published))


def restore(engine: Engine, number: int, expected: int, author: str, reason: str) -> int:
    """Undo: publish an older book again under a new number; KeyError when it never existed."""
    document = version(engine, number)
    if document is None:
        raise KeyError(number)
    return publish(engine, document, expected, author, reason, restores=number)


def save_draft(
    engine: Engine,
    document: Document,
    based_on: int,
    author: str,
    reason: str = "",
    *,
    association: str | None = None,
    draft_id: str | None = None,
) -> str:
    """Keep a draft, new or written over (`draft_id`); its id. An approval lapses with each change."""
    values = {
        "document": document.to_json(),
        "based_on": based_on,
        "association": association,
        "author": author,
        "reason": reason,
        "approved_by": None,
    }
    with engine.begin() as connection:
        values["changed_at"] = database_now(connection)
        if draft_id is not None:
            mine = (_drafts.c.id == draft_id) & (_drafts.c.state == DraftState.OPEN)
            if connection.execute(_drafts.update().where(mine).values(**values)).rowcount:
                return draft_id
        draft_id = draft_id or str(uuid4())
        connection.execute(_drafts.insert().values(id=draft_id, state=DraftState.OPEN, **values))
    return draft_id


def draft(engine: Engine, draft_id: str) -> Draft | None:
    """The draft of this id."""
    with reading(engine).connect() as connection:
        row = connection.execute(sa.select(_drafts).where(_drafts.c.id == draft_id)).first()
    return None if row is None else _draft(row)


def drafts(engine: Engine, association: str | None = None) -> tuple[Draft, ...]:
    """Open drafts, the newest first; all of them, or one association's."""
    query = sa.select(_drafts).where(_drafts.c.state == DraftState.OPEN).order_by(_drafts.c.changed_at.desc())
    if association is not None:
        query = query.where(_drafts.c.association == association)
    with reading(engine).connect() as connection:
        return tuple(map(_draft, connection.execute(query).all()))


def abandon(engine: Engine, draft_id: str) -> None:
    """Give a draft up; it stays readable."""
    mine = (_drafts.c.id == draft_id) & (_drafts.c.state == DraftState.OPEN)
    with engine.begin() as connection:
        now = database_now(connection)
        connection.execute(_drafts.update().where(mine).values(state=DraftState.ABANDONED, changed_at=now))


def ensure_demo(engine: Engine) -> int:
    """Publish the demonstration book as version 1 when there is none yet; the version in force."""
    in_force = current_version(engine)
    if in_force:
        return in_force
    try:
        return publish(engine, demo_document(), 0, "3624", "Associations de démonstration")
    except Superseded as other:  # another process was first
        return other.current


def _current_version(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(_books.c.version))) or 0


def _document(text: str, digest: str) -> Document:
    if _digest(text) != digest:
        raise Corrupt
    return read(text)


def _draft(row: Row[Any]) -> Draft:
    values = dict(row._mapping)
    values["document"] = read(row.document)
    values["state"] = DraftState(row.state)
    values["changed_at"] = _aware(row.changed_at)
    values["publish_at"] = None if row.publish_at is None else _aware(row.publish_at)
    return Draft(**values)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _aware(value: datetime) -> datetime:
    """SQLite forgets the zone; what was written was UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
