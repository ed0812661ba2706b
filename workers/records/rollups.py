"""The roll-ups: one definition of each measure, in SQL, for increments and for rebuilding alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from workers.records import paris
from workers.records.callrecord import CUT_SHORT, LOST, Outcome
from workers.records.tables import KEYS, MEASURES, WAIT_EDGES, WAITS, records, rollups

PLACED = frozenset(
    {"rollup_place", "rollup_year", "rollup_departement", "rollup_commune"}
)  # of calls whose place is known
_r = records.c
_WAIT = _r.taken_after - func.coalesce(_r.rang_after, 0)  # t2 - t1, what QS30 and QS60 are judged on
_LOST = or_(*(_r.outcome == outcome.value for outcome in sorted(LOST)))  # IN would be rendered anew each time
_ANSWERED = _r.taken_after.is_not(None)
_KEY: dict[str, ColumnElement[Any]] = {
    "day": _r.day,
    "month": _r.day // 100,
    "year": _r.day // 10000,
    "hour": _r.minute // 60,
    "minute": _r.minute,
    "weekday": _r.weekday,
    "association": _r.association,
    "need": _r.need,
    "outcome": _r.outcome,
    "place": _r.place,
    "departement": _r.departement,
    "answered_for": func.coalesce(_r.answered_for, ""),
}


def add(connection: Connection, calls: Sequence[str], sign: int) -> None:
    """Add (`sign` 1) or take away (-1) these calls' records, as they stand, from every roll-up."""
    for name in KEYS:
        add_to(connection, name, calls, sign)


def add_to(connection: Connection, name: str, calls: Sequence[str], sign: int) -> None:
    """`add` for one roll-up."""
    dialect = connection.dialect.name
    told = list(calls) if dialect == "postgresql" else json.dumps(list(calls))
    connection.execute(_adding(dialect, name), {"calls": told, "sign": sign})


@lru_cache(maxsize=32)
def _adding(dialect: str, name: str) -> Any:
    """Built once: these are long, and run with every batch; hence one parameter for all the calls."""
    table, among = rollups[name], _r.call.in_(_calls(dialect)) & _counted(name)
    insert = _from_records(dialect, table, KEYS[name], bindparam("sign", type_=Integer), among)
    sums = {measure: table.c[measure] + insert.excluded[measure] for measure in MEASURES}
    return insert.on_conflict_do_update(index_elements=KEYS[name], set_=sums)


def _calls(dialect: str) -> Any:
    if dialect == "postgresql":
        return select(func.unnest(bindparam("calls", type_=postgresql.ARRAY(String))))
    return select(func.json_each(bindparam("calls", type_=String)).table_valued("value").c.value)


def of_days(connection: Connection, key: str, association: str, first: int, last: int) -> Sequence[Any]:
    """The measures of an association's calls of some days (20261122), by a key that roll-ups hold by month.

    Straight from the records: rows as mappings, the key under its own name; nothing without a place.
    """
    span = paris.began(paris.day_of(first)), paris.began(paris.day_of(last) + timedelta(days=1))
    among = (_r.association == association) & (_r.began_at >= span[0]) & (_r.began_at < span[1])
    return connection.execute(_grouped([key], literal(1, Integer), among & (_r.place != ""))).mappings().all()


