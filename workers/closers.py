"""Telephones from which an association may be closed: a registered number and its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Engine, Row
from sqlalchemy.exc import IntegrityError

from config.journal import Change, append
from config.stores import reading
from routing.numbers import callable_problem
from workers import pins
from workers.callbacks.tables import Instant
from workers.callbacks.vault import Vault

_closers = sa.Table(
    "closers",
    sa.MetaData(),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("association", sa.String(64)),
    sa.Column("label", sa.String(80)),
    sa.Column("number_sealed", sa.Text),
    sa.Column("number_index", sa.String(64)),
    sa.Column("pin_hash", sa.String(120)),
    sa.Column("failed_pins", sa.Integer),
    sa.Column("locked_until", Instant),
    sa.Column("active", sa.Boolean),
)


class CloserRefused(ValueError):
    """The registration cannot be; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Closer:
    """Somebody who may close one association by telephone."""

    id: str
    association: str
    label: str
    ending: str  # the last two digits: enough to tell two telephones apart


class Closers:
    """The register. Numbers are sealed in their row, and found by a keyed hash."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def register(self, association: str, label: str, number: str, pin: str, author: str) -> str:
        """Add a telephone (E.164) and return its id. Raises `CloserRefused`."""
        if not label or len(label) > 80:
            raise CloserRefused("dites à qui est ce téléphone, en 80 caractères au plus")
        if callable_problem(number) is not None:
            raise CloserRefused("ce numéro ne convient pas : donnez un numéro français, 06…, 07… ou fixe")
        if not pins.SHAPE.fullmatch(pin):
            raise CloserRefused("le code est de 4 à 8 chiffres")
        made = str(uuid4())
        row = {
            "id": made,
            "association": association,
            "label": label,
            "number_sealed": self._vault.seal(number, "closers", "number", made),
            "number_index": self._vault.index(number),
            "pin_hash": pins.hashed(pin),
            "failed_pins": 0,
            "active": True,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(_closers.insert().values(row))
                append(connection, author, [Change(association, "closer_added", _subject(label, number))])
        except IntegrityError:
            raise CloserRefused("ce téléphone est déjà inscrit") from None
        return made

    def remove(self, closer_id: str, association: str, author: str) -> bool:
        """Forget a telephone of this association; False when it has no such one."""
        found = next((one for one in self.of(association) if one.id == closer_id), None)
        if found is None:
            return False
        with self._engine.begin() as connection:
            gone = connection.execute(_closers.delete().where(_closers.c.id == closer_id)).rowcount == 1
            if gone:
                subject = _subject(found.label, found.ending)
                append(connection, author, [Change(association, "closer_removed", subject)])
        return gone

    def of(self, association: str) -> list[Closer]:
        """An association's telephones, by whose they are."""
        return self._found(_closers.c.association == association)

    def recognised(self, number: str) -> Closer | None:
        """Whose telephone this is."""
        return next(iter(self._found(_closers.c.number_index == self._vault.index(number))), None)

    def get(self, closer_id: str) -> Closer | None:
        """The one of this id."""
        return next(iter(self._found(_closers.c.id == closer_id)), None)

    def proves(self, closer_id: str, pin: str) -> bool:
        """Whether the code is this telephone's."""
        return pins.proves(self._engine, _closers, closer_id, pin)

    def _found(self, condition: sa.ColumnElement[bool]) -> list[Closer]:
        query = sa.select(_closers).where(condition, _closers.c.active).order_by(_closers.c.label)
        with reading(self._engine).connect() as connection:
            return [self._closer(row) for row in connection.execute(query)]

    def _closer(self, row: Row[Any]) -> Closer:
        number = self._vault.unseal(row.number_sealed, "closers", "number", row.id)
        return Closer(row.id, row.association, row.label, number[-2:])


def _subject(label: str, number: str) -> str:
    return f"Téléphone de {label} (…{number[-2:]}), pour fermer d'urgence"
