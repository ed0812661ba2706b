"""Call-backs in SQL: booked, found by number, cancelled, changed. The row is the truth; RQ is the bell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.stores import database_now, reading
from routing.model import Need
from routing.numbers import is_mobile
from workers.callbacks import fence, measures, outcomes, policy
from workers.callbacks.callback import (
    CLOSED,
    WAITING,
    AgeClass,
    Booked,
    Booking,
    Callback,
    Cause,
    Conclusion,
    Disposition,
    Promise,
    State,
)
from workers.callbacks.failpoints import failpoint
from workers.callbacks.notices import Notice, owe
from workers.callbacks.tables import attempts, callbacks
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

Beside = Callable[[Connection], None]  # what is written in the transaction of the change itself


class Callbacks:
    """Every method is one short transaction; times are the database's."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def book(
        self, booking: Booking, promised: Promise | None = None, *, beside: Beside | None = None
    ) -> Booked:
        """Commit a booking. Idempotent by `booking.id`; the number's open call-back wins over a new one.

        `promised` is what was already told, when the booking comes late from the spool; `beside` comes first
        in the same transaction, and what it raises undoes all of it.
        """
        try:
            return self._book(booking, promised, beside)
        except IntegrityError:
            # Two bookings for one number in the same instant (PostgreSQL): the second now finds the first.
            return self._book(booking, promised, beside)

    def open_for(self, number: str) -> Callback | None:
        """The call-back this number is waiting for."""
        with reading(self._engine).begin() as connection:
            row = self._open(connection, self._vault.index(number))
        return self.unsealed(row) if row else None

    def get(self, callback_id: str) -> Callback | None:
        """One row, open or closed."""
        with reading(self._engine).begin() as connection:
            row = connection.execute(select(callbacks).where(callbacks.c.id == callback_id)).one_or_none()
        return self.unsealed(row) if row else None

    def listed(self, states: Iterable[State], limit: int = 200) -> list[Callback]:
        """Rows in these states, in the order they will be rung."""
        query = select(callbacks).where(callbacks.c.state.in_(sorted(states)))
        with reading(self._engine).begin() as connection:
            rows = connection.execute(query.order_by(callbacks.c.order_at).limit(limit)).all()
        return [self.unsealed(row) for row in rows]

    def ahead_of(self, callback: Callback) -> int:
        """How many open call-backs come before this one."""
        place = policy.order_at(callback.waiting_since, callback.age, urgent=callback.urgent)
        with reading(self._engine).begin() as connection:
            return measures.ahead(connection, place)

    def expected(self, callback: Callback) -> Promise:
        """What could be promised now, where it was promised before; no measure for what a person holds."""
        place = policy.order_at(callback.waiting_since, callback.age, urgent=callback.urgent)
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            outlook = measures.outlook(connection, callback.association, place, now)
        return policy.promise(policy.Outlook(0, 0, ()) if callback.with_a_person else outlook, now)

    def cancel(self, callback_id: str, *, beside: Beside | None = None) -> bool:
        """The patient renounces. False when it is closed already, or the patient's own phone is ringing.

        The attempt under way ends too: its doctor is free again, and its call, if it comes, is hung up.
        `beside` is written in the same transaction.
        """
        with self._engine.begin() as connection:
            cancelled = _cancelled(connection, callback_id, database_now(connection))
            if cancelled and beside is not None:
                beside(connection)
            return cancelled

    def change_number(self, callback_id: str, number: str) -> bool:
        """Ring elsewhere, keeping the place. False while an attempt is under way or once closed.

        A landline takes no link: there it is advice. Raises `NumberTaken` when that other number has an open
        call-back of its own.
        """
        values: dict[str, Any] = self._number(callback_id, number)
        values |= {} if is_mobile(number) else {"video": False}
        statement = (
            update(callbacks)
            .where(callbacks.c.id == callback_id, callbacks.c.state.in_(sorted(WAITING | {State.HUMAN})))
            .values(values)
        )
        try:
            with self._engine.begin() as connection:
                return connection.execute(statement).rowcount == 1
        except IntegrityError as taken:
            raise NumberTaken from taken

    def settle(
        self,
        callback_id: str,
        cause: Cause,
        conclusion: Conclusion | None = None,
        *,
        beside: Beside | None = None,
    ) -> bool:
        """A person decides: `SETTLED` with what came of it, or `TAKEN_BACK`; `beside` in its transaction."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            if conclusion is not None:
                moved = outcomes.conclude(connection, callback_id, conclusion, now)
            elif cause is Cause.TAKEN_BACK:
                moved = _taken_back(connection, callback_id, now)
            else:
                moved = move(connection, cause, callback_id, now)
            if moved and beside is not None:
                beside(connection)
        return moved

    def hasten(self, callback_id: str, beside: Beside) -> bool:
        """Due at once, its place in the queue kept. False while an attempt is under way, or with a person."""
        with self._engine.begin() as connection:
            moved = _due_at_once(connection, callback_id, database_now(connection))
            if moved:
                beside(connection)
        return moved

    def forget(self, connection: Connection, number: str) -> tuple[int, int]:
        """Erase a person: their open call-back is cancelled, no row leads to the number, all stay counted.

        Inside the caller's transaction, which erases the rest and tells the journal.
        Returns (rows erased, rows left because an attempt is under way: ask again once it is over).
        """
        index = self._vault.index(number)
        mine = select(callbacks.c.id, callbacks.c.state).where(callbacks.c.number_index == index)
        now = database_now(connection)
        for row in connection.execute(mine).all():
            if row.state not in CLOSED:
                _cancelled(connection, row.id, now)
        rows = connection.execute(mine).all()
        closed = [row.id for row in rows if row.state in CLOSED]
        for one in closed:
            self._blank(connection, one, index)
        return len(closed), len(rows) - len(closed)

    def unsealed(self, row: Row[Any]) -> Callback:
        """A row as the noun. Raises `Unsealable` for a row that was tampered with."""
        return Callback(
            id=row.id,
            call_sid=row.call_sid,
            number=self._vault.unseal(row.number_sealed, "callbacks", "number", row.id),
            need=Need(row.need),
            commune=row.commune,
            association=row.association,
            age=AgeClass(row.age) if row.age else None,
            video=row.video,
            state=State(row.state),
            asked_at=row.asked_at,
            waiting_since=row.waiting_since,
            due_at=row.due_at,
            promise=Promise(row.promised_by, row.promise_measured),
            tries=row.tries,
            rings=row.rings,
            urgent=row.urgent,
            token=row.token,
            conclusion=Conclusion(row.conclusion) if row.conclusion else None,
        )

    def _book(self, booking: Booking, promised: Promise | None, beside: Beside | None) -> Booked:
        with self._engine.begin() as connection:
            if beside is not None:
                beside(connection)
            same = connection.execute(select(callbacks).where(callbacks.c.id == booking.id)).one_or_none()
            if same:
                return Booked(same.id, Promise(same.promised_by, same.promise_measured), existing=False)
            known = self._open(connection, self._vault.index(booking.number))
            now = database_now(connection)
            if known:
                _hastened(connection, known, now)
                return Booked(known.id, Promise(known.promised_by, known.promise_measured), existing=True)
            promise = promised or self._promise(connection, booking, now)
            connection.execute(insert(callbacks).values(self._new(booking, promise, now)))
            if is_mobile(booking.number):
                owe(connection, booking.id, Notice.BOOKED, now)
        failpoint("booked_committed")
        return Booked(booking.id, promise, existing=False)

    def _promise(self, connection: Connection, booking: Booking, now: datetime) -> Promise:
        place = policy.order_at(booking.waiting_since, booking.age)
        return policy.promise(measures.outlook(connection, booking.association, place, now), now)

    def _new(self, booking: Booking, promise: Promise, now: datetime) -> dict[str, Any]:
        return {
            "id": booking.id,
            "call_sid": booking.call_sid,
            **self._number(booking.id, booking.number),
            "need": booking.need.value,
            "commune": booking.commune,
            "association": booking.association,
            "age": booking.age.value if booking.age else None,
            "video": booking.video,
            "state": State.DUE.value,
            "asked_at": booking.asked_at,
            "waiting_since": booking.waiting_since,
            "order_at": policy.order_at(booking.waiting_since, booking.age),
            "due_at": min(now, booking.asked_at),
            "promised_by": promise.by,
            "promise_measured": promise.measured,
            "tries": 0,
            "rings": 0,
            "urgent": False,
            "changed_at": now,
        }

    def _number(self, callback_id: str, number: str) -> dict[str, str]:
        sealed = self._vault.seal(number, "callbacks", "number", callback_id)
        return {"number_sealed": sealed, "number_index": self._vault.index(number)}

    def _blank(self, connection: Connection, callback_id: str, index: str) -> None:
        """Nobody's number in its place: whatever reads the row still opens it, and finds nobody to ring."""
        blank = self._vault.seal("", "callbacks", "number", callback_id)
        values = {"number_sealed": blank, "number_index": f"erased:{callback_id}"}
        connection.execute(update(callbacks).where(callbacks.c.id == callback_id).values(values))
        theirs = (attempts.c.callback_id == callback_id) & (attempts.c.to_index == index)
        for token in connection.scalars(select(attempts.c.token).where(theirs)).all():
            values = {
                "to_sealed": self._vault.seal("", "attempts", "to", token),
                "to_index": f"erased:{token}",
            }
            connection.execute(update(attempts).where(attempts.c.token == token).values(values))

    @staticmethod
    def _open(connection: Connection, number_index: str) -> Row[Any] | None:
        query = select(callbacks).where(
            callbacks.c.number_index == number_index, callbacks.c.state.not_in(sorted(CLOSED))
        )
        return connection.execute(query).one_or_none()


