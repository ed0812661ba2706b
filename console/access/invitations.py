"""Invitations and ways back in: a link that serves once, for three days."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Engine, insert, select, update

from config.stores import reading
from console.access.ending import end_sessions
from console.access.noted import note
from console.access.second_factor import forget
from console.access.tables import accounts, invitations

LASTING = timedelta(days=3)


class Invitations:
    """Only a hash of the link's secret is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, account_id: str, made_by: str, now: datetime) -> str:
        """The link's secret; an earlier link of the same account serves no more."""
        secret = secrets.token_urlsafe(24)
        row = {
            "digest": _digest(secret),
            "account_id": account_id,
            "made_by": made_by,
            "made_at": now,
            "expires_at": now + LASTING,
        }
        with self._engine.begin() as connection:
            mine = (invitations.c.account_id == account_id) & invitations.c.used_at.is_(None)
            connection.execute(update(invitations).where(mine).values(used_at=now))
            connection.execute(insert(invitations).values(row))
            note(connection, made_by, account_id, "invited")
        return secret

    def of(self, secret: str, now: datetime) -> str | None:
        """The account this link is for, while it serves."""
        query = select(invitations.c.account_id).where(_serves(secret, now))
        with reading(self._engine).connect() as connection:
            found: str | None = connection.scalar(query)
        return found

    def use(self, secret: str, now: datetime) -> bool:
        """Take it up: what opened the account before opens it no more. False when it served already."""
        with self._engine.begin() as connection:
            query = select(invitations.c.account_id).where(_serves(secret, now))
            account_id = connection.scalar(query)
            used = update(invitations).where(_serves(secret, now)).values(used_at=now)
            if account_id is None or connection.execute(used).rowcount != 1:
                return False
            forget(connection, account_id)
            emptied = update(accounts).where(accounts.c.id == account_id)
            connection.execute(emptied.values(password=None))
            end_sessions(connection, account_id, now)
            note(connection, "", account_id, "taken_up")
        return True


def _serves(secret: str, now: datetime) -> ColumnElement[bool]:
    mine = invitations.c.digest == _digest(secret)
    return mine & invitations.c.used_at.is_(None) & (invitations.c.expires_at > now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
