"""Whether knowing the school holidays makes the forecast err less: on the drawn years, and on spring 2020.

`python -m bench.forecast`; docs/records.md holds the figures. The variant learns what a day of school
holidays multiplies, as the forecast does for public holidays, of the zone's days among those known.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from routing import calendar
from workers.records import forecast
from workers.records.past import COLUMNS, DATA, Area, Past, Profile

AREAS = {  # association -> its zone of school holidays
    "C": Area("toulouse", 160.0, (("31555", 500_000),), None),
    "A": Area("pau", 80.0, (("64445", 77_000),), None),
    "B": Area("bourges", 20.0, (("18033", 64_000),), None),
}
FIRST_ORIGIN, ORIGINS, APART = date(2025, 1, 12), 24, 31
DAYS, KNOWN = forecast.DAYS, forecast.HISTORY
MINUTE = COLUMNS.index("minute")
Foretell = Callable[[Sequence[float], date, str], list[float]]


def main() -> None:
    """Mean absolute error by the hour of both, as ratios to the forecast as it is."""
    profile = Profile.load()
    errors = {"as it is": Counter[str](), "with school holidays": Counter[str]()}
    for zone, area in AREAS.items():
        past = Past([area], profile, scale=area.weight / profile.per_day)
        hours = _hours(past)
        for n in range(ORIGINS):
            today = FIRST_ORIGIN + timedelta(days=APART * n)
            at = (today - FIRST_ORIGIN).days + KNOWN
            known, came = hours[(at - KNOWN) * 24 : at * 24], hours[at * 24 : (at + DAYS) * 24]
            for name, ask in (("as it is", as_it_is), ("with school holidays", with_school)):
                told = ask(known, today, zone)
                errors[name][area.slug] += sum(abs(a - b) for a, b in zip(told, came, strict=True))  # type: ignore[assignment] # a sum of floats
    for name, found in errors.items():
        ratios = {slug: round(error / errors["as it is"][slug], 3) for slug, error in found.items()}
        print(f"drawn years, {ORIGINS} origins, {name}: {ratios}")
    for name, ask in (("as it is", as_it_is), ("with school holidays", with_school)):
        print(f"acts of spring 2020, {name}: {_spring(ask):.0f} acts a day")


def as_it_is(hours: Sequence[float], today: date, zone: str) -> list[float]:
    """The forecast that is kept."""
    del zone
    return [one.calls for one in forecast.foretell(hours, today)]


def with_school(hours: Sequence[float], today: date, zone: str) -> list[float]:
    """The same, on days with what school holidays multiply taken out, and put on those to come."""
    days = len(hours) // 24
    first = today - timedelta(days=days)
    factor = _factor([sum(hours[n * 24 : n * 24 + 24]) for n in range(days)], first, zone)
    plain = [
        count / factor if _off(first + timedelta(days=n // 24), zone) else count
        for n, count in enumerate(hours)
    ]
    told = forecast.foretell(plain, today)
    return [one.calls * factor if _off(one.day, zone) else one.calls for one in told]


def _factor(daily: Sequence[float], first: date, zone: str) -> float:
    """Days off against the mean of their weekday on school days; both must be known for two weeks."""
    off, on = [Counter[int](), Counter[int]()], [Counter[int](), Counter[int]()]
    for n, count in enumerate(daily):
        day = first + timedelta(days=n)
        sums, seen = off if _off(day, zone) else on
        sums[day.weekday()] += count  # type: ignore[assignment] # a sum of floats
        seen[day.weekday()] += 1
    if sum(off[1].values()) < 14 or min((on[1][weekday] for weekday in range(7)), default=0) < 2:
        return 1.0
    usual = sum(off[1][weekday] * on[0][weekday] / on[1][weekday] for weekday in range(7))
    return min(1.25, max(0.8, sum(off[0].values()) / usual)) if usual else 1.0


def _off(day: date, zone: str) -> bool:
    return day in calendar.school_holidays(zone, day.year)


def _hours(past: Past) -> list[float]:
    first = FIRST_ORIGIN - timedelta(days=KNOWN)
    counts: list[float] = []
    for n in range(KNOWN + APART * ORIGINS + DAYS):
        of_day = Counter(int(str(row[MINUTE])) // 60 for row in past.day(first + timedelta(days=n)))
        counts += [of_day[hour] for hour in range(24)]
    return counts


def _spring(ask: Foretell) -> float:
    """Mean absolute error by the day, of the national acts; zone B stands for the country."""
    with (DATA / "sursaud_fra_daily_2020-02-24_2020-04-20.csv").open() as file:
        acts = [float(row["acts_total"]) for row in csv.DictReader(file)]
    errors = []
    for known in range(21, len(acts) - DAYS, 2):
        flat = [count / 24 for count in acts[:known] for _ in range(24)]
        told = ask(flat, date(2020, 2, 24) + timedelta(days=known), "B")
        days = [sum(told[n * 24 : n * 24 + 24]) for n in range(DAYS)]
        errors += [abs(a - b) for a, b in zip(days, acts[known : known + DAYS], strict=True)]
    return sum(errors) / len(errors)


if __name__ == "__main__":
    main()
