"""Past calls for a replay, out of the call records: place, need and minute, nothing about anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from config.stores import reading
from routing.model import Need
from routing.replay import PastCall
from workers.records.tables import records

PARIS = ZoneInfo("Europe/Paris")
AT_ONCE = 20_000
_NEEDS: dict[str, Need] = {str(need): need for need in Need}


def calls_between(engine: Engine, since: datetime, until: datetime) -> Iterator[PastCall]:
    """The calls of [since, until) (aware), to the minute, in the order they are stored."""
    # Bare columns: building a datetime for each of millions of rows would cost more than the replay.
    columns = (records.c.place, records.c.need, records.c.day, records.c.minute)
    query = select(*columns).where(records.c.began_at >= since, records.c.began_at < until)
    with reading(engine).connect() as connection:
        rows = connection.execution_options(yield_per=AT_ONCE).execute(query)
        for place, need, day, minute in rows:
            yield place, _NEEDS.get(need), _hour(day, minute // 60) + 60 * (minute % 60)


@lru_cache(maxsize=20_000)
def _hour(day: int, hour: int) -> float:
    """When an hour of Paris begins, seconds UTC; of the hour that exists twice, the first."""
    return datetime(day // 10000, day // 100 % 100, day % 100, hour, tzinfo=PARIS).timestamp()
