"""A span told whole: its calls, what was received from others, what went to the 15, the promises' fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from workers.records import history, paris
from workers.records.figures import Figures
from workers.records.history import Span
from workers.records.promises import Promises, promises
from workers.records.tables import rollups


@dataclass(frozen=True, slots=True)
class Whole:
    """One association's span, or the service's."""

    figures: Figures
    received: int  # débordement reçu
    promises: Promises

    @property
    def to_the_15(self) -> int:
        """Vers le 15: callers whose danger key was heard, and call-backs concluded « 15 »."""
        return self.figures.danger + self.promises.to_the_15


def whole(connection: Connection, span: Span, now: datetime) -> Whole:
    """Everything told of a span; a promise open past its time is late at `now`."""
    told = promises(connection, span.first, span.last, span.association, now)
    return Whole(history.total(connection, span), received(connection, span), told)


def received(connection: Connection, span: Span) -> int:
    """Débordement reçu: décrochés by this association for places that are another's.

    For the service: by any association; what the national desk took is nobody's overflow received.
    """
    flow = rollups["rollup_flow"].c
    taken = flow.answered_for == span.association if span.association else flow.answered_for != ""
    query = select(func.sum(flow.calls)).where(flow.association != flow.answered_for, taken)
    return int(connection.scalar(query.where(flow.day.between(*span.days))) or 0)


def recent_talk(connection: Connection, now: datetime, association: str | None) -> float | None:
    """Seconds of a talk, on average, in the last four weeks; None where nobody talked."""
    today = now.astimezone(paris.ZONE).date()
    return history.total(connection, Span(today - timedelta(days=28), today, association)).talk
