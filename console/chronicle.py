"""What a page of figures tells of a period: its course beside last year's, its parts, its hours, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from console.french import count, percent
from console.periods import Kind, Period, spoken
from routing.geography.places import Places
from routing.words import NEEDS
from workers.records import export, history, paris, promises, whole
from workers.records.figures import Figures
from workers.records.history import By
from workers.records.whole import Whole

CUTS = {  # what may stand in an address -> what the parts are by, the heading of their names
    "association": (By.ASSOCIATION, "Association"),
    "departement": (By.DEPARTEMENT, "Département"),
    "commune": (By.PLACE, "Commune"),
    "besoin": (By.NEED, "Demande"),
    "heure": (By.HOUR, "Heure"),
}
NONE = Figures.of({})


@dataclass(frozen=True, slots=True)
class Point:
    """An hour or a day beside its like of last year."""

    name: str
    short: str
    figures: Figures
    before: Figures
    against: str
    feast: bool = False
    school: tuple[str, ...] = ()
    whole: bool = True  # it is over: it may be compared


@dataclass(frozen=True, slots=True)
class Story:
    """A period told."""

    period: Period
    points: Sequence[Point]
    total: Whole
    hours: Mapping[int, Figures]
    cut: str
    parts: Sequence[tuple[str, Figures]]

    @property
    def heading(self) -> str:
        """What the parts are."""
        return CUTS[self.cut][1]

    @property
    def compared(self) -> Sequence[Point]:
        """The points that are over, from the first whose like of last year was counted."""
        over = [point for point in self.points if point.whole]
        first = next((n for n, point in enumerate(over) if point.before.presented), len(over))
        return over[first:]

    @property
    def change(self) -> float | None:
        """Calls more or less than the same days, or hours, of last year; of those that compare only."""
        then = sum(point.before.presented for point in self.compared)
        return sum(point.figures.presented for point in self.compared) / then - 1 if then else None

    @property
    def sentence(self) -> str:
        """The period in one sentence."""
        told = self.total.figures
        if not told.presented:
            return f"Aucun appel compté : {self.period.title}."
        said = f"{count(told.presented)} appels présentés, {percent(told.answer_rate)} décrochés, "
        said += f"{count(told.lost)} perdus ({percent(told.loss_rate)})."
        if self.change is not None:
            like = "aux mêmes heures" if self.period.kind is Kind.DAY else "aux mêmes jours"
            sign = "de plus" if self.change >= 0 else "de moins"
            since = self.compared[0]
            said += f" C'est {percent(abs(self.change))} {sign} que {like} l'an passé"
            said += "." if since is self.points[0] else f", comptés à partir de : {since.against}."
        return said

    def chart(self) -> dict[str, Any]:
        """The course, as the page's chart draws it; last year's only where it was counted."""
        now = [point.figures.presented if point.whole else None for point in self.points]
        then = [point.before.presented for point in self.points]
        since = self.points.index(self.compared[0]) if self.compared else len(then)
        then_counted = [value if n >= since else None for n, value in enumerate(then)]
        return {
            "labels": [point.short for point in self.points],
            "series": [
                {"name": "Présentés", "values": now},
                {"name": "L'an passé", "values": then_counted, "then": True},
            ],
            "marks": [2 if point.feast else 1 if point.school else 0 for point in self.points],
        }

    def lost_chart(self) -> dict[str, Any]:
        """Presented and lost by the hour of the day."""
        series = (("Présentés", "presented", False), ("Perdus", "lost", True))
        return {
            "labels": [f"{hour} h" for hour in self.hours],
            "series": [
                {"name": name, "values": [getattr(one, field) for one in self.hours.values()], "alarm": alarm}
                for name, field, alarm in series
            ],
            "bars": True,
        }


def story(
    connection: Connection, period: Period, association: str | None, cut: str, known: Names, now: datetime
) -> Story:
    """The period told, of one association or of the service; `cut` is one of `CUTS`."""
    span, by = period.span(association), CUTS[cut][0]
    points = (
        _hours(connection, period, association, now)
        if period.kind is Kind.DAY
        else _days(connection, period, span)
    )
    hours = history.breakdown(connection, span, By.HOUR)
    found = hours if by is By.HOUR else history.breakdown(connection, span, by)
    told = Whole(
        sum((point.figures for point in points), NONE),
        whole.received(connection, span),
        promises.promises(connection, span.first, span.last, association, now),
    )
    return Story(
        period,
        points,
        told,
        {hour: hours.get(hour, NONE) for hour in range(24)},
        cut,
        [(known.of(by, value), figures) for value, figures in _ordered(found, by)],
    )


@dataclass(frozen=True, slots=True)
class Names:
    """What associations, communes and needs are called."""

    associations: Mapping[str, str]
    places: Places

    def of(self, by: By, value: str | int) -> str:
        """One part's name."""
        if value == "":
            return {By.NEED: "non dite", By.ASSOCIATION: "sans association"}.get(by, "inconnu")
        if by is By.PLACE:
            commune = self.places.commune(str(value))
            return f"{commune.name} ({commune.departement})" if commune else str(value)
        if by is By.HOUR:
            return f"{value} h"
        if by is By.NEED:
            return next((said for need, said in NEEDS.items() if str(need) == value), str(value))
        return self.associations.get(str(value), str(value))


def course(told: Story) -> tuple[list[str], list[list[export.Cell]]]:
    """The course as a sheet."""
    rows = [(point.name, point.figures) for point in told.points]
    headings, cells = export.table(rows, "Heure" if told.period.kind is Kind.DAY else "Jour")
    headings += ["Comparé à", "Présentés l'an passé", "Jour férié", "Vacances scolaires"]
    for line, point in zip(cells, told.points, strict=True):
        line += [point.against, point.before.presented, "oui" if point.feast else "", " ".join(point.school)]
    return headings, cells


def _days(connection: Connection, period: Period, span: history.Span) -> list[Point]:
    return [
        Point(
            name=f"{spoken(one.day)} {one.day.year}" if period.kind is Kind.YEAR else spoken(one.day),
            short=f"{one.day:%d/%m}",
            figures=one.figures,
            before=one.before,
            against=f"{spoken(one.against)} {one.against.year}",
            feast=one.marks.public_holiday,
            school=one.marks.school_holidays,
            whole=one.day < period.today,
        )
        for one in history.compared(connection, span)
    ]


def _hours(connection: Connection, period: Period, association: str | None, now: datetime) -> list[Point]:
    like = history.like_last_year(period.first)
    then = history.hours_of(connection, like, association)
    marks = history.marks(period.first)
    over = now.astimezone(paris.ZONE).hour if period.under_way else 24
    return [
        Point(
            f"{hour} h",
            f"{hour} h",
            figures,
            then[hour],
            f"{spoken(like)} {like.year}",
            marks.public_holiday,
            marks.school_holidays,
            hour < over,
        )
        for hour, figures in history.hours_of(connection, period.first, association).items()
    ]


def _ordered(found: Mapping[Any, Figures], by: By) -> Iterable[tuple[Any, Figures]]:
    return sorted(found.items()) if by is By.HOUR else found.items()
