"""Writes a drawn past into the records, day by day, then makes its roll-ups."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select

from workers.records import paris, partitions, rollups
from workers.records.ledger import hold
from workers.records.past import Past
from workers.records.retention import Retention
from workers.records.tables import records


def fill(engine: Engine, past: Past, first: date, last: date, now: datetime) -> int:
    """Add calls to the days that hold none; returns how many."""
    count = 0
    for rows in past.rows(first, last):
        with engine.begin() as connection:
            if rows and not _held(connection, rows[0]["day"]):
                partitions.ensure(connection, [rows[0]["began_at"], rows[-1]["began_at"]])
                connection.execute(insert(records), rows)
                count += len(rows)
    rebuild(engine, first, last, now)
    return count


def rebuild(engine: Engine, first: date, last: date, now: datetime) -> int:
    """Make the roll-ups of these days' months again, from the records alone; returns how many months."""
    minutes_from = paris.number_of((now - timedelta(days=Retention().minutes)).date())
    months = paris.months(first, last)
    for month in months:
        with engine.begin() as connection:
            hold(connection)
            rollups.rebuild(connection, paris.number_of(month) // 100, minutes_from)
    return len(months)


def _held(connection: Connection, day: int) -> bool:
    began = paris.began(paris.day_of(day))
    of_day = records.c.began_at.between(began, began + timedelta(days=1)) & (records.c.day == day)
    return connection.scalar(select(records.c.call).where(of_day).limit(1)) is not None
