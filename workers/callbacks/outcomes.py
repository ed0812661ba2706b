"""What a person says became of a call-back, with no leg of ours on the line: by console, command or SMS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError

from config.journal import FEDERATION, Change, append
from config.stores import database_now
from routing.model import Need
from routing.numbers import is_mobile
from workers.callbacks import policy
from workers.callbacks.callback import AgeClass, Callback, Cause, Conclusion, State
from workers.callbacks.notices import Notice, owe
from workers.callbacks.tables import callbacks
from workers.callbacks.transitions import move

SPOKEN = frozenset({Conclusion.DONE, Conclusion.FIFTEEN})  # the patient was rung back just now: promise kept


def conclude(connection: Connection, callback_id: str, conclusion: Conclusion, now: datetime) -> bool:
    """Write it down. False while a leg of ours is under way, and for a row that was cancelled or expired.

    A visit goes back to the association's desks, first in the queue; the rest closes the row, or mends what
    was written of one that is done.
    """
    if conclusion is Conclusion.VISIT:
        return visit(connection, callback_id, now)
    kept = func.coalesce(callbacks.c.kept_at, now)
    spoken: dict[str, Any] = {"kept_at": kept} if conclusion in SPOKEN else {}
    if move(connection, Cause.SETTLED, callback_id, now, conclusion=conclusion, **spoken):
        return True
    done = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.state == State.DONE.value)
    return connection.execute(done.values(conclusion=conclusion)).rowcount == 1


def visit(connection: Connection, callback_id: str, now: datetime, held: str | None = None) -> bool:
    """The same patient, now for a visit, ahead of who called half an hour earlier. `held`: see `move`."""
    query = select(callbacks.c.waiting_since, callbacks.c.age).where(callbacks.c.id == callback_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    changes: dict[str, Any] = {
        "need": Need.VISIT.value,
        "urgent": True,
        "order_at": policy.order_at(row.waiting_since, AgeClass(row.age) if row.age else None, urgent=True),
        "due_at": now,
        "tries": 0,
        "kept_at": func.coalesce(callbacks.c.kept_at, now),
    }
    try:
        with connection.begin_nested():
            return move(connection, Cause.VISIT_NEEDED, callback_id, now, held=held, **changes)
    except IntegrityError:
        return False  # the patient has booked anew meanwhile: that request stands


def renounced(one: Callback, how: str) -> Callable[[Connection], None]:
    """For the transaction that cancels it: a line of the journal, and an SMS that it was understood.

    The journal is kept for ever, so it knows the call-back's id and nothing of the patient.
    """

    def written(connection: Connection) -> None:
        change = Change(one.association or FEDERATION, "callback_cancelled", f"Rappel {one.id}", after=how)
        append(connection, "Le patient", [change])
        if is_mobile(one.number):
            owe(connection, one.id, Notice.CANCELLED, database_now(connection))

    return written
