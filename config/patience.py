"""Limits that hold when the other side is frozen: a circuit breaker and a PostgreSQL with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from redis import RedisError

T = TypeVar("T")


class Breaker:
    """Answers with a default, at once, while what it guards is known to be broken. Thread-safe.

    After `failures` faults in a row it stays open for `rest` seconds; then one caller alone tries, half-open,
    and its success closes it again. Only `faults` count: a mistake of ours still raises.
    """

    def __init__(
        self,
        *,
        failures: int = 1,
        rest: float = 2.0,
        faults: tuple[type[Exception], ...] = (RedisError, OSError),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures, self._rest, self._faults, self._clock = failures, rest, faults, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def closed(self) -> bool:
        """Whether all is well as far as is known."""
        return self._opened_at is None

    def call(self, ask: Callable[[], T], default: T) -> T:
        """Return what `ask` returns, or `default` when it fails or is not to be tried now."""
        if not self._may_try():
            return default
        try:
            answer = ask()
        except self._faults:
            self._note_failure()
            return default
        except BaseException:
            self._note_success()  # it was reached: the fault is the caller's own
            raise
        self._note_success()
        return answer

    def _may_try(self) -> bool:
        with self._lock:
            if self._opened_at is None:
                return True
            if self._probing or self._clock() - self._opened_at < self._rest:
                return False
            self._probing = True
            return True

    def _note_failure(self) -> None:
        with self._lock:
            self._failed += 1
            self._probing = False
            if self._failed >= self._failures:
                self._opened_at = self._clock()

    def _note_success(self) -> None:
        with self._lock:
            self._failed, self._opened_at, self._probing = 0, None, False


class PatientConnection(psycopg.Connection[Any]):
    """A PostgreSQL connection that gives a statement up, and itself with it, when no answer comes in time.

    `statement_timeout` is kept by the server: a server that is frozen, or behind a dead link, keeps nothing.
    """

    patience = 5.0  # seconds

    @classmethod
    def within(cls, seconds: float, **wanted: Any) -> Self:
        """Connect. The library waits two seconds at least for a server that accepts and then says nothing."""
        connection = cls.connect(**{"connect_timeout": max(2, round(seconds))} | wanted)
        # The server's own limit speaks first, and leaves the connection usable.
        connection.patience = seconds + 0.05
        return connection

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Drive one exchange with the server. Raises `psycopg.OperationalError` when the time is up."""
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.patience)
        except psycopg.Error as fault:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # It may still be at it: nothing more can be asked of this connection.
                self.pgconn.finish()
                raise psycopg.OperationalError("no answer from the database in time") from fault
            raise
