"""A span told whole: its calls, what was received from others, what went to the 15, the promises' fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, func, select

from workers.records import history, paris
from workers.records.figures import Figures
from workers.records.history import By, Span
from workers.records.promises import Promises, promises, promises_by_association
from workers.records.tables import rollups

_flow = rollups["rollup_flow"].c
# What the screens say beside them, as `figures.DEFINITIONS`.
DEFINITIONS = {
    "received": ("Débordement reçu", "Décrochés par l'association pour des lieux d'une autre."),
    "to_the_15": ("Vers le 15, en tout", "Dangers signalés, et rappels conclus par un envoi vers le 15."),
}


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


@dataclass(frozen=True, slots=True)
class Month:
    """One row of the table fit for publication, after NHS 111's monthly statistics; 202611."""

    month: int
    whole: Whole


def whole(connection: Connection, span: Span, now: datetime) -> Whole:
    """Everything told of a span; a promise open past its time is late at `now`."""
    told = promises(connection, span.first, span.last, span.association, now)
    return Whole(history.total(connection, span), received(connection, span), told)


def wholes(connection: Connection, span: Span, now: datetime) -> dict[str, Whole]:
    """The same for each association at once, those with the most calls first."""
    figures = history.breakdown(connection, span, By.ASSOCIATION)
    promised = promises_by_association(connection, span.first, span.last, now)
    query = _overflow(span).add_columns(_flow.answered_for).group_by(_flow.answered_for)
    taken = {row.answered_for: int(row.calls) for row in connection.execute(query)}
    names = [str(name) for name in figures]
    names += sorted({*taken, *promised} - {*names, ""})
    return {
        name: Whole(figures.get(name, Figures.of({})), taken.get(name, 0), promised.get(name, Promises()))
        for name in names
    }


def monthly(connection: Connection, span: Span, now: datetime) -> list[Month]:
    """The months of a span: offered, answered in 60 s, abandoned after 30 s, called back in 10 min."""
    found = history.months_of(connection, span)
    spans = history.month_spans(span)
    taken = _received_by_month(connection, span)
    return [
        Month(
            number,
            Whole(
                found.get(number, Figures.of({})),
                taken.get(number, 0),
                promises(connection, one.first, one.last, one.association, now),
            ),
        )
        for number, one in spans.items()
    ]


def received(connection: Connection, span: Span) -> int:
    """Débordement reçu: décrochés by this association for places that are another's.

    For the service: by any association; what the national desk took is nobody's overflow received.
    """
    return int(connection.scalar(_overflow(span).where(_by_one_of_ours(span))) or 0)


def _received_by_month(connection: Connection, span: Span) -> dict[int, int]:
    """Of the whole months the span touches."""
    months = history.month_spans(span)
    ends = list(months.values())
    whole_months = Span(ends[0].first, ends[-1].last, span.association)
    month = (_flow.day // 100).label("month")
    query = _overflow(whole_months).where(_by_one_of_ours(span)).add_columns(month).group_by(month)
    return {int(row.month): int(row.calls) for row in connection.execute(query)}


def _by_one_of_ours(span: Span) -> ColumnElement[bool]:
    return _flow.answered_for == span.association if span.association else _flow.answered_for != ""


def recent_talk(connection: Connection, now: datetime, association: str | None) -> float | None:
    """Seconds of a talk, on average, in the last four weeks; None where nobody talked."""
    today = now.astimezone(paris.ZONE).date()
    return history.total(connection, Span(today - timedelta(days=28), today, association)).talk


def _overflow(span: Span) -> Select[tuple[int]]:
    query = select(func.sum(_flow.calls).label("calls"))
    return query.where(_flow.association != _flow.answered_for, _flow.day.between(*span.days))
