"""Call-backs promised, and how many of the promises were kept: read from the call-backs' own table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, cast, func, select

from workers.callbacks.callback import Conclusion
from workers.callbacks.tables import callbacks
from workers.records import paris


@dataclass(frozen=True, slots=True)
class Promises:
    """Call-backs promised in a span, what became of them; a late one was joined after the time told."""

    promised: int
    kept: int
    late: int
    within_10_min: int
    to_the_15: int


def promises(
    connection: Connection, first: date, last: date, association: str | None, now: datetime | None = None
) -> Promises:
    """Call-backs asked for between two days, both counted. With `now`, one open past its time is late too."""
    c = callbacks.c
    ended = paris.began(last + timedelta(days=1))
    broken = (c.kept_at > c.promised_by) | (
        c.kept_at.is_(None) & (c.promised_by < now) if now else c.kept_at > c.promised_by
    )
    quick = _seconds_between(connection, c.asked_at, c.kept_at) <= 600
    query = select(
        func.count().label("promised"),
        _counting(c.kept_at <= c.promised_by).label("kept"),
        _counting(broken).label("late"),
        _counting(quick).label("quick"),
        _counting(c.conclusion == Conclusion.FIFTEEN.value).label("fifteen"),
    ).where(c.asked_at >= paris.began(first), c.asked_at < ended)
    if association:
        query = query.where(c.association == association)
    row = connection.execute(query).one()
    return Promises(*(int(value) for value in row))


def t3_of(connection: Connection, calls: Sequence[str]) -> dict[str, datetime]:
    """t3, a doctor on the line, of the calls (CallSids) that ended in a call-back kept; others are left out.

    What a regulator puts through on the desk's own exchange is known to nobody here.
    """
    c = callbacks.c
    query = select(c.call_sid, func.min(c.kept_at).label("t3")).where(c.call_sid.in_(calls))
    rows = connection.execute(query.where(c.kept_at.is_not(None)).group_by(c.call_sid)).all()
    return {row.call_sid: row.t3 for row in rows}


def _counting(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def _seconds_between(
    connection: Connection, start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[float]:
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", end - start), Float)
    return (func.julianday(end) - func.julianday(start)) * 86_400
