"""The figures of call-backs: promised, kept, how long it took, attempts, reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, func, select

from config.stores import reading
from workers.callbacks.callback import CLOSED, State
from workers.callbacks.policy import percentile
from workers.callbacks.tables import attempts, callbacks


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the call-backs asked for in a period. Waits are from the original call to the talk."""

    promised: int
    kept: int  # joined before the promised time
    reached: int  # joined at all
    open: int
    with_a_person: int
    attempts: int
    p50: timedelta | None
    p90: timedelta | None


def figures(engine: Engine, since: datetime, until: datetime, association: str | None = None) -> Figures:
    """Count `since` <= asked < `until`, for one association or all."""
    period: list[ColumnElement[bool]] = [callbacks.c.asked_at >= since, callbacks.c.asked_at < until]
    if association:
        period.append(callbacks.c.association == association)
    with reading(engine).begin() as connection:
        rows = connection.execute(
            select(
                callbacks.c.state, callbacks.c.waiting_since, callbacks.c.kept_at, callbacks.c.promised_by
            ).where(*period)
        ).all()
        tried = select(func.count()).select_from(attempts.join(callbacks)).where(*period)
        count = connection.scalar(tried) or 0
    waits = [row.kept_at - row.waiting_since for row in rows if row.kept_at]
    closed = {state.value for state in CLOSED}
    return Figures(
        promised=len(rows),
        kept=sum(1 for row in rows if row.kept_at and row.kept_at <= row.promised_by),
        reached=len(waits),
        open=sum(1 for row in rows if row.state not in closed),
        with_a_person=sum(1 for row in rows if row.state == State.HUMAN.value),
        attempts=count,
        p50=percentile(waits, 0.5) if waits else None,
        p90=percentile(waits, 0.9) if waits else None,
    )
