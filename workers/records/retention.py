"""How long each kind of data is kept, the purge that holds to it, and the erasing of a person by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Engine, Table, delete, false, or_, select, update

from config.sealing import Pseudonyms
from workers.records import paris, partitions, recordbook, rollups
from workers.records.events import Event, read
from workers.records.ledger import JOURNAL_KEPT, hold
from workers.records.monthkeys import MonthKeys
from workers.records.reconciler import KEPT as LOST_CALLERS_KEPT
from workers.records.tables import alerts, journals, lost_callers, records


@dataclass(frozen=True, slots=True)
class Retention:
    """Days each kind is kept. Roll-ups hold nobody's data, and are kept: they are the history."""

    journals: int = JOURNAL_KEPT.days  # a call's events, for « pourquoi cet appel ? »
    pseudonyms: int = 62  # after its last day, a month's key is destroyed: the month is anonymous
    records: int = 3 * 366
    minutes: int = 8  # of the roll-up per minute
    alerts: int = 366
    lost_callers: int = LOST_CALLERS_KEPT.days


@dataclass(frozen=True, slots=True)
class Purged:
    """How much went."""

    journals: int
    records: int
    months: int
    minutes: int
    keys: int
    lost_callers: int
    alerts: int


def purge(engine: Engine, keys: MonthKeys, now: datetime, kept: Retention | None = None) -> Purged:
    """Forget what is past its time. Safe to repeat, and to interrupt: each kind is a transaction."""
    kept = kept or Retention()

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    month = _last_month_to_forget(ago(kept.pseudonyms))
    with engine.begin() as connection:
        hold(connection)
        destroyed = keys.destroy(connection, month, now)
        _unname(connection, month)
    old_records = ago(kept.records)
    with engine.begin() as connection:
        hold(connection)
        dropped = partitions.drop_before(connection, old_records.date().replace(day=1))
        removed = recordbook.remove(connection, old_records)
        minutes = rollups.purge_minutes(connection, paris.number_of(ago(kept.minutes).date()))
    return Purged(
        journals=_forget(engine, journals, journals.c.heard_at < ago(kept.journals)),
        records=removed,
        months=dropped,
        minutes=minutes,
        keys=destroyed,
        lost_callers=_forget(engine, lost_callers, lost_callers.c.began_at <= ago(kept.lost_callers)),
        alerts=_forget(engine, alerts, alerts.c.closed_at < ago(kept.alerts)),
    )


def erase(connection: Connection, keys: MonthKeys, secret_keys: tuple[str, ...], number: str) -> int:
    """Unlink every call from this E.164 number, and forget where to ring it; returns how many calls.

    The calls stay counted: nothing in them leads to the person any more. Months whose key is destroyed have
    nothing left to erase. Inside the caller's transaction, which tells the journal.
    """
    hold(connection)
    who = [keys.who(connection, number, month) for month in keys.months(connection)]
    calls = _calls_of(connection, [name for name in who if name])
    _unname_calls(connection, calls)
    index = Pseudonyms(secret_keys).index(number)
    connection.execute(delete(lost_callers).where(lost_callers.c.number_index == index))
    return len(calls)


def _last_month_to_forget(before: datetime) -> str:
    """The first month that is kept: keys of the months before it go."""
    return f"{before.astimezone(paris.ZONE):%Y-%m}"


def _unname(connection: Connection, month: str) -> None:
    """A pseudonym whose key is gone still tells that two calls were one person's: it goes too."""
    first = paris.began(date.fromisoformat(month + "-01"))
    old = records.c.began_at < first
    connection.execute(update(records).where(old, records.c.who.is_not(None)).values(who=None))


def _calls_of(connection: Connection, who: Sequence[str]) -> list[str]:
    """Those that ended, and those under way, which are in their journal only."""
    ended = connection.scalars(select(records.c.call).where(records.c.who.in_(who))).all()
    named = or_(false(), *(journals.c.events.contains(f'"who":"{one}"') for one in who))
    under_way = connection.scalars(select(journals.c.call).where(~journals.c.closed, named)).all()
    return [*ended, *under_way]


def _unname_calls(connection: Connection, calls: Sequence[str]) -> None:
    """In the journals too, which stay: a late event must find the rest of its call."""
    connection.execute(update(records).where(records.c.call.in_(calls)).values(who=None))
    query = select(journals.c.call, journals.c.events).where(journals.c.call.in_(calls))
    for row in connection.execute(query).all():
        told = "\n".join(_without_who(read(line)).text() for line in row.events.split("\n"))
        connection.execute(update(journals).where(journals.c.call == row.call).values(events=told))


def _without_who(event: Event) -> Event:
    """Emptied, not left out: of two copies the smaller text is kept, so a late copy brings nobody back."""
    return replace(event, data=tuple((name, "" if name == "who" else value) for name, value in event.data))


def _forget(engine: Engine, table: Table, old: Any) -> int:
    with engine.begin() as connection:
        return int(connection.execute(delete(table).where(old)).rowcount)
