"""What nobody has told us for too long: leases over, unknown attempts ripe for judgement, late rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, exists, or_, select, update

from config.stores import database_now, reading
from workers.callbacks import policy
from workers.callbacks.callback import CLOSED, ON_A_LEG, WAITING, Cause, State
from workers.callbacks.fence import Link
from workers.callbacks.notices import Notice, owe
from workers.callbacks.tables import attempts, callbacks, notices
from workers.callbacks.timing import Timing
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

AT_ONCE = 50
INSTANTS = ("due_at", "lease_until", "settle_at", "changed_at")
CLOCKS_AGREE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Lapse:
    """One attempt to ask the carrier about."""

    link: Link
    state: State
    to: str = field(repr=False)
    caller_id: str
    call_sid: str | None
    reserved_at: datetime


class Lapses:
    """Reads and renews; times are the database's."""

    def __init__(self, engine: Engine, vault: Vault, timing: Timing) -> None:
        self._engine, self._vault, self._timing = engine, vault, timing

    def due(self) -> list[str]:
        """Ids of call-backs to ring the bell for, most urgent first."""
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            query = (
                select(callbacks.c.id)
                .where(callbacks.c.state.in_(sorted(WAITING)), callbacks.c.due_at <= now)
                .order_by(callbacks.c.order_at)
                .limit(AT_ONCE)
            )
            return list(connection.scalars(query))

    def undo_clock_jump(self) -> int:
        """Rows written by a clock that was ahead would sleep until it is right: they are moved back."""
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            query = select(callbacks).where(
                callbacks.c.changed_at > now + CLOCKS_AGREE, callbacks.c.state.not_in(sorted(CLOSED))
            )
            rows = connection.execute(query).all()
        for row in rows:
            ahead = row.changed_at - now
            moved = {
                name: getattr(row, name) for name in ("due_at", "lease_until", "settle_at", "changed_at")
            }
            values = {name: instant - ahead for name, instant in moved.items() if instant}
            same = (callbacks.c.id == row.id) & (callbacks.c.changed_at == row.changed_at)
            with self._engine.begin() as connection:
                connection.execute(update(callbacks).where(same).values(values))
        return len(rows)

    def to_unknown(self) -> int:
        """Reservations whose worker has died: the carrier may have been asked."""
        query = select(callbacks.c.id, callbacks.c.token).where(callbacks.c.state == State.DIALLING.value)
        with reading(self._engine).begin() as connection:
            over = callbacks.c.lease_until <= database_now(connection)
            rows = connection.execute(query.where(over)).all()
        moved = 0
        for row in rows:
            with self._engine.begin() as connection:
                now = database_now(connection)
                changes: dict[str, Any] = {"settle_at": now + self._timing.settle, "lease_until": None}
                moved += move(connection, Cause.UNCERTAIN, row.id, now, held=row.token, **changes)
        return moved

    def to_ask(self) -> list[Lapse]:
        """Attempts to ask the carrier about: settled unknown ones, and legs without news."""
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            silent = callbacks.c.state.in_(sorted(ON_A_LEG)) & (callbacks.c.lease_until <= now)
            settled = (callbacks.c.state == State.UNKNOWN.value) & (callbacks.c.settle_at <= now)
            query = (
                select(callbacks.c.state, attempts)
                .join(attempts, attempts.c.token == callbacks.c.token)
                .where(or_(silent, settled))
                .limit(AT_ONCE)
            )
            return [self._lapse(row) for row in connection.execute(query).all()]

    def bound(self, sids: list[str]) -> set[str]:
        """Which of these calls are some attempt's already."""
        with reading(self._engine).begin() as connection:
            return set(connection.scalars(select(attempts.c.call_sid).where(attempts.c.call_sid.in_(sids))))

    def wait_more(self, lapse: Lapse) -> None:
        """The carrier could not say, or the leg lives: ask again a little later."""
        with self._engine.begin() as connection:
            later = database_now(connection) + self._timing.again
            held = callbacks.c.token == lapse.link.token
            column = "settle_at" if lapse.state is State.UNKNOWN else "lease_until"
            connection.execute(
                update(callbacks).where(held, callbacks.c.state == lapse.state.value).values({column: later})
            )

    def hand_to_people(self) -> int:
        """Rows too late or rung too often go to the human list; those a day on it expire."""
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            overdue = or_(
                callbacks.c.rings >= policy.MOST_RINGS,
                callbacks.c.due_at < now - policy.LATEST,
                # A patient who was rung and missed is in the policy's hands (5, 20, 60 minutes), not late.
                (callbacks.c.promised_by < now)
                & (callbacks.c.asked_at < now - policy.LATEST)
                & (callbacks.c.tries == 0),
            )
            late = select(callbacks.c.id).where(callbacks.c.state.in_(sorted(WAITING)), overdue)
            old = select(callbacks.c.id).where(
                callbacks.c.state == State.HUMAN.value, callbacks.c.changed_at < now - policy.ON_THE_LIST
            )
            causes = [(found, Cause.GIVEN_UP) for found in connection.scalars(late).all()]
            causes += [(found, Cause.EXPIRED) for found in connection.scalars(old).all()]
        moved = 0
        for callback_id, cause in causes:
            with self._engine.begin() as connection:
                moved += move(connection, cause, callback_id, database_now(connection))
        return moved

    def warn_of_delay(self) -> int:
        """Patients whose promise will be missed are told before it is."""
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            told = exists().where(
                notices.c.callback_id == callbacks.c.id, notices.c.kind == Notice.LATE.value
            )
            query = select(callbacks.c.id, callbacks.c.asked_at, callbacks.c.promised_by).where(
                callbacks.c.state.in_(sorted({*WAITING, State.HUMAN})),
                callbacks.c.first_rung_at.is_(None),
                callbacks.c.promised_by < now + policy.WARNED_BEFORE,
                callbacks.c.promised_by > now - policy.WARNED_BEFORE,
                ~told,
            )
            rows = connection.execute(query.order_by(callbacks.c.promised_by).limit(AT_ONCE)).all()
        late = [row.id for row in rows if policy.warned_at(row.asked_at, row.promised_by) <= now]
        for callback_id in late:
            with self._engine.begin() as connection:
                owe(connection, callback_id, Notice.LATE, now)
        return len(late)

    def _lapse(self, row: Row[Any]) -> Lapse:
        return Lapse(
            Link(row.callback_id, row.token),
            State(row.state),
            self._vault.unseal(row.to_sealed, "attempts", "to", row.token),
            row.caller_id,
            row.call_sid,
            row.reserved_at,
        )
