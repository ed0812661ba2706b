"""What the history screens ask: series, comparisons, breakdowns, the fairness board, the monthly table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from routing import calendar
from routing.geography.places import departement_of
from workers.records import communes, paris
from workers.records import rollups as rollups_of
from workers.records.figures import Figures
from workers.records.tables import KEYS, MEASURES, rollups

ZONES = ("A", "B", "C")


# Where days and hours are read: of an association, of all.
_DAYS, _HOURS = ("rollup_association", "rollup_dayhour"), ("rollup_hour", "rollup_dayhour")


class By(StrEnum):
    """What a breakdown is by."""

    ASSOCIATION = "association"
    DEPARTEMENT = "departement"
    PLACE = "place"  # INSEE code
    NEED = "need"
    OUTCOME = "outcome"
    HOUR = "hour"  # of the day, 0..23
    WEEKDAY = "weekday"  # from Monday 0


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both counted, of one association or of all."""

    first: date
    last: date
    association: str | None = None

    @property
    def days(self) -> tuple[int, int]:
        """As numbers, 20261122."""
        return paris.number_of(self.first), paris.number_of(self.last)

    @property
    def months(self) -> tuple[int, int]:
        """As numbers, 202611."""
        return self.days[0] // 100, self.days[1] // 100


@dataclass(frozen=True, slots=True)
class Marks:
    """What kind of day it was."""

    public_holiday: bool
    school_holidays: tuple[str, ...]  # zones A, B, C


@dataclass(frozen=True, slots=True)
class Day:
    """A day's figures, those of the day of last year it compares with, and their marks."""

    day: date
    figures: Figures
    marks: Marks
    against: date
    before: Figures
    before_marks: Marks


@dataclass(frozen=True, slots=True)
class Flow:
    """Calls of `owner`'s places that `helper` took; None is the national desk."""

    owner: str
    helper: str | None
    calls: int
    minutes: float


def total(connection: Connection, span: Span) -> Figures:
    """The figures of a whole span."""
    table = rollups[_DAYS[span.association is None]]
    row = connection.execute(_summed(table.name).where(*_within(table, span))).mappings().one()
    return Figures.of(row)


def hours_of(connection: Connection, day: date, association: str | None = None) -> dict[int, Figures]:
    """A day hour by hour, its 24 hours all there."""
    span = Span(day, day, association)
    found = _by(connection, _HOURS[association is None], "hour", span)
    return {hour: found.get(hour, Figures.of({})) for hour in range(24)}


