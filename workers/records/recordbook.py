"""Writes records and their roll-ups together: each call counted once, and corrected by late events."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from routing.geography.places import departement_of
from workers.records import paris, rollups
from workers.records.callrecord import CallRecord
from workers.records.tables import records

SAME_PERSON = timedelta(hours=2)  # one number, one place, calls less than that apart: one person
MOST = 2**31 - 1  # milliseconds, 24 days
TRACE = 2000  # characters kept
Row = dict[str, Any]


def row_of(record: CallRecord) -> Row:
    """A record as its row; whether the person is new is told by `write`, which sees the others."""
    day, minute, weekday = paris.placed(record.t0)
    place = record.place or ""
    return {
        "began_at": record.t0,
        "call": record.call,
        "day": day,
        "minute": minute,
        "weekday": weekday,
        "who": record.who,
        "first": True,
        "place": place,
        "departement": departement_of(place),
        "source": record.source,
        "need": record.need or "",
        "association": record.association or "",
        "decided": record.decided,
        "rulebook": record.rulebook,
        "outcome": record.outcome.value,
        "regulator": record.regulator,
        "answered_for": (record.answered_for or "") if record.t2 else None,
        "rang_after": _after(record, record.t1),
        "taken_after": _after(record, record.t2),
        "ended_after": _after(record, record.t4) or 0,
        "talked": record.seconds * 1000 if record.t2 else 0,
        "ended_by": record.ended_by,
        "danger": record.danger,
        "rescued": record.rescued,
        "rings": json.dumps(
            [[r.regulator, r.association, _after(record, r.at), r.disposition] for r in record.rings],
            separators=(",", ":"),
        ),
        "trace": record.trace[:TRACE] if record.trace else None,
        "joined_after": _after(record, record.t3),
        "held": record.held,
    }


def write(connection: Connection, rows: Sequence[Row]) -> None:
    """Put these records in place of what was known of their calls, roll-ups included. One transaction."""
    if not rows:
        return
    calls = [row["call"] for row in rows]
    known = _known(connection, calls)
    people = {row["who"] for row in rows if row["who"]} | {row.who for row in known if row.who}
    others = [row for row in _of_people(connection, people, rows, known) if row.call not in set(calls)]
    firsts = _firsts([*rows, *(row._mapping for row in others)])
    # What came before all of these is not changed by them, and its own forerunners were not looked up.
    since = min([row["began_at"] for row in rows] + [row.began_at for row in known])
    changed = [row for row in others if row.began_at >= since and row.first != firsts[row.call]]
    touched = [*(row.call for row in known), *(row.call for row in changed)]
    if touched:
        rollups.add(connection, touched, -1)
        for row in known:
            connection.execute(delete(records).where(_is(row)))
        _note_firsts(connection, changed, firsts)
    connection.execute(insert(records), [{**row, "first": firsts[row["call"]]} for row in rows])
    rollups.add(connection, [*calls, *(row.call for row in changed)], 1)
    if touched:
        days = {row.day for row in known} | {row.day for row in changed}
        rollups.drop_empty(connection, sorted(days))


def remove(connection: Connection, before: datetime) -> int:
    """Forget the records of calls before an instant; what was counted stays counted."""
    return int(connection.execute(delete(records).where(records.c.began_at < before)).rowcount)


def _known(connection: Connection, calls: Sequence[str]) -> Sequence[Any]:
    columns = (records.c.call, records.c.began_at, records.c.day, records.c.who, records.c.place)
    return connection.execute(select(*columns).where(records.c.call.in_(calls))).all()


def _is(row: Any) -> Any:
    return (records.c.began_at == row.began_at) & (records.c.call == row.call)


def _of_people(connection: Connection, people: set[str], rows: Sequence[Row], known: Sequence[Any]) -> Any:
    if not people:
        return []
    begun = [row["began_at"] for row in rows] + [row.began_at for row in known]
    near = records.c.began_at.between(min(begun) - SAME_PERSON, max(begun) + SAME_PERSON)
    columns = (
        records.c.call,
        records.c.began_at,
        records.c.day,
        records.c.who,
        records.c.place,
        records.c.first,
    )
    return connection.execute(select(*columns).where(records.c.who.in_(sorted(people)), near)).all()


def _firsts(rows: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """Which calls are their person's first: none of the same number and place within two hours before.

    A call without a number (withheld) is a person by itself.
    """
    by_person: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
    firsts: dict[str, bool] = {}
    for row in rows:
        if row["who"]:
            by_person[row["who"], row["place"]].append((row["began_at"], row["call"]))
        else:
            firsts[row["call"]] = True
    for calls in by_person.values():
        before: datetime | None = None
        for at, call in sorted(calls):
            firsts[call] = before is None or at - before >= SAME_PERSON
            before = at
    return firsts


def _note_firsts(connection: Connection, changed: Sequence[Any], firsts: Mapping[str, bool]) -> None:
    if changed:
        statement = (
            update(records)
            .where(records.c.began_at == bindparam("began"), records.c.call == bindparam("sid"))
            .values(first=bindparam("is_first"))
        )
        connection.execute(
            statement,
            [{"began": r.began_at, "sid": r.call, "is_first": firsts[r.call]} for r in changed],
        )


def _after(record: CallRecord, at: datetime | None) -> int | None:
    """Milliseconds after t0; the carrier's clock and ours differ, so never below zero.

    Nor above what the column holds: a clock that was set right between two events makes a call of weeks.
    """
    return None if at is None else min(max(0, round((at - record.t0).total_seconds() * 1000)), MOST)
