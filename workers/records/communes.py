"""The communes with the most calls in any days, of the whole service: months, and the days at both ends.

A month that is nearly whole is taken whole, less the days outside. The calls are counted first, for every
commune; all the other measures are read for those that are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select

from workers.records import paris
from workers.records.figures import Figures
from workers.records.tables import MEASURES, rollups

MONTHS, DAYS = rollups["rollup_place"], rollups["rollup_commune"]


@dataclass(frozen=True, slots=True)
class Part:
    """Whole months (202611) or days (20261122), both counted, to add (`sign` 1) or to take away (-1)."""

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
        """Each month or day by itself: with the communes named, each pair is one look into the index."""
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
    shown = sorted((place for place in calls if calls[place]), key=lambda place: (-calls[place], place))[
        :most
    ]
    if not shown:
        return {}
    found = {place: Counter[str]() for place in shown}
    for part in parts:
        for place, *sums in part.read(connection, MEASURES, shown):
            for name, value in zip(MEASURES, sums, strict=True):
                found[place][name] += part.sign * int(value)
    return {place: Figures.of(sums) for place, sums in found.items()}


def _parts(first: date, last: date) -> list[Part]:
    """Whole months together; of each month at the ends its days, or the month less its other days."""
    whole: list[int] = []
    ends: list[Part] = []
    for month in paris.months(first, last):
        end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        inside = max(first, month), min(last, end)
        asked, length = (inside[1] - inside[0]).days + 1, end.day
        if asked <= length / 2:
            ends.append(_days(*inside, 1))
            continue
        whole.append(paris.number_of(month) // 100)
        if inside[0] > month:
            ends.append(_days(month, inside[0] - timedelta(days=1), -1))
        if inside[1] < end:
            ends.append(_days(inside[1] + timedelta(days=1), end, -1))
    return ([Part(MONTHS, whole[0], whole[-1], 1)] if whole else []) + ends


def _days(first: date, last: date, sign: int) -> Part:
    return Part(DAYS, paris.number_of(first), paris.number_of(last), sign)
