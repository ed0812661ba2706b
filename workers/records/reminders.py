"""Reminds, some time before, that a closure is about to end by itself and calls will come again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from routing import closures, store
from routing.document import DocumentRefused
from workers.records.conditions import Condition

BEFORE = timedelta(hours=1)  # time enough to prolong it, or to be ready


def closures_ending(engine: Engine, now: datetime) -> tuple[Condition, ...]:
    """One condition for each closure of the book in force that ends within `BEFORE`."""
    try:
        found = store.current(engine)
    except (SQLAlchemyError, store.Corrupt, DocumentRefused):
        return ()  # others watch the database and the book: their alerts must not wait for this one
    if found is None:
        return ()
    reminders = closures.ending(found[1], now, BEFORE)
    return tuple(Condition("closure_ending", one.association or "", one.said) for one in reminders)


def closures_in_emergency(engine: Engine, now: datetime) -> tuple[Condition, ...]:
    """One condition for each association that has closed by the emergency switch; over when it reopens."""
    try:
        found = store.current(engine)
    except (SQLAlchemyError, store.Corrupt, DocumentRefused):
        return ()
    if found is None:
        return ()
    names = {one.slug: one.name for one in found[1].associations}
    return tuple(
        Condition(
            "emergency_closure",
            one.association,
            f"{names.get(one.association, one.association)} a fermé d'urgence : {one.reason}.",
        )
        for one in closures.holding(found[1], now)
        if one.urgent and one.association
    )
