"""The communes with the most calls in any days, of the whole service: years, months, and days at both ends.

A year or a month that is nearly whole is taken whole, less the days outside. The calls are counted first, for
every commune; all the other measures are read for those that are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nsmallest
from typing import Any

from sqlalchemy import Connection, Table, func, select

from workers.records import paris
from workers.records.figures import Figures
from workers.records.tables import MEASURES, rollups

YEAR = 365  # days
YEARS, MONTHS, DAYS = rollups["rollup_year"], rollups["rollup_place"], rollups["rollup_commune"]


@dataclass(frozen=True, slots=True)
class Part:
    """Years (2026), months (202611) or days (20261122), both counted, to add (`sign` 1) or take away (-1)."""

    table: Table
    first: int
    last: int
    sign: int

    def read(
        self, connection: Connection, measures: Sequence[str], among: Collection[str]
    ) -> Sequence[tuple[Any, ...]]:
        """(commune, sums of the measures); of `among`, where any are named. Plain tuples: there are many."""
        key, place = self.table.c[self.table.primary_key.columns.keys()[0]], self.table.c.place
        query = select(place, *(func.sum(self.table.c[name]).label(name) for name in measures))
        query = (
            query.where(key.in_(self._keys()), place.in_(among))
            if among
            else query.where(key.between(self.first, self.last))
        )
        found = connection.execute(query.group_by(place)).cursor
        return found.fetchall() if found is not None else ()

    def _keys(self) -> list[int]:
        """Each by itself: with the communes named, each pair is one look into the index."""
        if self.table is MONTHS:
            spans = paris.day_of(self.first * 100 + 1), paris.day_of(self.last * 100 + 1)
            return [paris.number_of(month) // 100 for month in paris.months(*spans)]
        return list(range(self.first, self.last + 1))  # the days of one month


def most_called(connection: Connection, first: date, last: date, most: int) -> dict[str | int, Figures]:
    """The figures of the `most` called communes (INSEE codes) from `first` to `last`, both counted."""
    parts = _parts(first, last)
    calls = Counter[str]()
    for part in parts:
        for place, count in part.read(connection, ("calls",), ()):
            calls[place] += part.sign * count
    ranked = nsmallest(most, ((-count, place) for place, count in calls.items() if count))
    shown = [place for _, place in ranked]
    if not shown:
        return {}
    found = {place: Counter[str]() for place in shown}
    for part in parts:
        for place, *sums in part.read(connection, MEASURES, shown):
            for name, value in zip(MEASURES, sums, strict=True):
                found[place][name] += part.sign * int(value)
    return {place: Figures.of(sums) for place, sums in found.items()}


def _parts(first: date, last: date) -> list[Part]:
    """Whole years and months; of each at the ends what is inside, or the whole less what is outside."""
    found: list[Part] = []
    for year in range(first.year, last.year + 1):
        inside = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
        if (inside[1] - inside[0]).days < YEAR / 2:
            found += _months(*inside, 1)
            continue
        found.append(Part(YEARS, year, year, 1))
        if inside[0] > date(year, 1, 1):
            found += _months(date(year, 1, 1), inside[0] - timedelta(days=1), -1)
        if inside[1] < date(year, 12, 31):
            found += _months(inside[1] + timedelta(days=1), date(year, 12, 31), -1)
    return found


def _months(first: date, last: date, sign: int) -> list[Part]:
    """The same within a year."""
    whole: list[int] = []
    ends: list[Part] = []
    for month in paris.months(first, last):
        end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        inside = max(first, month), min(last, end)
        asked, length = (inside[1] - inside[0]).days + 1, end.day
        if asked <= length / 2:
            ends.append(_days(*inside, sign))
            continue
        whole.append(paris.number_of(month) // 100)
        if inside[0] > month:
            ends.append(_days(month, inside[0] - timedelta(days=1), -sign))
        if inside[1] < end:
            ends.append(_days(inside[1] + timedelta(days=1), end, -sign))
    return ([Part(MONTHS, whole[0], whole[-1], sign)] if whole else []) + ends


def _days(first: date, last: date, sign: int) -> Part:
    return Part(DAYS, paris.number_of(first), paris.number_of(last), sign)