def drop_empty(connection: Connection, days: Sequence[int]) -> None:
    """Forget the rows that corrections left empty, so that increments and rebuilding give the same tables."""
    for name, table in rollups.items():
        first = table.c[KEYS[name][0]]
        among = sorted({day // _DAYS_OF.get(first.name, 1) for day in days})
        connection.execute(delete(table).where(table.c.calls == 0, first.in_(among)))


_DAYS_OF = {"month": 100, "year": 10000}  # what a day's number is divided by


def rebuild(connection: Connection, month: int, minutes_from: int) -> None:
    """Make a month's roll-ups (202611) again from its records alone; minutes from the day `minutes_from` on.

    What a finer roll-up holds already is added up from there, which is a hundredth of the rows; the year's
    communes from all of its months.
    """
    for name, table in rollups.items():
        connection.execute(delete(table).where(_of_month(name, month)))
    for name in sorted(KEYS, key=_SUMS_OF.__contains__):
        if name in _SUMS_OF:
            due = _added_up(name, month)
        elif name != "rollup_minute" or minutes_from // 100 <= month:
            due = _grouped(KEYS[name], literal(1, Integer), _recorded(name, month, minutes_from))
        else:
            continue  # all its minutes are too old to be kept
        connection.execute(insert(rollups[name]).from_select([*KEYS[name], *MEASURES], due))


# Whose rows each of these adds up.
_SUMS_OF = {
    "rollup_day": "rollup_hour",
    "rollup_month": "rollup_hour",
    "rollup_association": "rollup_hour",
    "rollup_dayhour": "rollup_hour",
    "rollup_slot": "rollup_hour",
    "rollup_year": "rollup_place",
    "rollup_departement": "rollup_commune",
}


def _added_up(name: str, month: int) -> Select[Any]:
    finer = rollups[_SUMS_OF[name]]
    keys = [_coarser(key, finer.c, month).label(key) for key in KEYS[name]]
    sums = [func.sum(finer.c[measure]).label(measure) for measure in MEASURES]
    whole = finer.c.month // 100 == month // 100 if name == "rollup_year" else _of_month(finer.name, month)
    return select(*keys, *sums).where(whole).group_by(*keys)


def _coarser(key: str, finer: Any, month: int) -> ColumnElement[Any]:
    """A key of a roll-up, of the columns of one that tells more."""
    if key == "month":
        return literal(month, Integer)
    if key == "year":
        return literal(month // 100, Integer)
    if key == "weekday":
        first = paris.day_of(month * 100 + 1).weekday()
        return cast((finer.day % 100 + first - 1) % 7, Integer)
    if key == "departement":  # as `departement_of` has it
        overseas = func.substr(finer.place, 1, 2).in_(["97", "98"])
        return func.substr(finer.place, 1, case((overseas, 3), else_=2))
    found: ColumnElement[Any] = finer[key]
    return found


def differing(connection: Connection, name: str, month: int, minutes_from: int) -> int:
    """How many rows of a month's roll-up are not, in every column, what its records say.

    Each way round: rows that should be there and are not, and rows that are there and should not be.
    """
    table = rollups[name]
    kept = _of_month(name, month)
    if name == "rollup_minute":
        kept = kept & (table.c.day >= minutes_from)
    held = select(*(table.c[column] for column in (*KEYS[name], *MEASURES))).where(kept, table.c.calls != 0)
    if name == "rollup_year":  # longer than the records are kept: its months stand for them
        due = _added_up(name, month)
    else:
        due = _grouped(KEYS[name], literal(1, Integer), _recorded(name, month, minutes_from))
    both = union_all(*(select(one.subquery()) for one in (due.except_(held), held.except_(due))))
    return int(connection.scalar(select(func.count()).select_from(both.subquery())) or 0)


def _of_month(name: str, month: int) -> ColumnElement[bool]:
    first = rollups[name].c[KEYS[name][0]]
    if first.name == "day":
        return first.between(month * 100, month * 100 + 99)
    return first == (month if first.name == "month" else month // 100)


def _recorded(name: str, month: int, minutes_from: int) -> ColumnElement[bool]:
    """The records a roll-up of this month counts."""
    # The instants say the same as the days, and let PostgreSQL look at one partition or two.
    first_day = paris.day_of(month * 100 + 1)
    span = paris.began(first_day), paris.began((first_day + timedelta(days=32)).replace(day=1))
    among = _r.day.between(month * 100, month * 100 + 99) & _counted(name)
    among = among & (_r.began_at >= span[0]) & (_r.began_at < span[1])
    return among & (_r.day >= minutes_from) if name == "rollup_minute" else among


def purge_minutes(connection: Connection, before: int) -> int:
    """Forget the minutes of the days before this one; hours and days stay."""
    table = rollups["rollup_minute"]
    return int(connection.execute(delete(table).where(table.c.day < before)).rowcount)


def _counted(name: str) -> ColumnElement[bool]:
    # Who overflows to whom: answered calls only. A place that never became known has no commune.
    if name == "rollup_flow":
        return _ANSWERED
    return _r.place != "" if name in PLACED else true()


def _from_records(
    dialect: str, table: Table, keys: Sequence[str], sign: ColumnElement[int], among: ColumnElement[bool]
) -> Any:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    return insert.from_select([*keys, *MEASURES], _grouped(keys, sign, among))


def _grouped(keys: Sequence[str], sign: ColumnElement[int], among: ColumnElement[bool]) -> Select[Any]:
    named = [_KEY[key].label(key) for key in keys]
    measures = [(_measure(name) * sign).label(name) for name in MEASURES]
    return select(*named, *measures).where(among).group_by(*(_KEY[key] for key in keys))


def _measure(name: str) -> ColumnElement[int]:
    if name == "calls":
        return func.count()
    if name in WAITS:
        return _count(_wait_class(WAITS.index(name)))
    if name in _SUMMED:
        return func.coalesce(func.sum(_SUMMED[name]), 0)
    return _count(_COUNTED[name])


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _wait_class(index: int) -> ColumnElement[bool]:
    lower, upper = (0, *WAIT_EDGES)[index] * 1000, (*WAIT_EDGES, 10**6)[index] * 1000
    return and_(_ANSWERED, (lower or -1) < _WAIT, upper >= _WAIT)


_COUNTED: dict[str, ColumnElement[bool]] = {
    "persons": _r.first,
    "answered": _ANSWERED,
    "talked": _ANSWERED & (_r.talked >= CUT_SHORT * 1000),
    "callbacks": _r.outcome == Outcome.CALLBACK.value,
    "early": _r.outcome == Outcome.EARLY.value,
    "lost": _LOST,
    "lost_after_30": _LOST & (_r.ended_after - _r.rang_after >= 30_000),
    "danger": _r.danger,
    "overflowed": _ANSWERED & (func.coalesce(_r.answered_for, "") != _r.association),
    "rescued": _r.rescued,
    "rang": _r.rang_after.is_not(None),
}
_SUMMED: dict[str, ColumnElement[int]] = {
    "ivr_ms": func.coalesce(_r.rang_after, 0),
    "wait_ms": case((_ANSWERED, _WAIT), else_=0),
    "talk_ms": _r.talked,
    "total_ms": _r.ended_after,
}
