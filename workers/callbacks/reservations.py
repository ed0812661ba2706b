"""Reserving the most urgent call-back and a telephone for it, committed before anything is dialled."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from config.stores import database_now, reading
from routing.model import Target
from workers.callbacks.callback import WAITING, Attempt, Callback, Cause
from workers.callbacks.doctors import on_duty
from workers.callbacks.policy import PASS_PAUSE
from workers.callbacks.pool import Post, Route, Situation, choose
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import attempts, callbacks
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

CHOICES = 4  # another worker may be as fast, and choose the same
LOOKED_AT = 30  # rows considered at once: the most urgent may have every telephone busy
A_DAY = timedelta(days=1)
Routes = Callable[[Callback, datetime], Route]


@dataclass(frozen=True, slots=True)
class Reservation:
    """A row and a telephone that are ours until the lease is over."""

    callback: Callback
    attempt: Attempt


class Reservations:
    """Takes rows, one transaction each. `routes` is the rule book's word on who answers where."""

    def __init__(
        self, engine: Engine, vault: Vault, routes: Routes, caller_id: str, lease: timedelta
    ) -> None:
        self._engine, self._vault, self._routes = engine, vault, routes
        self._caller_id, self._lease = caller_id, lease
        self._callbacks = Callbacks(engine, vault)

    def take(self) -> Reservation | None:
        """Reserve the most urgent row for which a telephone is free; None when there is none.

        It is chosen while reading, so that nobody waits for the choice, and reserved in one short write: the
        conditional update and the partial indexes refuse what another worker took in between.
        """
        for _ in range(CHOICES):
            chosen = self._choice()
            if chosen is None:
                return None
            with self._engine.begin() as connection:
                attempt = self._reserve(connection, *chosen, database_now(connection))
            if attempt:
                return Reservation(chosen[0], attempt)
        return None

    def _choice(self) -> tuple[Callback, Post, str] | None:
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            rows = _due(connection, now)
            if not rows:
                return None
            situation = self._situation(connection, rows, now)
        for row in rows:
            callback = self._callbacks.unsealed(row)
            route = self._routes(callback, now)
            desks = [self._desk(target) for target in route.desks if target.phone.startswith("+")]
            post = choose(callback, row.number_index, route, desks, situation)
            if post:
                return callback, post, route.caller_id or self._caller_id
        return None

    def _desk(self, target: Target) -> Post:
        return Post(target.phone, self._vault.index(target.phone), association=target.association)

    def _reserve(
        self, connection: Connection, callback: Callback, post: Post, caller_id: str, now: datetime
    ) -> Attempt | None:
        token = secrets.token_hex(16)
        attempt = Attempt(
            token,
            callback.id,
            post.number,
            caller_id,
            post.doctor_id,
            now,
            None,
            None,
        )
        try:
            with connection.begin_nested():
                changes: dict[str, Any] = {
                    "token": token,
                    "lease_until": now + self._lease,
                    "rings": callback.rings + 1,
                }
                if not move(connection, Cause.RESERVED, callback.id, now, **changes):
                    return None
                connection.execute(insert(attempts).values(self._row(attempt, post)))
        except IntegrityError:
            return None  # another worker has this telephone: PostgreSQL's two at a time
        return attempt

    def _row(self, attempt: Attempt, post: Post) -> dict[str, Any]:
        return {
            "token": attempt.token,
            "callback_id": attempt.callback_id,
            "doctor_id": attempt.doctor_id,
            "to_sealed": self._vault.seal(attempt.to, "attempts", "to", attempt.token),
            "to_index": post.index,
            "caller_id": attempt.caller_id,
            "unresolved": True,
            "rank": 0,
            "reserved_at": attempt.reserved_at,
        }

    def _situation(self, connection: Connection, rows: list[Row[Any]], now: datetime) -> Situation:
        last = _last_rung(connection, now)
        duty = sorted(on_duty(connection, now), key=lambda doctor: last.get(doctor.id, now - A_DAY))
        return Situation(
            on_duty=[self._doctor(doctor) for doctor in duty],
            busy=_busy(connection),
            unresolved=_unresolved(connection),
            passed=_passed(connection, (row.id for row in rows), now),
        )

    def _doctor(self, row: Row[Any]) -> Post:
        number = self._vault.unseal(row.number_sealed, "doctors", "number", row.id)
        return Post(number, row.number_index, row.id, row.association)


def _due(connection: Connection, now: datetime) -> list[Row[Any]]:
    query = (
        select(callbacks)
        .where(callbacks.c.state.in_(sorted(WAITING)), callbacks.c.due_at <= now)
        .order_by(callbacks.c.order_at)
        .limit(LOOKED_AT)
    )
    return list(connection.execute(query).all())


def _busy(connection: Connection) -> set[str]:
    query = select(attempts.c.doctor_id).where(
        attempts.c.ended_at.is_(None), attempts.c.doctor_id.is_not(None)
    )
    return set(connection.scalars(query))


def _unresolved(connection: Connection) -> set[str]:
    return set(connection.scalars(select(attempts.c.to_index).where(attempts.c.unresolved)))


def _last_rung(connection: Connection, now: datetime) -> dict[str, datetime]:
    query = select(attempts.c.doctor_id, func.max(attempts.c.reserved_at)).where(
        attempts.c.doctor_id.is_not(None), attempts.c.reserved_at > now - A_DAY
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(attempts.c.doctor_id))}


def _passed(connection: Connection, ids: Iterable[str], now: datetime) -> dict[str, set[str]]:
    query = select(attempts.c.callback_id, attempts.c.to_index).where(
        attempts.c.callback_id.in_(list(ids)),
        attempts.c.ended_at > now - PASS_PAUSE,
        attempts.c.accepted_at.is_(None),
        attempts.c.disposition.is_not(None),  # throttled, or never found at the carrier: nobody was asked
    )
    passed: dict[str, set[str]] = defaultdict(set)
    for callback_id, index in connection.execute(query):
        passed[callback_id].add(index)
    return passed
