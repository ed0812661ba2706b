"""The spans the history is looked at in: a day, a week, a month, a year, and the ones before and after."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from console.french import DAYS, MONTHS
from workers.records.history import Span

DAY = timedelta(days=1)


class Kind(StrEnum):
    """How long a period is; the values stand in addresses."""

    DAY = "jour"
    WEEK = "semaine"
    MONTH = "mois"
    YEAR = "annee"


KINDS = {Kind.DAY: "Jour", Kind.WEEK: "Semaine", Kind.MONTH: "Mois", Kind.YEAR: "Année"}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both counted; never beyond today."""

    kind: Kind
    first: date
    last: date
    end: date  # where it would end if time had gone on
    today: date

    @property
    def before(self) -> date:
        """A day of the period before this one."""
        return self.first - DAY

    @property
    def after(self) -> date | None:
        """A day of the next one; None when that has not begun."""
        return self.end + DAY if self.end < self.today else None

    @property
    def title(self) -> str:
        """« novembre 2026 », « semaine du lundi 16 novembre 2026 », « dimanche 22 novembre 2026 »."""
        if self.kind is Kind.YEAR:
            return str(self.first.year)
        if self.kind is Kind.MONTH:
            return f"{MONTHS[self.first.month - 1]} {self.first.year}"
        said = f"{spoken(self.first)} {self.first.year}"
        return f"semaine du {said}" if self.kind is Kind.WEEK else said

    @property
    def under_way(self) -> bool:
        """Whether today is in it."""
        return self.last == self.today

    def span(self, association: str | None) -> Span:
        """As the history wants it."""
        return Span(self.first, self.last, association)


def asked(wanted: Mapping[str, str], today: date, kind: Kind = Kind.MONTH) -> Period:
    """The period an address asks for (`periode`, `jour`); what cannot be read is as if it were not there."""
    with suppress(ValueError):
        kind = Kind(wanted.get("periode", kind))
    try:
        day = min(today, max(date(2000, 1, 1), date.fromisoformat(wanted.get("jour", ""))))
    except ValueError:
        day = today
    first, end = _around(kind, day)
    return Period(kind, first, min(end, today), end, today)


def spoken(day: date) -> str:
    """« mardi 17 novembre »."""
    return f"{DAYS[day.weekday()]} {'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def _around(kind: Kind, day: date) -> tuple[date, date]:
    if kind is Kind.DAY:
        return day, day
    if kind is Kind.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if kind is Kind.MONTH:
        first = day.replace(day=1)
        return first, (first + timedelta(days=32)).replace(day=1) - DAY
    return date(day.year, 1, 1), date(day.year, 12, 31)
