"""A believable past, drawn from `data/load_profile.json`: weekdays, hours, an epidemic, a crisis; no person.

Sources are in that file. The hours' shape is an assumption, and so are the waits; both are marked there.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from routing import calendar
from routing.geography.places import departement_of
from workers.records import paris
from workers.records.callrecord import Outcome
from workers.records.recordbook import Row
from workers.records.tables import records

DATA = Path(__file__).parent / "data"
COLUMNS = tuple(column.name for column in records.columns)
NEEDS = ("visit", "consultation", "teleconsultation", "advice", "")
NEED_SHARES = (0.52, 0.24, 0.07, 0.12, 0.05)
AGAIN = 0.12  # of callers ring once more within minutes
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Area:
    """One association as the past knows it: its share of the calls, where they come from, who helps."""

    slug: str
    weight: float
    places: tuple[tuple[str, int], ...]  # INSEE code, inhabitants
    helper: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """How many calls, when."""

    per_day: float
    weekdays: tuple[float, ...]
    hours: tuple[float, ...]
    epidemic: float
    crisis: float

    @classmethod
    def load(cls) -> Profile:
        """From the file that ships."""
        told = json.loads((DATA / "load_profile.json").read_text())
        shares = [told["hour_shape_assumed"][str(hour)] for hour in range(24)]
        return cls(
            told["mean_calls_per_day"]["value"],
            tuple(told["weekday_factor_national"][day] for day in WEEK),
            tuple(share / sum(shares) for share in shares),
            told["epidemic_multiplier"]["value"],
            told["crisis_multiplier_calls"]["value"],
        )

    def expected(self, day: date) -> float:
        """Calls of a day: weekday, feast, a winter epidemic about 5 January, one crisis day on 14 March."""
        feast = 1.3 if day in calendar.public_holidays(None, day.year) else 1.0
        peak = min(abs((day - date(year, 1, 5)).days) for year in (day.year, day.year + 1))
        epidemic = 1 + (self.epidemic - 1) * math.exp(-((peak / 18) ** 2))
        crisis = self.crisis if (day.month, day.day) == (3, 14) else 1.0
        summer = 0.9 if day.month in {7, 8} else 1.0
        return self.per_day * self.weekdays[day.weekday()] * feast * epidemic * crisis * summer

    def strain(self, day: date) -> float:
        """How much more than an ordinary day: what makes callers wait."""
        return self.expected(day) / (self.per_day * self.weekdays[day.weekday()])


def shares() -> dict[str, float]:
    """Daily acts by département (SurSaUD 2020): how associations compare."""
    with (DATA / "sursaud_sos_departements_2020.csv").open() as file:
        return {
            row["departement"]: float(row["mean_daily_acts_24feb_14mar_2020"]) for row in csv.DictReader(file)
        }


class Past:
    """Draws days of calls, always the same for a seed."""

    def __init__(self, areas: Sequence[Area], profile: Profile, seed: int = 3624, scale: float = 1.0) -> None:
        self._areas, self._profile, self._seed, self._scale = areas, profile, seed, scale
        self._whole = sum(area.weight for area in areas)
        self._cumulated = {area.slug: list(accumulate(p[1] for p in area.places)) for area in areas}

    def day(self, day: date) -> list[tuple[object, ...]]:
        """The day's calls as rows of `call_records`, in the order of `COLUMNS`."""
        draw = Random(f"{self._seed}/{day}")  # noqa: S311 - a drawing, no secret
        strain = self._profile.strain(day)
        expected = self._profile.expected(day) * self._scale
        rows: list[tuple[object, ...]] = []
        for area in self._areas:
            count = _poisson(draw, expected * area.weight / self._whole)
            rows += self._of_area(draw, day, area, count, strain)
        return rows

    def rows(self, first: date, last: date) -> Iterator[list[Row]]:
        """Days of rows, as SQL wants them."""
        for n in range((last - first).days + 1):
            yield [dict(zip(COLUMNS, row, strict=True)) for row in self.day(first + timedelta(days=n))]

    def _of_area(
        self, draw: Random, day: date, area: Area, count: int, strain: float
    ) -> Iterator[tuple[object, ...]]:
        hours = draw.choices(range(24), self._profile.hours, k=count)
        places = draw.choices(
            [place for place, _ in area.places], cum_weights=self._cumulated[area.slug], k=count
        )
        needs = draw.choices(NEEDS, NEED_SHARES, k=count)
        midnight, number, weekday = paris.began(day), paris.number_of(day), day.weekday()
        who = ""
        for n, (hour, place, need) in enumerate(zip(sorted(hours), places, needs, strict=True)):
            again = n > 0 and draw.random() < AGAIN
            who = who if again else f"{draw.getrandbits(64):016x}"
            second = hour * 3600 + draw.randrange(3600)
            call = f"CA{number:x}{draw.getrandbits(96):024x}"
            what = _fate(draw, strain, area)
            yield (
                midnight + timedelta(seconds=second), call, number, second // 60, weekday, who, not again,
                place, departement_of(place), "landline", need, area.slug, "connect", 1, *what, None,
                _joined(draw, what), 0,
            )  # fmt: skip


def _fate(draw: Random, strain: float, area: Area) -> tuple[object, ...]:
    """outcome, regulator, answered_for, rang, taken, ended, talked, ended_by, danger, rescued, rings."""
    chance = draw.random()
    lost = min(0.6, 0.05 * strain**2)
    if chance < 0.03:
        return Outcome.EARLY.value, None, None, None, None, draw.randrange(500, 5000), 0, "caller", 0, 0, "[]"
    rang = int(draw.uniform(9_000, 26_000))
    wait = int(min(900, draw.expovariate(1 / (12 * strain**2)) + 3) * 1000)
    if chance < 0.03 + lost:
        end = rang + wait * 2
        rings = f'[["{area.slug}","{area.slug}",{rang},"canceled"]]'
        return Outcome.ABANDONED.value, None, None, rang, None, end, 0, "caller", 0, 0, rings
    if chance < 0.05 + lost * 1.5:
        end = rang + 50_000 + wait
        rings = f'[["{area.slug}","{area.slug}",{rang},"no_answer"]]'
        return Outcome.CALLBACK.value, None, None, rang, None, end, 0, "us", 0, 0, rings
    by = area.helper if draw.random() < 0.04 * strain and area.helper else area.slug
    talk = int(draw.lognormvariate(5.0, 0.5) * 1000)
    end = rang + wait + talk
    rings = f'[["{by}","{by}",{rang},"answered"]]'
    danger = int(draw.random() < 0.006)
    return Outcome.ANSWERED.value, by, by, rang, rang + wait, end, talk, "desk", danger, 0, rings


def _joined(draw: Random, fate: tuple[object, ...]) -> int | None:
    """Nine call-backs of ten join their patient, half of them within twelve minutes."""
    if fate[0] != Outcome.CALLBACK.value or draw.random() > 0.9:
        return None
    return int(str(fate[5])) + int(draw.lognormvariate(6.6, 0.7) * 1000)


def _poisson(draw: Random, mean: float) -> int:
    """Large means: the normal law will do."""
    return max(0, round(draw.gauss(mean, math.sqrt(mean))))
