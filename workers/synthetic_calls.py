"""What came of the synthetic calls: kept apart from patients' calls, for a week; an alert when two fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from config.stores import reading
from workers.operations import synthetic_calls as table
from workers.records.conditions import Condition

KEPT = timedelta(days=7)
RECENT = timedelta(minutes=30)  # older failures are news no more


@dataclass(frozen=True, slots=True)
class Outcome:
    """One synthetic call and what it met. `steps` holds (what was asked, milliseconds)."""

    call: str
    at: datetime
    why: str  # clock, start, hand
    association: str | None
    ok: bool
    said: str  # French, one sentence
    expected: str | None  # desk ids
    rang: str | None
    steps: tuple[tuple[str, int], ...]

    @property
    def total_ms(self) -> int:
        """All answers together."""
        return sum(ms for _, ms in self.steps)


def keep(engine: Engine, one: Outcome) -> None:
    """Write it down, and forget what is older than a week."""
    row = {name: getattr(one, name) for name in Outcome.__dataclass_fields__} | {
        "steps": json.dumps(one.steps, ensure_ascii=False),
        "total_ms": one.total_ms,
    }
    with engine.begin() as connection:
        connection.execute(insert(table).values(row))
        connection.execute(delete(table).where(table.c.at < one.at - KEPT))


def latest(engine: Engine, limit: int = 1, association: str | None = None) -> tuple[Outcome, ...]:
    """The last ones, the newest first; of one association, or all."""
    query = select(table).order_by(table.c.at.desc()).limit(limit)
    if association is not None:
        query = query.where(table.c.association == association)
    with reading(engine).connect() as connection:
        return tuple(map(_outcome, connection.execute(query).all()))


def failing(engine: Engine, now: datetime) -> tuple[Condition, ...]:
    """An alert when the last two failed; one alone may be a deployment."""
    try:
        found = latest(engine, 2)
    except SQLAlchemyError:
        return ()  # the database has an alert of its own
    if len(found) < 2 or any(one.ok or now - one.at > RECENT for one in found):
        return ()
    return (Condition("synthetic_failed", "", f"Deux appels d'essai de suite ont échoué. {found[0].said}"),)


def _outcome(row: Row[Any]) -> Outcome:
    known = {name: getattr(row, name) for name in Outcome.__dataclass_fields__}
    return Outcome(**known | {"steps": tuple((str(step), int(ms)) for step, ms in json.loads(row.steps))})
