"""The table of `callback` as SQL: every transition is one conditional update, or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from workers.callbacks.callback import BY_CAUSE, CLOSED, IN_ATTEMPT, Cause, State
from workers.callbacks.tables import callbacks


def move(
    connection: Connection,
    cause: Cause,
    callback_id: str,
    now: datetime,
    *,
    held: str | None = None,
    **values: Any,
) -> bool:
    """Apply `cause` to the row if the table allows it from where the row stands. True when it did.

    With `held`, a token, only the attempt under way may move the row: what an older one still tells is void.
    """
    row = BY_CAUSE[cause]
    statement = update(callbacks).where(
        callbacks.c.id == callback_id, callbacks.c.state.in_(sorted(row.sources))
    )
    if held is not None:
        statement = statement.where(callbacks.c.token == held)
    changes = {"state": row.target.value, "changed_at": now} | _consequences(row.target, now) | values
    return connection.execute(statement.values(changes)).rowcount == 1


def _consequences(target: State, now: datetime) -> dict[str, Any]:
    if target in IN_ATTEMPT:
        return {}
    if target is State.DONE:
        # The token stays: the doctor's key may arrive after the news that the call has ended.
        return {"lease_until": None, "closed_at": now}
    closed = {"closed_at": now} if target in CLOSED else {"closed_at": None}
    return {"lease_until": None, "settle_at": None, "token": None} | closed
