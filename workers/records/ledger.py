"""Folds events into journals, records and roll-ups: one transaction a batch, each event counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import is_
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, SQLAlchemyError

from config.stores import reading
from workers.callbacks.failpoints import failpoint
from workers.records import partitions, recordbook, rollups
from workers.records.callrecord import AHEAD, CallRecord, fold, merge
from workers.records.events import Event, read
from workers.records.monthkeys import MonthKeys
from workers.records.reserved import synthetic
from workers.records.tables import KEYS, journals

JOURNAL_KEPT = timedelta(days=40)  # an event later than that finds no journal, and is set aside
LONGEST_CALL = 64  # characters of a call's name
# What SQL, or its driver, says of a value that no column holds; any other fault is ours, and is waited out.
UNFIT = (DataError, UnicodeEncodeError, OverflowError)
LOCK = 36240005  # PostgreSQL advisory lock: one ledger writes at a time, a second one waits its turn
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch came to."""

    events: int = 0  # new ones
    calls: int = 0  # touched
    closed: int = 0  # records written
    refused: int = 0  # damaged, of an unknown version, or far too late


class Ledger:
    """Writes what was told; telling it twice, late or in another order gives the same rows."""

    def __init__(self, engine: Engine, keys: MonthKeys) -> None:
        self._engine, self._keys = engine, keys
        self.dialect = engine.dialect.name

    def warm(self) -> None:
        """Put the long statements together now; the first batch would do it while holding the one writer."""
        for name in KEYS:
            with suppress(SQLAlchemyError), reading(self._engine).connect() as connection:
                rollups.add_to(connection, name, [], 1)

    def take(self, texts: Sequence[str], now: datetime | None = None) -> Taken:
        """Count these lines. Raises what SQL raises, with nothing written."""
        now = now or datetime.now(UTC)
        by_call, refused = _sorted(texts, now)
        if not by_call:
            return Taken(refused=refused)
        try:
            counted = self._write(by_call)
        except UNFIT:
            counted = self._one_by_one(by_call)
        return replace(counted, refused=counted.refused + refused)

    def _write(self, by_call: Mapping[str, list[Event]]) -> Taken:
        with self._engine.begin() as connection:
            hold(connection)
            counted = self._count(connection, by_call)
            failpoint("ledger_written")
        failpoint("ledger_committed")
        return counted

    def _one_by_one(self, by_call: Mapping[str, list[Event]]) -> Taken:
        """One call holds what no column can: it is left out, and keeps no other from being counted."""
        events = calls = closed = refused = 0
        for call, told in by_call.items():
            try:
                one = self._write({call: told})
            except UNFIT as fault:
                refused += len(told)
                log.error("call_refused", call=call[:LONGEST_CALL], fault=type(fault).__name__)
            else:
                events, calls, closed = events + one.events, calls + one.calls, closed + one.closed
        return Taken(events, calls, closed, refused)

    def _count(self, connection: Connection, by_call: Mapping[str, list[Event]]) -> Taken:
        known = _journals(connection, list(by_call))
        stored = self._keys.keeping(connection)
        fresh, rows, closed = 0, [], []
        for call, told in by_call.items():
            before = known.get(call, [])
            kept = merge(before, map(stored, told))
            if _same(before, kept):
                continue  # copies only: all of it is written already
            fresh += len(kept) - len(before)
            record = fold(kept)
            rows.append(_journal(record, kept))
            if record.closed:
                closed.append(recordbook.row_of(record))
        if not rows:
            return Taken()
        _upsert(connection, rows)
        partitions.ensure(connection, [row["began_at"] for row in closed])
        recordbook.write(connection, closed)
        return Taken(fresh, len(rows), len(closed))


def _same(before: Sequence[Event], kept: Sequence[Event]) -> bool:
    return len(before) == len(kept) and all(map(is_, before, kept))


def hold(connection: Connection) -> None:
    """Be the only ledger until the transaction ends. SQLite: its one writer already is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _sorted(texts: Sequence[str], now: datetime) -> tuple[dict[str, list[Event]], int]:
    by_call: dict[str, list[Event]] = defaultdict(list)
    refused = 0
    for line in texts:
        try:
            event = read(line)
            named = 0 < len(event.call) <= LONGEST_CALL
            if not now - JOURNAL_KEPT < event.at < now + AHEAD or not named:
                raise ValueError("out of time")
        except ValueError as fault:
            refused += 1
            log.error("event_refused", why=str(fault)[:80])
            continue
        if not synthetic(event.call):
            by_call[event.call].append(event)
    return by_call, refused


def _journals(connection: Connection, calls: list[str]) -> dict[str, list[Event]]:
    query = select(journals.c.call, journals.c.events).where(journals.c.call.in_(calls))
    return {row.call: [read(line) for line in row.events.split("\n")] for row in connection.execute(query)}


def _journal(record: CallRecord, kept: Sequence[Event]) -> dict[str, Any]:
    return {
        "call": record.call,
        "began_at": record.t0,
        "heard_at": max(event.at for event in kept),
        "closed": record.closed,
        "stage": record.stage.value,
        "since": record.since,
        "association": record.association,
        "desks": ",".join(record.desks),
        "rang_at": record.t1,
        "taken_at": record.t2,
        "events": "\n".join(event.text() for event in sorted(kept, key=lambda e: (e.at, e.id))),
    }


def _upsert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    made = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    insert = made(journals)
    columns = {c.name: insert.excluded[c.name] for c in journals.columns if c.name != "call"}
    connection.execute(insert.on_conflict_do_update(index_elements=["call"], set_=columns), rows)
