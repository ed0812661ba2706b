"""Makes a year of calls (6.5 million) and measures every page's queries, and the ledger's pace.

`python -m bench.records --sqlite FILE --postgresql URL [--days 365]`; docs/records.md holds the figures.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text

from config import migrate, stores
from config.settings import Settings
from console.cli.demo_data import areas
from routing.demo import demo_document
from routing.geography.places import Places
from tests.record_calls import NOON, some_calls
from workers.records import filling, history, live, partitions, whole
from workers.records.history import By, Span
from workers.records.intake import Pace
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.past import COLUMNS, Past, Profile
from workers.records.tables import records

LAST = date(2026, 11, 21)
BUDGET = 0.2  # seconds a page
TIMES = 9


def main() -> None:
    """Fill both databases from one drawing, then measure."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--sqlite")
    asked.add_argument("--postgresql")
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--filled", action="store_true", help="the databases hold the year already")
    asked.add_argument("--only-ingest", action="store_true")
    args = asked.parse_args()
    urls = [f"sqlite:///{args.sqlite}"] * bool(args.sqlite) + [args.postgresql] * bool(args.postgresql)
    engines = [_engine(url) for url in urls]
    first = LAST - timedelta(days=args.days - 1)
    if not args.filled:
        fill(engines, first)
    for engine in engines:
        if not args.only_ingest:
            measure(engine, first)
        ingest(engine)


def fill(engines: list[Engine], first: date) -> None:
    """The year, by the quickest way each database has; indexes afterwards, then the roll-ups."""
    past = Past(areas(demo_document(), Places.load()), Profile.load())
    began, count = time.perf_counter(), 0
    for engine in engines:
        with engine.begin() as connection:
            for index in records.indexes:
                index.drop(connection)
    for n in range((LAST - first).days + 1):
        rows = sorted(past.day(first + timedelta(days=n)))
        count += len(rows)
        for engine in engines:
            with engine.begin() as connection:
                _load(connection, rows)
    print(f"{count} calls drawn and written in {time.perf_counter() - began:.0f} s", flush=True)
    for engine in engines:
        began = time.perf_counter()
        with engine.begin() as connection:
            for index in records.indexes:
                index.create(connection)
        print(f"{engine.dialect.name}: indexed in {time.perf_counter() - began:.0f} s", flush=True)
    now = datetime(LAST.year, LAST.month, LAST.day, 23, tzinfo=UTC)
    for engine in engines:
        began = time.perf_counter()
        filling.rebuild(engine, first, LAST, now)
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        print(f"{engine.dialect.name}: roll-ups rebuilt in {time.perf_counter() - began:.0f} s", flush=True)


def measure(engine: Engine, first: date) -> None:
    """Each page's queries, the middle of five; the page is over its budget or it is not."""
    year, month = Span(first, LAST), Span(LAST.replace(day=1), LAST)
    mine, weeks = Span(first, LAST, "toulouse"), Span(date(2026, 9, 17), date(2026, 10, 14))
    pages: dict[str, Callable[[Connection], object]] = {
        "today, hour by hour": lambda c: history.hours_of(c, LAST),
        "today, one association": lambda c: history.hours_of(c, LAST, "toulouse"),
        "month by association": lambda c: history.breakdown(c, month, By.ASSOCIATION),
        "year by association": lambda c: history.breakdown(c, year, By.ASSOCIATION),
        "year day by day": lambda c: history.days_of(c, year),
        "year day by day, one association": lambda c: history.days_of(c, mine),
        "month against last year": lambda c: history.compared(c, month),
        "year by weekday": lambda c: history.breakdown(c, year, By.WEEKDAY),
        "year by hour": lambda c: history.breakdown(c, year, By.HOUR),
        "month by hour": lambda c: history.breakdown(c, month, By.HOUR),
        "year by département": lambda c: history.breakdown(c, year, By.DEPARTEMENT),
        "year by commune, one association": lambda c: history.breakdown(c, mine, By.PLACE),
        "month by commune": lambda c: history.breakdown(c, month, By.PLACE),
        "five weeks by commune": lambda c: history.breakdown(c, weeks, By.PLACE),
        "year by commune": lambda c: history.breakdown(c, year, By.PLACE),
        "month by association, whole": lambda c: whole.wholes(c, month, datetime.now(UTC)),
        "year by need": lambda c: history.breakdown(c, year, By.NEED),
        "fairness board, month": lambda c: history.fairness(c, month),
        "fairness board, year": lambda c: history.fairness(c, year),
        "monthly table, year": lambda c: whole.monthly(c, year, datetime.now(UTC)),
        "live picture": lambda c: live.picture(c, datetime(2026, 11, 21, 18, tzinfo=UTC)),
        "last 50 calls": lambda c: c.execute(_last()).all(),
        "last 50 calls, one association": lambda c: c.execute(
            _last().where(records.c.association == "toulouse")
        ).all(),
    }
    _time(engine, pages)


