"""Rule books being written: saved, approved by a second person, scheduled, published or given up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError

from config import journal
from config.stores import database_now, reading
from routing import edits, recordings
from routing.document import Document, read
from routing.person import By, Person, person
from routing.tables import aware
from routing.tables import drafts as _drafts
from routing.words import moment

PARIS = ZoneInfo("Europe/Paris")
UNPLANNED: dict[str, object] = dict.fromkeys(("publish_at", "refused", "asked_by", "asked_by_id"))
UNAPPROVED: dict[str, object] = dict.fromkeys(("approved_by", "approved_by_id"))


class Overtaken(Exception):
    """Somebody wrote on the draft, published it or gave it up since its text was read: nothing was kept."""


class DraftState(StrEnum):
    """A draft is written on until it is published or given up."""

    OPEN = "open"
    PUBLISHED = "published"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Draft:
    """A book being written. With `publish_at` it is scheduled; `refused` says why its hour came in vain."""

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
    refused: str | None = None
    asked_by: str | None = None  # who wants a second person to read it
    author_id: str | None = None  # the accounts behind these names; None: the terminal's
    approved_by_id: str | None = None
    asked_by_id: str | None = None

    @property
    def writer(self) -> Person:
        """Who wrote it, or asked for its publication, last."""
        return Person(self.author, self.author_id)

    @property
    def approver(self) -> Person | None:
        """The second person who agreed."""
        return Person(self.approved_by, self.approved_by_id) if self.approved_by else None

    @property
    def asker(self) -> Person | None:
        """Who waits for a second person."""
        return Person(self.asked_by, self.asked_by_id) if self.asked_by else None


def save(
    engine: Engine,
    document: Document,
    based_on: int,
    author: By,
    reason: str = "",
    *,
    association: str | None = None,
    draft_id: str | None = None,
    over: Document | None = None,
    told: str = "",
    communes: Mapping[str, str] | None = None,
) -> str:
    """Keep a draft, new or written over (`draft_id`); its id. Approval and hour lapse with each change.

    `over` is its text as the writer read it: raises `Overtaken` where it is no more, and where the
    association has another open draft by now, but for one of this very text: then that one is the draft.
    The journal is told what this edit changes, in words, in the same transaction: `told` names the part of
    the rules, `communes` the INSEE codes. A text that is kept already is left as it is, approval and all.
    """
    who = person(author)
    values: dict[str, object] = {"based_on": based_on, "association": association, "author": who.name}
    values |= {"author_id": who.account, "reason": reason, **UNPLANNED, **UNAPPROVED}
    edit = edits.Edit(association, based_on, told or reason, None, document)

    def write() -> str:
        with engine.begin() as connection:
            return _write(connection, draft_id or str(uuid4()), values, over, edit, communes or {})

    try:
        return write()
    except IntegrityError:  # another was begun since we looked: now it is seen
        return write()


def _write(
    connection: Connection,
    draft_id: str,
    values: dict[str, object],
    over: Document | None,
    edit: edits.Edit,
    communes: Mapping[str, str],
) -> str:
    text = edit.after.to_json()
    row = _standing(connection, draft_id, edit.association, text)
    if over is not None and (row is None or row.document != over.to_json()):
        raise Overtaken
    if row is not None and (row.document, row.based_on) == (text, edit.based_on):
        return str(row.id)
    now = database_now(connection)
    written = values | {"document": text, "changed_at": now}
    if row is None:
        connection.execute(_drafts.insert().values(id=draft_id, state=DraftState.OPEN, **written))
    else:
        connection.execute(_drafts.update().where(_drafts.c.id == row.id).values(**written))
        edit = replace(edit, before=str(row.document))
    recordings.still_wanted(connection, edit.after, now)
    edits.tell(connection, str(values["author"]), edit, communes)
    return draft_id if row is None else str(row.id)


def _standing(connection: Connection, draft_id: str, association: str | None, text: str) -> Row[Any] | None:
    """The draft to write over, locked. Raises `Overtaken` where the association's open one is another."""
    of_one = _drafts.c.id == draft_id
    if association is not None:
        of_one |= _drafts.c.association == association
    query = sa.select(_drafts).where(of_one, _drafts.c.state == DraftState.OPEN).with_for_update()
    rows = {str(row.id): row for row in connection.execute(query)}
    other = next((row for name, row in rows.items() if name != draft_id), None)
    if other is not None and other.document != text:
        raise Overtaken
    return rows.get(draft_id, other)


def find(engine: Engine, draft_id: str) -> Draft | None:
    """The draft of this id, whatever became of it."""
    with reading(engine).connect() as connection:
        row = connection.execute(sa.select(_drafts).where(_drafts.c.id == draft_id)).first()
    return None if row is None else _draft(row)


def still_open(engine: Engine, association: str | None = None) -> tuple[Draft, ...]:
    """Open drafts, the newest first; all of them, or one association's."""
    query = sa.select(_drafts).where(_drafts.c.state == DraftState.OPEN).order_by(_drafts.c.changed_at.desc())
    if association is not None:
        query = query.where(_drafts.c.association == association)
    with reading(engine).connect() as connection:
        return tuple(map(_draft, connection.execute(query).all()))


