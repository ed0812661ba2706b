"""What a patient is owed: written down with what causes it, each sent at most once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Engine, and_, insert, select, update

from config.stores import database_now, reading
from workers.callbacks.callback import WAITING
from workers.callbacks.tables import callbacks, notices


class Notice(StrEnum):
    """Why the patient is written to."""

    BOOKED = "booked"
    MISSED = "missed"
    LATE = "late"
    CANCELLED = "cancelled"
    TO_A_PERSON = "to_a_person"
    VIDEO = "video"
    VIDEO_DOCTOR = "video_doctor"


@dataclass(frozen=True, slots=True)
class Owed:
    """One SMS, or one call, to send."""

    callback_id: str
    kind: Notice
    occasion: int


def owe(connection: Connection, callback_id: str, kind: Notice, now: datetime, occasion: int = 0) -> None:
    """Write it down in the transaction of what causes it; once per call-back, kind and occasion."""
    known = select(notices.c.kind).where(_is(Owed(callback_id, kind, occasion)))
    if connection.scalar(known) is None:
        connection.execute(
            insert(notices).values(
                callback_id=callback_id, kind=kind.value, occasion=occasion, state="due", due_at=now
            )
        )


class Notices:
    """The outbox. A message whose sending is uncertain is not sent again: twice is worse than once less."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self) -> Owed | None:
        """Reserve the oldest one that is due: committed before it is sent."""
        query = select(notices).where(notices.c.state == "due").order_by(notices.c.due_at).limit(10)
        with reading(self._engine).begin() as connection:
            rows = connection.execute(query.where(notices.c.due_at <= database_now(connection))).all()
        for row in rows:
            owed = Owed(row.callback_id, Notice(row.kind), row.occasion)
            with self._engine.begin() as connection:
                if self._mark(connection, owed, "due", "sending"):
                    return owed
        return None

    def sent(self, owed: Owed) -> None:
        """The carrier took it."""
        with self._engine.begin() as connection:
            self._mark(connection, owed, "sending", "sent")

    def lost(self, owed: Owed) -> None:
        """The carrier refused it, or may have it: not again."""
        with self._engine.begin() as connection:
            self._mark(connection, owed, "sending", "lost")

    def later(self, owed: Owed) -> None:
        """It never left: again at the next round."""
        with self._engine.begin() as connection:
            self._mark(connection, owed, "sending", "due")

    def keep_line_free(self, callback_id: str, lasting: timedelta) -> None:
        """We ring this patient ourselves: a doctor's call would find the line engaged, and count as a try."""
        waits = (callbacks.c.id == callback_id) & callbacks.c.state.in_(sorted(WAITING))
        with self._engine.begin() as connection:
            until = database_now(connection) + lasting
            earlier = waits & (callbacks.c.due_at < until)
            connection.execute(update(callbacks).where(earlier).values(due_at=until))

    @staticmethod
    def _mark(connection: Connection, owed: Owed, before: str, after: str) -> bool:
        statement = update(notices).where(_is(owed), notices.c.state == before).values(state=after)
        return connection.execute(statement).rowcount == 1


def _is(owed: Owed) -> ColumnElement[bool]:
    return and_(
        notices.c.callback_id == owed.callback_id,
        notices.c.kind == owed.kind.value,
        notices.c.occasion == owed.occasion,
    )