def _time(engine: Engine, pages: dict[str, Callable[[Connection], object]]) -> None:
    print(f"\n{engine.dialect.name}: ms a page (middle of {TIMES}, best, middle of our processor)")
    for name, ask in pages.items():
        times, cpus = [], []
        for _ in range(TIMES):
            began, cpu = time.perf_counter(), time.process_time()
            with stores.reading(engine).begin() as connection:
                ask(connection)
            times.append(time.perf_counter() - began)
            cpus.append(time.process_time() - cpu)
        middle, processor = statistics.median(times), statistics.median(cpus)
        late = "" if min(times) < BUDGET else "   OVER"
        told = f"{middle * 1000:7.1f} {min(times) * 1000:7.1f} {processor * 1000:7.1f}"
        print(f"  {name:36} {told}{late}", flush=True)


def ingest(engine: Engine) -> None:
    """The ledger's pace beside the year, batches as in production."""
    calls = some_calls(4000, time.time_ns() % 10**6, every=0.5, people=10**6)
    events = sorted((event for call in calls for event in call.events), key=lambda event: event.at)
    lines = [event.text() for event in events]
    book, pace, held = Ledger(engine, MonthKeys(("bench" * 8,))), Pace(engine.dialect.name), []
    book.warm()
    began, done, cpus = time.perf_counter(), 0, []
    while done < len(lines):
        part, before, cpu = lines[done : done + pace.batch], time.perf_counter(), time.process_time()
        pace.timed(functools.partial(book.take, part, NOON + timedelta(days=1)))
        held.append(time.perf_counter() - before)
        cpus.append(time.process_time() - cpu)
        done += len(part)
    told = f"{len(lines) / (time.perf_counter() - began):.0f} events/s in {len(held)} batches"
    for name, spent in (("on the clock", held), ("of processor", cpus)):
        ranked = sorted(seconds * 1000 for seconds in spent)
        usual, rare, worst = ranked[len(ranked) // 2], ranked[len(ranked) * 99 // 100], ranked[-1]
        told += f"; {name} {usual:.0f} ms, 99th of 100 {rare:.0f}, slowest {worst:.0f}"
    print(f"{engine.dialect.name}: {told}")


def _last() -> object:
    return select(records).order_by(records.c.began_at.desc()).limit(50)


def _engine(url: str) -> Engine:
    env = {
        "VAR_DIR": tempfile.mkdtemp(prefix="bench-records-"),
        "DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "0" * 32,
        "SECRET_KEYS": "bench" * 8,
    }
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    return stores.engine(settings, patience_ms=3_600_000)


def _load(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    raw = connection.connection.cursor()
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    if connection.dialect.name == "postgresql":
        flags = [COLUMNS.index(name) for name in ("first", "danger", "rescued", "held")]
        partitions.ensure(connection, [rows[0][0], rows[-1][0]])  # type: ignore[list-item] # instants
        with raw.copy(f"COPY call_records ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined] # psycopg
            for row in rows:
                copy.write_row([bool(v) if i in flags else v for i, v in enumerate(row)])
        return
    marks = ", ".join("?" * len(COLUMNS))
    stamped = [(f"{row[0]:%Y-%m-%d %H:%M:%S}.000000", *row[1:]) for row in rows]
    raw.executemany(f"INSERT INTO call_records ({names}) VALUES ({marks})", stamped)


if __name__ == "__main__":
    assert Path("pyproject.toml").exists(), "run it from the project's folder"
    main()
