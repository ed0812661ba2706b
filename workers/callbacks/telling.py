"""Tells the call records what became of each attempt, under the call that was promised it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, Row, false, select, true, update

from config.stores import reading
from workers.callbacks.callback import Disposition
from workers.callbacks.failpoints import failpoint
from workers.callbacks.tables import attempts, callbacks
from workers.records.events import Event

AT_ONCE = 200


class Telling:
    """SQL remembers what was told: killed in between, it tells again, and an event counts once by its id."""

    def __init__(self, engine: Engine, emit: Callable[[Sequence[Event]], None]) -> None:
        self._engine, self._emit = engine, emit

    def tell_the_records(self) -> int:
        """Every attempt that ended and was not told of; returns how many."""
        query = (
            select(attempts, callbacks.c.call_sid.label("call"))
            .join(callbacks)
            .where(attempts.c.told == false(), attempts.c.ended_at.is_not(None))
            .order_by(attempts.c.ended_at)
            .limit(AT_ONCE)
        )
        with reading(self._engine).begin() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return 0
        self._emit([event for row in rows for event in _events(row)])
        failpoint("records_told")
        with self._engine.begin() as connection:
            told = update(attempts).where(attempts.c.token.in_([row.token for row in rows]))
            connection.execute(told.values(told=true()))
        return len(rows)


def _events(row: Row[Any]) -> list[Event]:
    """`joined` (t3) where patient and doctor spoke, then `tried` with the issue. No number, no name."""
    events = []
    if row.bridged_at:
        events.append(Event(f"{row.call}:joined:{row.token}", row.call, "joined", row.bridged_at))
    if row.disposition:  # without one nobody was rung: throttled, or never found at the carrier
        issue = (("disposition", Disposition(row.disposition).value), ("conclusion", row.conclusion))
        events.append(Event(f"{row.call}:tried:{row.token}", row.call, "tried", row.ended_at, issue))
    return events
