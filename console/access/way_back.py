"""A way back in at 3 a.m.: asked for at the entrance, granted once, by somebody else who knows the voice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Engine, insert, select, update

from config.sealing import Pseudonyms
from config.stores import reading
from console.access.noted import note
from console.access.tables import accounts, way_backs

ASKED = timedelta(minutes=30)
GRANTED = timedelta(minutes=10)  # to enter, once it was granted
CODE = 6  # digits


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks, as those who may grant see it. The code is not among it: the person says it."""

    account: str
    name: str
    email: str
    asked_at: datetime
    known: bool  # from where the account has entered before


class WayBacks:
    """Several may ask for one account at the same time: a stranger's asking takes nobody else's away."""

    def __init__(self, engine: Engine, keys: tuple[str, ...]) -> None:
        self._engine, self._codes = engine, Pseudonyms(keys, "way back")

    def ask(self, account_id: str | None, known: bool, now: datetime) -> tuple[str, str]:
        """(the secret for the asker's cookie, the code to say): the same where there is no such account."""
        secret, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**CODE):0{CODE}}"
        if account_id is not None:
            row = {
                "digest": _digest(secret),
                "account_id": account_id,
                "code": self._codes.index(f"{account_id} {code}"),
                "known": known,
                "asked_at": now,
                "expires_at": now + ASKED,
            }
            with self._engine.begin() as connection:
                connection.execute(insert(way_backs).values(row))
                note(connection, "", account_id, "way_back_asked")
        return secret, code

    def asking(self, accounts_of: list[str], now: datetime) -> list[Asking]:
        """Who of these accounts asks now and was not answered yet, the newest first."""
        waits = way_backs.c.granted_by.is_(None) & _open(now)
        query = (
            select(way_backs, accounts.c.name, accounts.c.email)
            .join(accounts, accounts.c.id == way_backs.c.account_id)
            .where(waits, way_backs.c.account_id.in_(accounts_of))
            .order_by(way_backs.c.asked_at.desc())
        )
        with reading(self._engine).connect() as connection:
            rows = connection.execute(query).all()
        return [Asking(row.account_id, row.name, row.email, row.asked_at, row.known) for row in rows]

    def grant(self, account_id: str, code: str, by: str, now: datetime) -> bool:
        """Let in whoever asked for this account and said this code. False: nobody asked with that code."""
        said = self._codes.index(f"{account_id} {''.join(code.split())}")
        theirs = (way_backs.c.account_id == account_id) & (way_backs.c.code == said)
        theirs &= way_backs.c.granted_by.is_(None) & _open(now)
        with self._engine.begin() as connection:
            granted = update(way_backs).where(theirs).values(granted_by=by, expires_at=now + GRANTED)
            if not connection.execute(granted).rowcount:
                return False
            note(connection, by, account_id, "way_back_granted")
        return True

    def refuse(self, account_id: str, by: str, now: datetime) -> bool:
        """Nobody who asks for this account now is let in."""
        theirs = (way_backs.c.account_id == account_id) & _open(now)
        with self._engine.begin() as connection:
            if not connection.execute(update(way_backs).where(theirs).values(closed_at=now)).rowcount:
                return False
            note(connection, by, account_id, "way_back_refused")
        return True

    def granted_by(self, secret: str, now: datetime) -> str | None:
        """Who granted what this asker waits for; None while nobody did."""
        query = select(way_backs.c.granted_by).where(way_backs.c.digest == _digest(secret), _open(now))
        with reading(self._engine).connect() as connection:
            found: str | None = connection.scalar(query)
        return found

    def take(self, secret: str, now: datetime) -> str | None:
        """The account, once; what else was asked for it is closed with it."""
        mine = (way_backs.c.digest == _digest(secret)) & way_backs.c.granted_by.is_not(None)
        with self._engine.begin() as connection:
            row = connection.execute(select(way_backs).where(mine, _open(now))).one_or_none()
            if row is None:
                return None
            taken = update(way_backs).where(mine, _open(now)).values(closed_at=now)
            if not connection.execute(taken).rowcount:
                return None
            others = (way_backs.c.account_id == row.account_id) & _open(now)
            connection.execute(update(way_backs).where(others).values(closed_at=now))
            note(connection, "", row.account_id, "way_back_used", f"accordé par {row.granted_by}")
            return str(row.account_id)


def _open(now: datetime) -> ColumnElement[bool]:
    return way_backs.c.closed_at.is_(None) & (way_backs.c.expires_at > now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
