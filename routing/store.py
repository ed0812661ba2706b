"""Published rule books in SQL: a row that never changes, and its number is its key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from config import journal
from config.stores import database_now, reading
from routing import publication_words, recordings, untold
from routing.demo import demo_document
from routing.document import Document, DocumentRefused, National, read
from routing.drafts import Draft, DraftState
from routing.parts import touched
from routing.person import By, person
from routing.publication_words import without_over
from routing.tables import aware, books, changes, drafts

EMPTY = Document(national=National(regulator="national"))


class Superseded(Exception):
    """Someone published in the meantime: `expected` was the draft's ground, `current` is in force now."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(f"version {current} is in force, not {expected}")
        self.expected = expected
        self.current = current


class DraftChanged(Exception):
    """The draft was written on, published or given up since it was read: nothing was published."""


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
    association: str | None = None  # whose draft it was; None: the federation's, or made directly

    def reason_for(self, slug: str) -> str | None:
        """Why, for the eyes of an association: the words of another one are that one's own."""
        return self.reason if self.association in (None, slug) else None


def current_version(engine: Engine) -> int:
    """The number in force; 0 when nothing was ever published."""
    with reading(engine).connect() as connection:
        return _current_version(connection)


def current(engine: Engine) -> tuple[int, Document] | None:
    """The book in force, None when nothing was ever published; raises `Corrupt` or `DocumentRefused`."""
    query = sa.select(books.c.version, books.c.document, books.c.digest)
    with reading(engine).connect() as connection:
        row = connection.execute(query.order_by(books.c.version.desc()).limit(1)).first()
    return None if row is None else (row.version, _document(row.document, row.digest))


def version(engine: Engine, number: int) -> Document | None:
    """The document published under this number."""
    query = sa.select(books.c.document, books.c.digest).where(books.c.version == number)
    with reading(engine).connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else _document(row.document, row.digest)


def history(
    engine: Engine, limit: int = 50, before: int | None = None, association: str | None = None
) -> tuple[Publication, ...]:
    """Publications, the newest first; `before` a version for the next page.

    With `association` only those that changed its own part.
    """
    columns = [books.c[name] for name in Publication.__dataclass_fields__]
    query = sa.select(*columns).order_by(books.c.version.desc()).limit(limit)
    if association is not None:
        query = query.join(changes, changes.c.version == books.c.version)
        query = query.where(changes.c.association == association)
    if before is not None:
        query = query.where(books.c.version < before)
    with reading(engine).connect() as connection:
        rows = connection.execute(query).all()
    return tuple(Publication(**{**row._mapping, "published_at": aware(row.published_at)}) for row in rows)


def publish(
    engine: Engine,
    document: Document,
    expected: int,
    author: By,
    reason: str,
    *,
    approved_by: By | None = None,
    restores: int | None = None,
    draft: Draft | None = None,
) -> int:
    """Put a document in force and return its number; `Superseded` unless `expected` is in force until then.

    `draft` is given up for published, if its text is still the one that was read: else `DraftChanged`.
    One transaction: whoever is killed in it leaves the old book. Of two at once the primary key refuses one.
    """
    text = document.to_json()
    row = _signed(author, approved_by) | {
        "version": expected + 1,
        "document": text,
        "digest": _digest(text),
        "association": draft and draft.association,
        "reason": reason,
        "restores": restores,
    }
    before, now = _before(engine, expected)
    told = publication_words.changes(before, document, row, now)
    slugs = touched(without_over(before or EMPTY, document, now), document)
    try:
        _insert(engine, row, document, expected, draft, told, slugs)
    except IntegrityError:
        in_force = current_version(engine)
        if in_force == expected:
            raise
        raise Superseded(expected, in_force) from None
    return expected + 1


def _signed(author: By, approved_by: By | None) -> dict[str, object]:
    who, second = person(author), person(approved_by) if approved_by else None
    return {
        "author": who.name,
        "author_id": who.account,
        "approved_by": second and second.name,
        "approved_by_id": second and second.account,
    }


def _insert(
    engine: Engine,
    row: dict[str, object],
    document: Document,
    expected: int,
    draft: Draft | None,
    told: list[journal.Change],
    slugs: frozenset[str],
) -> None:
    with engine.begin() as connection:
        now = database_now(connection)
        in_force = _current_version(connection)
        if in_force != expected:
            raise Superseded(expected, in_force)
        connection.execute(books.insert().values(**row, published_at=now))
        if draft is not None:
            published = {"state": DraftState.PUBLISHED, "published_as": expected + 1, "changed_at": now}
            mine = (drafts.c.id == draft.id) & (drafts.c.document == draft.document.to_json())
            mine &= drafts.c.state == DraftState.OPEN
            if not connection.execute(drafts.update().where(mine).values(**published)).rowcount:
                raise DraftChanged(draft.id)
        rows = [{"version": expected + 1, "association": slug} for slug in sorted(slugs)]
        if rows:
            connection.execute(changes.insert(), rows)
        recordings.published(connection, document)
        untold.keep(connection, document, str(row["author"]), now)
        journal.append(connection, str(row["author"]), told)


def _before(engine: Engine, number: int) -> tuple[Document | None, datetime]:
    """What was in force, and the database's clock.

    None when it can no longer be read: it must still be possible to publish over it.
    """
    with reading(engine).connect() as connection:
        now = database_now(connection)
    try:
        return version(engine, number) or EMPTY, now
    except (Corrupt, DocumentRefused):
        return None, now


def restore(engine: Engine, number: int, expected: int, author: By, reason: str) -> int:
    """Undo: publish an older book again under a new number; KeyError when it never existed."""
    document = version(engine, number)
    if document is None:
        raise KeyError(number)
    return publish(engine, document, expected, author, reason, restores=number)


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
    return connection.scalar(sa.select(sa.func.max(books.c.version))) or 0


def _document(text: str, digest: str) -> Document:
    if _digest(text) != digest:
        raise Corrupt
    return read(text)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