@dataclass(frozen=True, slots=True)
class Headline:
    """What a first page says of an open draft, without its text."""

    author: str
    asked_by: str | None
    approved_by: str | None
    publish_at: datetime | None
    refused: str | None
    asked_by_id: str | None

    @property
    def asker(self) -> Person | None:
        """Who waits for a second person."""
        return Person(self.asked_by, self.asked_by_id) if self.asked_by else None


def headline(engine: Engine, association: str) -> Headline | None:
    """Of the association's newest open draft."""
    columns = [_drafts.c[name] for name in Headline.__dataclass_fields__]
    mine = (_drafts.c.state == DraftState.OPEN) & (_drafts.c.association == association)
    query = sa.select(*columns).where(mine).order_by(_drafts.c.changed_at.desc()).limit(1)
    with reading(engine).connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Headline(
        **{**row._mapping, "publish_at": None if row.publish_at is None else aware(row.publish_at)}
    )


def due(engine: Engine) -> tuple[Draft, ...]:
    """Open drafts whose hour has come by the database's clock, the earliest first."""
    with reading(engine).connect() as connection:
        now = database_now(connection)
        come = (_drafts.c.state == DraftState.OPEN) & (_drafts.c.publish_at <= now)
        return tuple(
            map(_draft, connection.execute(sa.select(_drafts).where(come).order_by(_drafts.c.publish_at)))
        )


def approve(engine: Engine, draft: Draft, by: By) -> bool:
    """A second person agrees with this very text; False when it was changed or closed in the meantime."""
    who = person(by)
    told = [_told(draft, "draft_approved")]
    return _change(engine, draft, who.name, told, approved_by=who.name, approved_by_id=who.account)


def schedule(engine: Engine, draft: Draft, at: datetime | None) -> bool:
    """Publish it at this instant (aware), or, with None, no more; False when it has changed."""
    # SQLite drops the offset: what is kept is UTC.
    hour = at and at.astimezone(UTC)
    return _change(engine, draft, draft.author, [_planned(draft, hour)], publish_at=hour, refused=None)


def plan(
    engine: Engine, draft: Draft, by: By, reason: str, at: datetime | None, *, second: bool = False
) -> bool:
    """Say who publishes this very text, why and when (aware; None: at once), and whether a second person is
    asked to read it first; False when it was changed or closed in the meantime."""
    hour, who = at and at.astimezone(UTC), person(by)
    told = [_planned(draft, hour)] if hour or draft.publish_at else []
    signed = {"author": who.name, "author_id": who.account, "reason": reason, "publish_at": hour}
    if second:
        told.append(_told(draft, "draft_submitted"))
        signed |= {"asked_by": who.name, "asked_by_id": who.account}
    return _change(engine, draft, who.name, told, **UNPLANNED | signed)


def unplan(engine: Engine, draft: Draft, by: By) -> bool:
    """No hour any more, and nobody asked to read it; False when it was changed or closed in the meantime."""
    return _change(engine, draft, person(by).name, [_planned(draft, None)], **UNPLANNED)


def refuse(engine: Engine, draft: Draft, why: str) -> bool:
    """Its hour came in vain: it stays open, unscheduled, and says why."""
    told = [_told(draft, "draft_refused", why)]
    return _change(engine, draft, "3624", told, publish_at=None, refused=why)


def abandon(engine: Engine, draft_id: str, by: str = "") -> None:
    """Give a draft up; it stays readable."""
    mine = (_drafts.c.id == draft_id) & (_drafts.c.state == DraftState.OPEN)
    with engine.begin() as connection:
        now = database_now(connection)
        row = connection.execute(sa.select(_drafts).where(mine)).first()
        if row is None:
            return
        connection.execute(_drafts.update().where(mine).values(state=DraftState.ABANDONED, changed_at=now))
        journal.append(connection, by or row.author, [_told(_draft(row), "draft_abandoned")])


def _planned(draft: Draft, hour: datetime | None) -> journal.Change:
    if hour is None:
        return _told(draft, "draft_unscheduled")
    return _told(draft, "draft_scheduled", f"le {moment(hour.astimezone(PARIS))} (Paris)")


def _told(draft: Draft, action: str, after: str = "") -> journal.Change:
    """What is done to a draft as a whole; what it changes was told when it was written."""
    subject = f"Brouillon fondé sur les règles n° {draft.based_on} : {draft.reason}"
    return journal.Change(draft.association or journal.FEDERATION, action, subject, after=after)


def _change(engine: Engine, draft: Draft, by: str, told: Iterable[journal.Change], **values: object) -> bool:
    # The text itself is compared: two changes may fall into one tick of a clock.
    same = (
        (_drafts.c.id == draft.id)
        & (_drafts.c.state == DraftState.OPEN)
        & (_drafts.c.document == draft.document.to_json())
    )
    with engine.begin() as connection:
        if not connection.execute(_drafts.update().where(same).values(**values)).rowcount:
            return False
        journal.append(connection, by, told)
    return True


def _draft(row: Row[Any]) -> Draft:
    values = dict(row._mapping)
    values["document"] = read(row.document)
    values["state"] = DraftState(row.state)
    values["changed_at"] = aware(row.changed_at)
    values["publish_at"] = None if row.publish_at is None else aware(row.publish_at)
    return Draft(**values)
