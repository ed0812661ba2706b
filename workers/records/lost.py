"""Callers who were lost and not rung back since: whom to ring, and taking one of them over, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from config.sealing import Unsealable
from workers.callbacks.callback import CLOSED
from workers.callbacks.tables import callbacks
from workers.callbacks.vault import Vault
from workers.records.callrecord import LOST, Outcome
from workers.records.monthkeys import MonthKeys
from workers.records.tables import lost_callers, records

MOST = 200  # calls looked at: a longer list helps nobody
SERVED = (Outcome.ANSWERED.value, Outcome.CALLBACK.value)


@dataclass(frozen=True, slots=True)
class Lost:
    """One person who was lost, by the last of their calls. The number stays sealed."""

    call: str  # CallSid
    began_at: datetime
    first_at: datetime  # of their lost calls
    place: str  # INSEE code, "" unknown
    need: str  # "" not said
    calls: int
    numbered: bool  # the number is kept: they can be rung back
    withheld: bool  # they showed none: nobody can


def waiting(
    connection: Connection, keys: MonthKeys, vault: Vault, association: str, since: datetime, now: datetime
) -> list[Lost]:
    """Who called for this association since then, was lost, and has not been served: the newest first.

    Served is who was rung back, has or had a call-back since, or rang again and was answered.
    """
    rows = _lost(connection, association, since)
    names = {row.call: (row.who, _name_now(connection, keys, vault, row, now)) for row in rows}
    served, asked = _served(connection, names.values(), since), _asked(connection, rows)
    people: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        later = [served.get(name or "") for name in names[row.call]] + [asked.get(row.number_index)]
        if all(at is None or at <= row.began_at for at in later):
            people[row.who or row.number_index or row.call].append(row)
    return [_person(calls) for calls in people.values()]


def number_of(connection: Connection, vault: Vault, call: str) -> str | None:
    """The E.164 number of a lost call that nobody has taken; None: taken, withheld, or forgotten."""
    query = select(lost_callers).where(lost_callers.c.call == call, lost_callers.c.rung_back_at.is_(None))
    row = connection.execute(query).one_or_none()
    try:
        return vault.unseal(row.number_sealed, "lost_callers", "number", row.call) if row else None
    except Unsealable:
        return None


def take(connection: Connection, call: str, now: datetime) -> bool:
    """Mark every lost call of that number as rung back. False: somebody was quicker."""
    index = select(lost_callers.c.number_index).where(lost_callers.c.call == call).scalar_subquery()
    theirs = (lost_callers.c.number_index == index) & lost_callers.c.rung_back_at.is_(None)
    return connection.execute(update(lost_callers).where(theirs).values(rung_back_at=now)).rowcount > 0


def _lost(connection: Connection, association: str, since: datetime) -> Sequence[Row[Any]]:
    kept = records.outerjoin(lost_callers, lost_callers.c.call == records.c.call)
    columns: tuple[Any, ...] = (records, lost_callers.c.number_sealed, lost_callers.c.number_index)
    query = (
        select(*columns)
        .select_from(kept)
        .where(
            records.c.association == association,
            records.c.began_at >= since,
            records.c.outcome.in_(sorted(LOST)),
            lost_callers.c.rung_back_at.is_(None),
        )
    )
    return connection.execute(query.order_by(records.c.began_at.desc()).limit(MOST)).all()


def _served(
    connection: Connection, names: Iterable[tuple[str | None, ...]], since: datetime
) -> dict[str, datetime]:
    """Pseudonym -> when they were last answered, or promised a call-back."""
    known = sorted({name for one in names for name in one if name})
    last = select(records.c.who, func.max(records.c.began_at).label("at")).where(
        records.c.who.in_(known), records.c.began_at >= since, records.c.outcome.in_(SERVED)
    )
    return {row.who: row.at for row in connection.execute(last.group_by(records.c.who))} if known else {}


def _asked(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, datetime]:
    """Number -> until when its call-backs serve it: for ever while one is open."""
    indexes = {row.number_index for row in rows if row.number_index}
    first = min((row.began_at for row in rows), default=None)
    if not indexes or first is None:
        return {}
    still = callbacks.c.state.not_in(sorted(CLOSED))
    query = select(callbacks.c.number_index, callbacks.c.state, callbacks.c.asked_at).where(
        callbacks.c.number_index.in_(sorted(indexes)), or_(still, callbacks.c.asked_at >= first)
    )
    found: dict[str, datetime] = {}
    for row in connection.execute(query):
        until = row.asked_at if row.state in CLOSED else datetime.max.replace(tzinfo=row.asked_at.tzinfo)
        found[row.number_index] = max(until, found.get(row.number_index, until))
    return found


def _name_now(
    connection: Connection, keys: MonthKeys, vault: Vault, row: Row[Any], now: datetime
) -> str | None:
    """This month's pseudonym of who called last month: in the night of the 1st they ring again as another."""
    month = now.strftime("%Y-%m")
    if row.number_index is None or row.began_at.strftime("%Y-%m") == month:
        return None
    number = number_of(connection, vault, row.call)
    return keys.who(connection, number, month) if number else None


def _person(calls: Sequence[Row[Any]]) -> Lost:
    last = calls[0]
    kept = next((row for row in calls if row.number_index), None)
    return Lost(
        call=(kept or last).call,
        began_at=last.began_at,
        first_at=calls[-1].began_at,
        place=next((row.place for row in calls if row.place), ""),
        need=next((row.need for row in calls if row.need), ""),
        calls=len(calls),
        numbered=kept is not None,
        withheld=last.who is None and kept is None,
    )