def _cancelled(connection: Connection, callback_id: str, now: datetime) -> bool:
    """Nobody rings, and who was ringing is free."""
    token = connection.scalar(select(callbacks.c.token).where(callbacks.c.id == callback_id))
    done = move(connection, Cause.CANCELLED, callback_id, now)
    if done and token:
        fence.end(connection, fence.Link(callback_id, token), now, Disposition.CANCELED)
    return done


def _taken_back(connection: Connection, callback_id: str, now: datetime) -> bool:
    """From the human list, as if nobody had been rung for it yet."""
    fresh: dict[str, Any] = {"due_at": now, "tries": 0, "rings": 0}
    return move(connection, Cause.TAKEN_BACK, callback_id, now, **fresh)


def _due_at_once(connection: Connection, callback_id: str, now: datetime) -> bool:
    waits = (callbacks.c.id == callback_id) & callbacks.c.state.in_(sorted(WAITING))
    return connection.execute(update(callbacks).where(waits).values(due_at=now)).rowcount == 1


def _hastened(connection: Connection, known: Row[Any], now: datetime) -> None:
    """Its number was promised a call anew: no pause between two tries, and no list, keeps it waiting."""
    if not _taken_back(connection, known.id, now) and known.due_at > now:
        _due_at_once(connection, known.id, now)


class NumberTaken(Exception):
    """That number already waits for a call-back of its own."""
