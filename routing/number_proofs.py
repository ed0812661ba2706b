"""Desk numbers to which a test call has spoken a code, and somebody has read it back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from hmac import compare_digest

import sqlalchemy as sa
from sqlalchemy import Engine

from config import journal
from config.stores import database_now, reading
from routing.tables import aware
from routing.tables import number_proofs as _proofs

VALID = timedelta(minutes=15)  # from the test call to the code typed in
PAUSE = timedelta(seconds=60)  # between two test calls to one number: a desk must not be pestered
TRIES = 5  # of a million codes

Keyed = Callable[[str], str]  # HMAC under the service's key, to hex: a stolen table tells no code


class Answer(StrEnum):
    """What came of a code read back."""

    PROVED = "proved"
    WRONG = "wrong"
    EXPIRED = "expired"  # too late, too many tries, or none was asked for


class TooSoon(Exception):
    """The number was called less than `PAUSE` ago."""


def begin(engine: Engine, number: str, keyed: Keyed, by: str) -> str:
    """A fresh code of six digits for a test call to speak to this number; the one before it lapses.

    Raises `TooSoon`. A number that is proved already stays so until the new code is read back.
    """
    code = f"{secrets.randbelow(10**6):06d}"
    fresh = {"code_hash": keyed(_told(number, code)), "asked_by": by, "tries": 0}
    mine = _proofs.c.number == number
    with engine.begin() as connection:
        now = database_now(connection)
        asked_at = connection.scalar(sa.select(_proofs.c.asked_at).where(mine))
        if asked_at is None:
            connection.execute(_proofs.insert().values(number=number, asked_at=now, **fresh))
        elif aware(asked_at) + PAUSE > now:
            raise TooSoon(number)
        else:
            connection.execute(_proofs.update().where(mine).values(asked_at=now, **fresh))
    return code


def answer(engine: Engine, number: str, code: str, keyed: Keyed, by: str) -> Answer:
    """Judge a code read back. Each wrong one counts, whoever typed it."""
    mine = _proofs.c.number == number
    with engine.begin() as connection:
        now = database_now(connection)
        # Counted first, so that two tries at once cannot share one count.
        connection.execute(_proofs.update().where(mine).values(tries=_proofs.c.tries + 1))
        row = connection.execute(sa.select(_proofs).where(mine)).first()
        if row is None or row.code_hash is None or row.tries > TRIES or aware(row.asked_at) + VALID <= now:
            return Answer.EXPIRED
        if not compare_digest(row.code_hash, keyed(_told(number, code))):
            return Answer.WRONG
        proved = {"code_hash": None, "proved_at": now, "proved_by": by}
        connection.execute(_proofs.update().where(mine).values(**proved))
        change = journal.Change(journal.FEDERATION, "desk_proved", f"Poste {number} : le code dit y a été lu")
        journal.append(connection, by, [change])
    return Answer.PROVED


def proved(engine: Engine, numbers: Iterable[str]) -> frozenset[str]:
    """Those of these numbers that were ever proved."""
    asked = list(dict.fromkeys(numbers))
    with reading(engine).connect() as connection:
        told = sa.select(_proofs.c.number).where(
            _proofs.c.number.in_(asked), _proofs.c.proved_at.is_not(None)
        )
        return frozenset(connection.scalars(told)) if asked else frozenset()


def _told(number: str, code: str) -> str:
    return f"{number}:{code}"
