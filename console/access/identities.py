"""Identities of OpenID Connect providers, linked to accounts: they open what exists and never make any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.stores import reading
from console.access.noted import note
from console.access.tables import identities


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity, as its owner sees it."""

    provider: str
    added_at: datetime
    used_at: datetime | None


class Identities:
    """A provider's name, and the claim its configuration names (for Pro Santé Connect the RPPS)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def account_of(self, provider: str, subject: str, now: datetime) -> str | None:
        """The account this identity opens."""
        mine = (identities.c.provider == provider) & (identities.c.subject == subject)
        with self._engine.begin() as connection:
            connection.execute(update(identities).where(mine).values(used_at=now))
            found: str | None = connection.scalar(select(identities.c.account_id).where(mine))
        return found

    def link(self, account_id: str, provider: str, subject: str, now: datetime) -> bool:
        """Link it. False when it is linked already, to this account or another's."""
        row = {"provider": provider, "subject": subject, "account_id": account_id, "added_at": now}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(identities).values(row))
                note(connection, "", account_id, "identity_linked", after=provider)
        except IntegrityError:
            return False
        return True

    def unlink(self, account_id: str, provider: str) -> bool:
        """This provider opens the account no more."""
        mine = (identities.c.account_id == account_id) & (identities.c.provider == provider)
        with self._engine.begin() as connection:
            if not connection.execute(delete(identities).where(mine)).rowcount:
                return False
            note(connection, "", account_id, "identity_unlinked", before=provider)
        return True

    def of(self, account_id: str) -> list[Identity]:
        """An account's identities."""
        query = select(identities).where(identities.c.account_id == account_id)
        with reading(self._engine).connect() as connection:
            rows = connection.execute(query.order_by(identities.c.added_at)).all()
        return [Identity(row.provider, row.added_at, row.used_at) for row in rows]
