"""How sessions end: at their hour, or by somebody, which the journal tells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from console.access.noted import note
from console.access.roles import Stage, Way
from console.access.tables import sessions

LONGEST = timedelta(hours=12)  # a night's duty
IDLE = timedelta(hours=3)
HALFWAY = timedelta(minutes=15)  # between the password and the code
LET_BACK = timedelta(hours=4)  # entered on somebody's word


def over(row: Row[Any], now: datetime) -> bool:
    """Whether its hour has come."""
    longest = HALFWAY if row.stage != Stage.FULL else LET_BACK if row.way == Way.WAY_BACK else LONGEST
    return bool(now - row.began_at > longest or now - row.seen_at > IDLE)


def end_sessions(
    connection: Connection, account_id: str, now: datetime, *, author: str = "", only: str = "", but: str = ""
) -> int:
    """All of an account's, `only` one or all `but` one, in the transaction of whatever ends them; how many.

    Without an author it is their owner's doing, as for `note`.
    """
    alive = select(sessions).where(sessions.c.account_id == account_id, sessions.c.ended_at.is_(None))
    rows = [
        row
        for row in connection.execute(alive.order_by(sessions.c.began_at))
        if not over(row, now) and row.id != but and (not only or row.id == only)
    ]
    if not rows:
        return 0
    ended = update(sessions).where(sessions.c.id.in_([row.id for row in rows]))
    connection.execute(ended.values(ended_at=now))
    note(connection, author, account_id, "sessions_ended", before=" ; ".join(row.browser for row in rows))
    return len(rows)
