"""What the promise is computed from: doctors on duty, the queue ahead, how long whole attempts took."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from workers.callbacks.callback import CLOSED, State
from workers.callbacks.policy import Outlook
from workers.callbacks.tables import attempts, callbacks, doctors, duties

RECENT = timedelta(days=14)
SAMPLE = 200
NOT_WAITING = [*(state.value for state in CLOSED), State.HUMAN.value]


def outlook(connection: Connection, association: str | None, order_at: datetime, now: datetime) -> Outlook:
    """The queue before a place `order_at`. Where the association has no doctor of its own on duty, the
    national pool's, with everybody's queue ahead: rather too long than promised in vain."""
    own = _on_duty(connection, doctors.c.association == association, now) if association else 0
    if own:
        return Outlook(
            own, ahead(connection, order_at, callbacks.c.association == association), _talks(connection, now)
        )
    pool = _on_duty(connection, doctors.c.association.is_(None), now)
    return Outlook(pool, ahead(connection, order_at), _talks(connection, now))


def ahead(connection: Connection, order_at: datetime, *among: ColumnElement[bool]) -> int:
    """How many open call-backs come before this place."""
    query = select(func.count()).where(
        callbacks.c.state.not_in(NOT_WAITING), callbacks.c.order_at < order_at, *among
    )
    return connection.scalar(query) or 0


def _on_duty(connection: Connection, whose: ColumnElement[bool], now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(doctors.join(duties))
        .where(doctors.c.active, duties.c.ended_at.is_(None), duties.c.until > now, whose)
    )
    return connection.scalar(query) or 0


def _talks(connection: Connection, now: datetime) -> tuple[timedelta, ...]:
    query = (
        select(attempts.c.seconds)
        .where(attempts.c.reserved_at > now - RECENT, attempts.c.seconds.is_not(None))
        .order_by(attempts.c.reserved_at.desc())
        .limit(SAMPLE)
    )
    return tuple(timedelta(seconds=float(seconds)) for seconds in connection.scalars(query))
