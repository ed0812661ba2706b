"""Rule books being written: saved, approved by a second person, scheduled, published or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Engine, Row

from config import journal
from config.stores import database_now, reading
from routing.document import Document, read
from routing.tables import aware
from routing.tables import drafts as _drafts

PARIS = ZoneInfo("Europe/Paris")


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


def save(
    engine: Engine,
    document: Document,
    based_on: int,
    author: str,
    reason: str = "",
    *,
    association: str | None = None,
    draft_id: str | None = None,
) -> str:
    """Keep a draft, new or written over (`draft_id`); its id. Approval and hour lapse with each change."""
    values = {
        "document": document.to_json(),
        "based_on": based_on,
        "association": association,
        "author": author,
        "reason": reason,
        "approved_by": None,
        "publish_at": None,
        "refused": None,
        "asked_by": None,
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


def approve(engine: Engine, draft: Draft, by: str) -> bool:
    """A second person agrees with this very text; False when it was changed or closed in the meantime."""
    return _change(engine, draft, _told(draft, by, "draft_approved"), approved_by=by)


def schedule(engine: Engine, draft: Draft, at: datetime | None) -> bool:
    """Publish it at this instant (aware), or, with None, no more; False when it has changed."""
    # SQLite drops the offset: what is kept is UTC.
    hour = at and at.astimezone(UTC)
    return _change(engine, draft, _told(draft, draft.author, *_planned(hour)), publish_at=hour, refused=None)


def plan(
    engine: Engine, draft: Draft, by: str, reason: str, at: datetime | None, *, second: bool = False
) -> bool:
    """Say who publishes this very text, why and when (aware; None: at once), and whether a second person is
    asked to read it first; False when it was changed or closed in the meantime."""
    hour = at and at.astimezone(UTC)
    asked = by if second else None
    told = _told(draft, by, *_planned(hour)) if hour or draft.publish_at else None
    return _change(
        engine, draft, told, author=by, reason=reason, publish_at=hour, refused=None, asked_by=asked
    )


def refuse(engine: Engine, draft: Draft, why: str) -> bool:
    """Its hour came in vain: it stays open, unscheduled, and says why."""
    return _change(engine, draft, _told(draft, "3624", "draft_refused", why), publish_at=None, refused=why)


def abandon(engine: Engine, draft_id: str, by: str = "") -> None:
    """Give a draft up; it stays readable."""
    mine = (_drafts.c.id == draft_id) & (_drafts.c.state == DraftState.OPEN)
    with engine.begin() as connection:
        now = database_now(connection)
        row = connection.execute(sa.select(_drafts).where(mine)).first()
        if row is None:
            return
        connection.execute(_drafts.update().where(mine).values(state=DraftState.ABANDONED, changed_at=now))
        author, change = _told(_draft(row), by or row.author, "draft_abandoned")
        journal.append(connection, author, [change])


def _planned(hour: datetime | None) -> tuple[str, str]:
    """(what is done, when it will be published)."""
    if hour is None:
        return "draft_unscheduled", ""
    return "draft_scheduled", f"le {hour.astimezone(PARIS):%d/%m/%Y à %H:%M} (Paris)"


def _told(draft: Draft, by: str, action: str, after: str = "") -> tuple[str, journal.Change]:
    """(who, what) for the journal; what the draft changes is told when it is published."""
    subject = f"Brouillon fondé sur les règles n° {draft.based_on} : {draft.reason}"
    return by, journal.Change(draft.association or journal.FEDERATION, action, subject, after=after)


def _change(engine: Engine, draft: Draft, told: tuple[str, journal.Change] | None, **values: object) -> bool:
    # The text itself is compared: two changes may fall into one tick of a clock.
    same = (
        (_drafts.c.id == draft.id)
        & (_drafts.c.state == DraftState.OPEN)
        & (_drafts.c.document == draft.document.to_json())
    )
    with engine.begin() as connection:
        if not connection.execute(_drafts.update().where(same).values(**values)).rowcount:
            return False
        if told is not None:
            journal.append(connection, told[0], [told[1]])
    return True


def _draft(row: Row[Any]) -> Draft:
    values = dict(row._mapping)
    values["document"] = read(row.document)
    values["state"] = DraftState(row.state)
    values["changed_at"] = aware(row.changed_at)
    values["publish_at"] = None if row.publish_at is None else aware(row.publish_at)
    return Draft(**values)
