"""Failed attempts slow whoever makes them and nobody else: a delay by account *and* address, never a lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select

from config.sealing import Pseudonyms
from config.stores import reading
from console.access.tables import slowdowns

FORGOTTEN = timedelta(hours=12)
LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is tried, by whom, from where; from an address the account knows, only its own failures count."""

    what: str  # "password", "code"
    account: str  # the address or id given, whether it exists or not
    address: str
    known: bool = False

    def counters(self) -> tuple[tuple[str, int], ...]:
        """(what is counted, failures free of delay)."""
        own = (f"{self.what}|{self.account}|{self.address}", 4)
        place = (f"{self.what}||{self.address}", 60)  # a whole office may sit behind one address
        if self.known:
            return (own, place)
        return (own, place, (f"{self.what}|{self.account}|", 20))


def delay(failures: int, free: int) -> timedelta:
    """How long the next attempt waits: nothing, then 2, 4, 8 … seconds, a quarter of an hour at most."""
    if failures < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free + 1, 12)), LONGEST)


class Slowing:
    """The counters, in SQL: every process sees them and a restart forgets nothing."""

    def __init__(self, engine: Engine, keys: tuple[str, ...]) -> None:
        self._engine, self._hashes = engine, Pseudonyms(keys, "console attempts")

    def address(self, plain: str) -> str:
        """What stands for an address at rest."""
        return self._hashes.index(plain)

    def wait(self, attempt: Attempt, now: datetime) -> timedelta:
        """How long this attempt must still wait; zero: it may be judged."""
        keys = [self._hashes.index(name) for name, _ in attempt.counters()]
        query = select(slowdowns.c.until).where(slowdowns.c.key.in_(keys))
        with reading(self._engine).connect() as connection:
            untils = connection.scalars(query).all()
        return max((until - now for until in untils), default=timedelta(0))

    def failed(self, attempt: Attempt, now: datetime) -> None:
        """Count it."""
        with self._engine.begin() as connection:
            connection.execute(delete(slowdowns).where(slowdowns.c.changed_at < now - FORGOTTEN))
            for name, free in attempt.counters():
                key = self._hashes.index(name)
                mine = slowdowns.c.key == key
                failures = (connection.scalar(select(slowdowns.c.failures).where(mine)) or 0) + 1
                row = {"failures": failures, "until": now + delay(failures, free), "changed_at": now}
                if connection.execute(slowdowns.update().where(mine).values(row)).rowcount == 0:
                    connection.execute(slowdowns.insert().values(key=key, **row))

    def succeeded(self, attempt: Attempt) -> None:
        """Forget what this one failed before; the others' failures stay counted."""
        names: Iterable[str] = [attempt.counters()[0][0]]
        with self._engine.begin() as connection:
            keys = [self._hashes.index(name) for name in names]
            connection.execute(delete(slowdowns).where(slowdowns.c.key.in_(keys)))
