"""Each process tells every few seconds that it lives, in Redis, else in SQL: one look finds the dead."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from redis import Redis, RedisError
from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from config.stores import reading
from workers.operations import beats as table

KEY = "3624:beats"  # a hash: name:host:pid -> JSON
EVERY = 5.0  # seconds
FRESH = timedelta(seconds=30)  # older: it does not answer
FORGOTTEN = timedelta(minutes=10)  # older: it was stopped, and others took its place
EXPECTED = ("web", "console", "worker", "clock", "ledger", "feed")
Told = Mapping[str, str | int | float]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """One process's last word."""

    process: str  # web, clock, …
    where: str  # host:pid
    at: datetime
    told: Told


class Beats:
    """What one process beats with."""

    def __init__(
        self, redis: Redis, engine: Engine, process: str, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._redis, self._engine, self._clock = redis, engine, clock or _now
        self._name = f"{process}:{socket.gethostname()[:60]}:{os.getpid()}"

    def beat(self, **told: str | int | float) -> None:
        """Tell it. Never raises: who asks will see that nothing came."""
        now = self._clock()
        try:
            self._redis.hset(KEY, self._name, json.dumps({"at": now.isoformat(), "told": told}))
        except (RedisError, OSError):
            self._in_sql(now, told)

    def keep(self, tell: Callable[[], Told] = dict) -> threading.Event:
        """Beat in a thread until the event it returns is set, or the process ends."""
        stopped = threading.Event()

        def loop() -> None:
            while not stopped.is_set():
                self.beat(**tell())
                stopped.wait(EVERY)

        threading.Thread(target=loop, name="beats", daemon=True).start()
        return stopped

    def _in_sql(self, now: datetime, told: Told) -> None:
        row = {"process": self._name, "at": now, "told": json.dumps(dict(told))}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(table).where(table.c.process == self._name))
                connection.execute(insert(table).values(row))
        except SQLAlchemyError as fault:
            log.warning("beat_not_told", fault=type(fault).__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def heard(redis: Redis, engine: Engine, now: datetime) -> list[Beat]:
    """The last word of each process of the last minutes, by name. Raises what SQL raises."""
    found: dict[str, tuple[datetime, Told]] = {}
    try:
        for name, text in dict(redis.hgetall(KEY)).items():
            said = json.loads(text)
            found[name.decode() if isinstance(name, bytes) else name] = (
                datetime.fromisoformat(said["at"]),
                said["told"],
            )
        old = [name for name, (at, _) in found.items() if now - at > FORGOTTEN]
        if old:
            redis.hdel(KEY, *old)
    except (RedisError, OSError):
        pass  # those that beat without Redis are in SQL
    with reading(engine).begin() as connection:
        for row in connection.execute(select(table).where(table.c.at > now - FORGOTTEN)):
            if row.process not in found or row.at > found[row.process][0]:
                found[row.process] = (row.at, json.loads(row.told))
    return [
        Beat(name.partition(":")[0], name.partition(":")[2], at, told)
        for name, (at, told) in sorted(found.items())
        if now - at <= FORGOTTEN
    ]
