"""PostgreSQL's partitions of the records, one a month; SQLite has none and nothing is done there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, inspect, text

PARENT = "call_records"


def ensure(connection: Connection, instants: Iterable[datetime]) -> None:
    """See to it that the months of these instants (UTC) have their partition."""
    if connection.dialect.name != "postgresql":
        return
    for month in sorted({at.astimezone(UTC).date().replace(day=1) for at in instants}):
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": _name(month)}) is None:
            _create(connection, month)


def months(connection: Connection) -> set[date]:
    """The months that have a partition."""
    names = inspect(connection).get_table_names() if connection.dialect.name == "postgresql" else []
    found = [name.removeprefix(PARENT + "_") for name in names if name.startswith(PARENT + "_")]
    return {date(int(name[:4]), int(name[4:]), 1) for name in found}


def drop_before(connection: Connection, month: date) -> int:
    """Drop whole months before this one, at no cost; returns how many."""
    old = [found for found in months(connection) if found < month]
    for one in old:
        connection.execute(text(f"DROP TABLE {_name(one)}"))
    return len(old)


def _create(connection: Connection, month: date) -> None:
    after = (month + timedelta(days=32)).replace(day=1)
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {_name(month)} PARTITION OF {PARENT} "
            f"FOR VALUES FROM ('{month} 00:00+00') TO ('{after} 00:00+00')"
        )
    )


def _name(month: date) -> str:
    return f"{PARENT}_{month:%Y%m}"
