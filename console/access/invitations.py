"""Invitations and ways back in: a link that serves once, for three days."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Engine, insert, select, update

from config.stores import reading
from console.access.tables import invitations

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
        return secret

    def of(self, secret: str, now: datetime) -> str | None:
        """The account this link is for, while it serves."""
        query = select(invitations.c.account_id).where(_serves(secret, now))
        with reading(self._engine).connect() as connection:
            found: str | None = connection.scalar(query)
        return found

    def use(self, secret: str, now: datetime) -> bool:
        """Take it up. False when it served already."""
        with self._engine.begin() as connection:
            used = update(invitations).where(_serves(secret, now)).values(used_at=now)
            return connection.execute(used).rowcount == 1


def _serves(secret: str, now: datetime) -> ColumnElement[bool]:
    mine = invitations.c.digest == _digest(secret)
    return mine & invitations.c.used_at.is_(None) & (invitations.c.expires_at > now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
