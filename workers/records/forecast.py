"""Calls expected per association and hour for 14 days, with a band: `python -m workers.records.forecast`.

Days by Holt-Winters (statsmodels, weekly season, multiplicative), hours by the shape of the last four weeks.
Chosen by measured error against the seasonal-naive forecast; the table is in docs/records.md. Runs in a
process of its own, once a day: voice never imports this.
"""

from __future__ import annotations

import math
import statistics
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, delete, func, insert, select

from config import logs
from config.settings import Settings, SettingsRefused
from config.stores import engine, reading
from routing import calendar
from workers.records import paris
from workers.records.tables import forecasts, rollups

DAYS = 14
HISTORY = 120  # days learnt from
FEWEST = 21  # days below which nothing is foretold
SHAPE = 28  # days the hours' shape is taken from
NINETY = 1.645  # standard deviations either side: nine hours of ten lie in the band
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """One hour: calls expected, and the band nine hours of ten lie in."""

    day: date
    hour: int
    calls: float
    low: float
    high: float


def main() -> None:
    """Foretell for the service and each association, from the process's environment."""
    try:
        settings = Settings.of_process()
    except SettingsRefused as refused:
        sys.exit(str(refused))
    logs.configure(settings)
    sql = engine(settings, patience_ms=60_000)
    try:
        count = renew(sql, datetime.now(UTC))
    finally:
        sql.dispose()
    log.info("forecast_made", series=count)


def renew(sql: Engine, now: datetime) -> int:
    """Replace the table by forecasts from today on; returns how many series had enough of a past."""
    today = now.astimezone(paris.ZONE).date()
    with reading(sql).begin() as connection:
        histories = _histories(connection, today)
    rows = [
        _row(association, one, now)
        for association, hours in histories.items()
        for one in foretell(hours, today)
    ]
    with sql.begin() as connection:
        connection.execute(delete(forecasts))
        if rows:
            connection.execute(insert(forecasts), rows)
    return len({row["association"] for row in rows})


def foretell(hours: Sequence[float], today: date, days: int = DAYS) -> list[Expected]:
    """From whole days of hourly counts up to yesterday (24 a day) to the days from today on.

    Empty with fewer than three weeks, or with hardly a call a day.
    """
    daily = [sum(hours[start : start + 24]) for start in range(0, len(hours) - 23, 24)][-HISTORY:]
    if len(daily) < FEWEST or sum(daily[-7:]) < 7:
        return []
    ordinary, feast = _feasts_apart(daily, today)
    levels, spread = _days(ordinary, days)
    shape = _shape(hours)
    told = []
    for ahead, level in enumerate(levels):
        day, wider = today + timedelta(days=ahead), spread * math.sqrt(1 + ahead / 7)
        calls = level * feast if _is_feast(day) else level
        told += [_banded(day, hour, calls * shape[hour], wider) for hour in range(24)]
    return told


def expected(connection: Connection, association: str | None) -> list[Expected]:
    """What was foretold last, hour after hour, for an association or for the service."""
    c = forecasts.c
    query = select(forecasts).where(c.association == (association or "")).order_by(c.day, c.hour)
    return [
        Expected(paris.day_of(row.day), row.hour, row.expected / 100, row.low / 100, row.high / 100)
        for row in connection.execute(query)
    ]


def seasonal_naive(hours: Sequence[float], days: int = DAYS) -> list[float]:
    """The same hour of the last week known: what any forecast has to beat."""
    week = list(hours[-168:])
    return [week[n % 168] for n in range(days * 24)]


def _feasts_apart(daily: Sequence[float], today: date) -> tuple[list[float], float]:
    """The days with public holidays replaced by their weekday's mean around, and what a holiday multiplies.

    The factor is learnt of two holidays at least, and held between 0.8 and 1.6: a few days prove no more.
    """
    first, ordinary = today - timedelta(days=len(daily)), list(daily)
    came = usual = 0.0
    feasts = {n for n in range(len(daily)) if _is_feast(first + timedelta(days=n))}
    for n in feasts:
        near = [m for m in (n - 14, n - 7, n + 7, n + 14) if 0 <= m < len(daily) and m not in feasts]
        if near:
            ordinary[n] = sum(daily[m] for m in near) / len(near)
            came, usual = came + daily[n], usual + ordinary[n]
    known = len(feasts) >= 2 and usual > 0
    return ordinary, min(1.6, max(0.8, came / usual)) if known else 1.0


def _is_feast(day: date) -> bool:
    return day in calendar.public_holidays(None, day.year)


def _days(daily: Sequence[float], days: int) -> tuple[list[float], float]:
    """The days to come, and the relative spread of the days known about what was foretold for them."""
    # Imported here: the library takes a second and 100 MB, which the tests of everything else are spared.
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    known = [max(0.5, count) for count in daily]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimum is not reached to the last digit changes nothing
        model = ExponentialSmoothing(
            known, seasonal="mul", seasonal_periods=7, initialization_method="estimated"
        )
        fitted = model.fit()
    pairs = list(zip(known, fitted.fittedvalues, strict=True))[-8 * 7 :]
    spread = statistics.pstdev(count / max(0.5, float(fit)) - 1 for count, fit in pairs)
    return [max(0.0, float(level)) for level in fitted.forecast(days)], spread


def _shape(hours: Sequence[float]) -> list[float]:
    recent = list(hours[-SHAPE * 24 :])
    whole = sum(recent) or 1.0
    return [sum(recent[hour::24]) / whole for hour in range(24)]


def _banded(day: date, hour: int, calls: float, spread: float) -> Expected:
    """Chance of single calls (Poisson) and of the whole day together."""
    deviation = math.sqrt(calls + (spread * calls) ** 2)
    return Expected(day, hour, calls, max(0.0, calls - NINETY * deviation), calls + NINETY * deviation)


def _histories(connection: Connection, today: date) -> dict[str, list[float]]:
    """Whole days of hourly counts up to yesterday, by association; "" is the service."""
    table = rollups["rollup_hour"]
    first = today - timedelta(days=HISTORY)
    query = (
        select(table.c.association, table.c.day, table.c.hour, func.sum(table.c.calls).label("calls"))
        .where(table.c.day >= paris.number_of(first), table.c.day < paris.number_of(today))
        .group_by(table.c.association, table.c.day, table.c.hour)
    )
    found: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in connection.execute(query):
        place = (paris.day_of(row.day) - first).days * 24 + row.hour
        for association in {row.association, ""}:
            found[association][place] += int(row.calls)
    return {name: _whole(counts) for name, counts in found.items()}


def _whole(counts: dict[int, float]) -> list[float]:
    """Every hour since the first day with a call: hours without one are noughts, days before it unknown."""
    start = min(counts) // 24 * 24
    return [counts.get(hour, 0.0) for hour in range(start, HISTORY * 24)]


def _row(association: str, one: Expected, now: datetime) -> dict[str, object]:
    return {
        "association": association,
        "day": paris.number_of(one.day),
        "hour": one.hour,
        "expected": round(one.calls * 100),
        "low": round(one.low * 100),
        "high": round(one.high * 100),
        "made_at": now,
    }


if __name__ == "__main__":
    main()
