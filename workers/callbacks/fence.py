"""The second fence: one CallSid an attempt, one attempt a row; everything else is void."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.exc import IntegrityError

from workers.callbacks.callback import Conclusion, Disposition, State
from workers.callbacks.tables import attempts, callbacks


@dataclass(frozen=True, slots=True)
class Link:
    """What a leg's signed URL carries: whose attempt it is. The first CallSid to use it binds it."""

    callback_id: str
    token: str


def bind(connection: Connection, link: Link, call_sid: str, rank: int = 0) -> bool:
    """The first CallSid binds the attempt; another is refused, and a rank, where given, must rise."""
    statement = update(attempts).where(
        attempts.c.token == link.token,
        attempts.c.callback_id == link.callback_id,
        attempts.c.ended_at.is_(None),
        or_(attempts.c.call_sid.is_(None), attempts.c.call_sid == call_sid),
    )
    if rank:
        statement = statement.where(attempts.c.rank < rank)
    values: dict[str, Any] = {"call_sid": call_sid, "unresolved": False} | ({"rank": rank} if rank else {})
    try:
        with connection.begin_nested():
            return connection.execute(statement.values(values)).rowcount == 1
    except IntegrityError:
        return False  # that call is another attempt's


def bound(connection: Connection, link: Link, call_sid: str) -> bool:
    """Whether this call is the attempt's, and the attempt is not over."""
    query = select(attempts.c.token).where(
        attempts.c.token == link.token, attempts.c.call_sid == call_sid, attempts.c.ended_at.is_(None)
    )
    return connection.scalar(query) is not None


def state(connection: Connection, link: Link) -> State | None:
    """Where the row stands while this attempt holds it; None once another does, or none."""
    query = select(callbacks.c.state).where(
        callbacks.c.id == link.callback_id, callbacks.c.token == link.token
    )
    found = connection.scalar(query)
    return State(found) if found else None


def note(connection: Connection, link: Link, **values: Any) -> None:
    """Write something of the attempt down."""
    connection.execute(update(attempts).where(attempts.c.token == link.token).values(values))


def end(
    connection: Connection,
    link: Link,
    now: datetime,
    disposition: Disposition | None,
    conclusion: Conclusion | None = None,
) -> None:
    """The attempt is over; how it ended is written once, what the doctor concluded may come later."""
    mine = attempts.c.token == link.token
    times = select(attempts.c.reserved_at, attempts.c.bridged_at).where(mine)
    began = connection.execute(times).one_or_none()
    seconds = (now - began.reserved_at).total_seconds() if began and began.bridged_at else None
    note(connection, link, unresolved=False, conclusion=conclusion)
    connection.execute(
        update(attempts)
        .where(mine, attempts.c.ended_at.is_(None))
        .values(ended_at=now, disposition=disposition, seconds=seconds)
    )
