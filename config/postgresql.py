"""A PostgreSQL connection with a deadline of its own: only loaded where PostgreSQL is used."""

from __future__ import annotations

from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")


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
