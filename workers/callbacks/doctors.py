"""Doctors who ring patients back: registered number and PIN, on and off duty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.journal import FEDERATION, Change, append
from config.stores import database_now, reading
from routing.numbers import callable_problem
from workers import pins
from workers.callbacks.tables import doctors, duties
from workers.callbacks.vault import Vault

LONGEST_DUTY = timedelta(hours=12)  # a forgotten « fin » must not leave a phone ringing the next morning

Beside = Callable[[Connection], None]  # what is written in the transaction of the change itself


def _nothing(_connection: Connection) -> None:
    """Where nothing is written beside."""


def noted(by: str, action: str, label: str, association: str | None, after: str = "") -> Beside:
    """A line of the journal, without the number, for the transaction that changes this doctor."""

    def written(connection: Connection) -> None:
        change = Change(association or FEDERATION, action, f"Médecin de rappel {label}", after=after)
        append(connection, by, [change])

    return written


class DoctorRefused(ValueError):
    """The registration cannot be; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """A registered doctor."""

    id: str
    label: str
    number: str = field(repr=False)  # E.164
    association: str | None  # slug; None: the national pool
    on_duty_until: datetime | None


class Doctors:
    """The register and the duty list; times are the database's."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def register(
        self, label: str, number: str, pin: str, association: str | None, beside: Beside = _nothing
    ) -> str:
        """Add a doctor and return their id; `beside` in the same transaction. Raises `DoctorRefused`."""
        if callable_problem(number) is not None:
            raise DoctorRefused("ce numéro ne peut être appelé : donnez un numéro français à dix chiffres")
        if not pins.SHAPE.fullmatch(pin):
            raise DoctorRefused("le code est de 4 à 8 chiffres")
        doctor_id = str(uuid4())
        values = {
            "id": doctor_id,
            "label": label,
            "association": association,
            "number_sealed": self._vault.seal(number, "doctors", "number", doctor_id),
            "number_index": self._vault.index(number),
            "pin_hash": pins.hashed(pin),
            "failed_pins": 0,
            "active": True,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(doctors).values(values))
                beside(connection)
        except IntegrityError:
            raise DoctorRefused("ce numéro est déjà celui d'un médecin inscrit") from None
        return doctor_id

    def strike_off(self, doctor_id: str, beside: Beside = _nothing) -> bool:
        """No doctor of ours any more: off duty, and the number forgotten. False when there is no such one."""
        with self._engine.begin() as connection:
            connection.execute(
                update(duties).where(_open(doctor_id)).values(ended_at=database_now(connection))
            )
            # Call-backs they made name the row, so it stays; its number's place is free for another.
            forgotten = {"active": False, "number_sealed": "", "number_index": doctor_id}
            mine = (doctors.c.id == doctor_id) & doctors.c.active
            gone = connection.execute(update(doctors).where(mine).values(forgotten)).rowcount == 1
            if gone:
                beside(connection)
        return gone

    def recognised(self, number: str) -> Doctor | None:
        """Whose number this is, if it is an active doctor's."""
        found = self._rows(doctors.c.number_index == self._vault.index(number))
        return found[0] if found else None

    def get(self, doctor_id: str) -> Doctor | None:
        """The active doctor of this id."""
        return next(iter(self._rows(doctors.c.id == doctor_id)), None)

    def listed(self) -> list[Doctor]:
        """Every active doctor, those on duty with the end of it."""
        return self._rows(doctors.c.active)

    def proves(self, doctor_id: str, pin: str) -> bool:
        """Whether the code is this doctor's."""
        return pins.proves(self._engine, doctors, doctor_id, pin)

    def begin_duty(
        self, doctor_id: str, lasting: timedelta = LONGEST_DUTY, beside: Beside = _nothing
    ) -> datetime:
        """On duty from now; saying it again prolongs it. Returns when it ends by itself."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            until = now + min(lasting, LONGEST_DUTY)
            prolonged = update(duties).where(_open(doctor_id)).values(until=until)
            if connection.execute(prolonged).rowcount == 0:
                connection.execute(
                    insert(duties).values(id=str(uuid4()), doctor_id=doctor_id, began_at=now, until=until)
                )
            beside(connection)
        return until

    def end_duty(self, doctor_id: str, beside: Beside = _nothing) -> bool:
        """Off duty. False when they were not on."""
        with self._engine.begin() as connection:
            ended = update(duties).where(_open(doctor_id)).values(ended_at=database_now(connection))
            if connection.execute(ended).rowcount == 0:
                return False
            beside(connection)
        return True

    def close_forgotten(self) -> int:
        """End the duties whose time is over, each with its line in the journal."""
        over = duties.c.ended_at.is_(None)
        with reading(self._engine).begin() as connection:
            forgotten = select(duties.c.id, doctors.c.label, doctors.c.association).join(doctors)
            query = forgotten.where(over, duties.c.until <= database_now(connection))
            found = connection.execute(query).all()
        ended = 0
        for row in found:
            beside = noted("3624", "duty_ended", row.label, row.association, "au bout de la durée prévue")
            with self._engine.begin() as connection:
                mine = (duties.c.id == row.id) & over & (duties.c.until <= database_now(connection))
                closed = update(duties).where(mine).values(ended_at=duties.c.until)
                if connection.execute(closed).rowcount == 1:
                    beside(connection)
                    ended += 1
        return ended

    def _rows(self, condition: Any) -> list[Doctor]:
        with reading(self._engine).begin() as connection:
            now = database_now(connection)
            found = connection.execute(_with_duty(now).where(doctors.c.active, condition)).all()
        return [self._doctor(row) for row in found]

    def _doctor(self, row: Row[Any]) -> Doctor:
        number = self._vault.unseal(row.number_sealed, "doctors", "number", row.id)
        return Doctor(row.id, row.label, number, row.association, row.until)


def on_duty(connection: Connection, now: datetime) -> list[Row[Any]]:
    """Rows of `doctors` that are on duty now."""
    return list(connection.execute(_with_duty(now).where(doctors.c.active, duties.c.id.is_not(None))).all())


def _with_duty(now: datetime) -> Any:
    current = and_(duties.c.doctor_id == doctors.c.id, duties.c.ended_at.is_(None), duties.c.until > now)
    return select(doctors, duties.c.until).outerjoin(duties, current).order_by(doctors.c.label)


def _open(doctor_id: str) -> Any:
    return and_(duties.c.doctor_id == doctor_id, duties.c.ended_at.is_(None))
