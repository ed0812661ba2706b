"""The calendar figures go by: Paris, whatever the territory, so that all associations share one day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")


@lru_cache(maxsize=8192)
def _offset(hour: int) -> int:
    """Paris' offset in seconds in an hour of the epoch: it only changes on the hour."""
    offset = datetime.fromtimestamp(hour * 3600, ZONE).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def placed(at: datetime) -> tuple[int, int, int]:
    """Day as 20261122, minute of the day, weekday from Monday 0. The night of October has an hour twice."""
    seconds = int(at.timestamp())
    local = datetime.fromtimestamp(seconds + _offset(seconds // 3600), UTC)
    return local.year * 10000 + local.month * 100 + local.day, local.hour * 60 + local.minute, local.weekday()


def day_of(number: int) -> date:
    """The date of 20261122."""
    return date(number // 10000, number // 100 % 100, number % 100)


def number_of(day: date) -> int:
    """20261122 of a date."""
    return day.year * 10000 + day.month * 100 + day.day


def began(day: date) -> datetime:
    """The instant a day begins in Paris."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def months(first: date, last: date) -> list[date]:
    """The first days of the months touched by a span of days."""
    found, month = [], first.replace(day=1)
    while month <= last:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