def days_of(connection: Connection, span: Span) -> dict[date, Figures]:
    """A span day by day, days without a call included."""
    found = _by(connection, _DAYS[span.association is None], "day", span)
    whole = [span.first + timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    return {day: found.get(paris.number_of(day), Figures.of({})) for day in whole}


def compared(connection: Connection, span: Span) -> list[Day]:
    """Each day beside its like of the year before: the same weekday 52 weeks earlier, or the same feast."""
    likes = {
        span.first + timedelta(days=n): like_last_year(span.first + timedelta(days=n))
        for n in range((span.last - span.first).days + 1)
    }
    now = days_of(connection, span)
    then = days_of(connection, Span(min(likes.values()), max(likes.values()), span.association))
    return [Day(day, now[day], marks(day), like, then[like], marks(like)) for day, like in likes.items()]


def like_last_year(day: date) -> date:
    """The same fixed holiday's date a year before, else the same weekday 52 weeks before."""
    fixed = day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else day
    holidays = calendar.public_holidays(None, day.year), calendar.public_holidays(None, day.year - 1)
    if day in holidays[0] and fixed in holidays[1]:
        return fixed
    return day - timedelta(weeks=52)


def marks(day: date) -> Marks:
    """Public holiday of the mainland, school holidays by zone."""
    zones = tuple(zone for zone in ZONES if day in calendar.school_holidays(zone, day.year))
    return Marks(day in calendar.public_holidays(None, day.year), zones)


def breakdown(connection: Connection, span: Span, by: By, most: int = 300) -> dict[str | int, Figures]:
    """A span's figures by one thing, the `most` frequent first; exact by the day.

    But for an association's hours of more than 31 days: they go by whole months.
    """
    if span.association and by in {By.DEPARTEMENT, By.PLACE}:
        places = _places_of(connection, span, span.association)
        return _most(places if by is By.PLACE else _departements(places), most)
    if by is By.PLACE:
        return communes.most_called(connection, span.first, span.last, most)
    if by in {By.NEED, By.OUTCOME}:
        return _by_months(connection, span, by)
    if by is By.WEEKDAY:
        days = days_of(connection, span)
        told = [{day.weekday(): figures} for day, figures in days.items() if figures.presented]
        return _most(_together(told), most)
    long = span.association is not None and (span.last - span.first).days > 31
    names = {
        By.ASSOCIATION: "rollup_association",
        By.DEPARTEMENT: "rollup_departement",
        By.HOUR: "rollup_slot" if long else _HOURS[span.association is None],
    }
    return _by(connection, names[by], by, span, most)


def fairness(connection: Connection, span: Span) -> list[Flow]:
    """Who overflows to whom: the answered calls of each association's places, by who took them."""
    table = rollups["rollup_flow"]
    among = [table.c.day.between(*span.days), table.c.association != table.c.answered_for]
    if span.association:
        among.append((table.c.association == span.association) | (table.c.answered_for == span.association))
    query = (
        select(
            table.c.association,
            table.c.answered_for,
            func.sum(table.c.calls).label("calls"),
            func.sum(table.c.talk_ms).label("talk_ms"),
        )
        .where(*among)
        .group_by(table.c.association, table.c.answered_for)
    )
    flows = [
        Flow(row.association, row.answered_for or None, int(row.calls), round(int(row.talk_ms) / 60_000, 1))
        for row in connection.execute(query)
    ]
    return sorted(flows, key=lambda flow: -flow.calls)


def months_of(connection: Connection, span: Span) -> dict[int, Figures]:
    """The months of a span, whole (202611)."""
    return _by(connection, "rollup_month", "month", span)


def month_spans(span: Span) -> dict[int, Span]:
    """The months a span touches, each from its first day to its last."""
    return {
        paris.number_of(first) // 100: replace(span, first=first, last=_end_of(first))
        for first in paris.months(span.first, span.last)
    }


def _by(
    connection: Connection, name: str, by: str, span: Span, most: int | None = None
) -> dict[Any, Figures]:
    table = rollups[name]
    column = table.c[by]
    query = _summed(name, column).where(*_within(table, span)).group_by(column)
    query = query.order_by(func.sum(table.c.calls).desc(), column).limit(most)
    return {row[by]: Figures.of(row) for row in connection.execute(query).mappings()}


def _by_months(connection: Connection, span: Span, by: By) -> dict[str | int, Figures]:
    """Whole months by the month, the days at both ends by the day: a year reads a few thousand rows."""
    whole, ends = _in_months(span)
    parts = [_by(connection, "rollup_day", by, end) for end in ends]
    return _together([*parts, _by(connection, "rollup_month", by, whole)] if whole else parts)


def _places_of(connection: Connection, span: Span, association: str) -> dict[str | int, Figures]:
    """Exact by the day: roll-ups know a commune by the month, the records tell the days at both ends.

    Or those outside, where a month lies in the span for the most part.
    """
    whole, inside, outside = _nearly_months(span)
    parts = [_placed(connection, end, association) for end in inside]
    found = _together([*parts, _by(connection, "rollup_place", By.PLACE, whole)] if whole else parts)
    for end in outside:
        for place, figures in _placed(connection, end, association).items():
            found[place] = found[place] - figures
    return {place: figures for place, figures in found.items() if figures.presented}


def _placed(connection: Connection, days: Span, association: str) -> dict[str, Figures]:
    rows = rollups_of.of_days(connection, "place", association, *days.days)
    return {row["place"]: Figures.of(row) for row in rows}


def _nearly_months(span: Span) -> tuple[Span | None, list[Span], list[Span]]:
    """The months of which the span has more than half, the days it has beside, and those it lacks in them."""
    whole: list[date] = []
    inside: list[Span] = []
    outside: list[Span] = []
    for month in paris.months(span.first, span.last):
        end = _end_of(month)
        first, last = max(span.first, month), min(span.last, end)
        if (last - first).days < end.day / 2:
            inside.append(replace(span, first=first, last=last))
            continue
        whole.append(month)
        outside.append(replace(span, first=month, last=first - timedelta(days=1)))
        outside.append(replace(span, first=last + timedelta(days=1), last=end))
    lacking = [days for days in outside if days.first <= days.last]
    months = replace(span, first=whole[0], last=_end_of(whole[-1])) if whole else None
    return months, inside, lacking


def _in_months(span: Span) -> tuple[Span | None, list[Span]]:
    """The whole months of a span, and the days before and after them."""
    months = [m for m in paris.months(span.first, span.last) if m >= span.first and _end_of(m) <= span.last]
    if not months:
        return None, [span]
    whole = replace(span, first=months[0], last=_end_of(months[-1]))
    ends = (
        replace(span, last=whole.first - timedelta(days=1)),
        replace(span, first=whole.last + timedelta(days=1)),
    )
    return whole, [end for end in ends if end.first <= end.last]


def _together(parts: Sequence[Mapping[Any, Figures]]) -> dict[str | int, Figures]:
    found: dict[str | int, Figures] = {}
    for part in parts:
        for name, figures in part.items():
            found[name] = found[name] + figures if name in found else figures
    return found


def _most(found: Mapping[str | int, Figures], most: int) -> dict[str | int, Figures]:
    ranked = sorted(found.items(), key=lambda pair: (-pair[1].presented, str(pair[0])))
    return dict(ranked[:most])


def _departements(places: Mapping[str | int, Figures]) -> dict[str | int, Figures]:
    return _together([{departement_of(str(place)): figures} for place, figures in places.items()])


def _summed(name: str, *columns: ColumnElement[Any]) -> Select[Any]:
    table = rollups[name]
    return select(*columns, *(func.sum(table.c[measure]).label(measure) for measure in MEASURES))


def _within(table: Any, span: Span) -> Sequence[ColumnElement[bool]]:
    first = KEYS[table.name][0]
    low, high = span.months if first == "month" else span.days
    mine = [table.c[first].between(low, high)]
    return [*mine, table.c.association == span.association] if _scoped(table, span) else mine


def _scoped(table: Any, span: Span) -> bool:
    return span.association is not None and "association" in table.c


def _end_of(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
