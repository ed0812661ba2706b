"""The months' pseudonym keys: random, kept in SQL only, and destroyed on time.

Voice hashes a number under a key derived from SECRET_KEYS, so that it needs no database. What the ledger
stores is that hash hashed again under the month's own random key: once this key is destroyed, nobody who
holds SECRET_KEYS and a number can tell whose call it was, and the month is anonymous.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select, update

from config.sealing import Pseudonyms, Sealer
from workers.records.events import Event
from workers.records.tables import pseudonym_keys

LENGTH = 16  # hexadecimal digits of a stored pseudonym


class MonthKeys:
    """The keys, sealed under SECRET_KEYS in their table."""

    def __init__(self, secret_keys: tuple[str, ...]) -> None:
        self._sealer = Sealer(secret_keys, "pseudonym key")
        self._voice = Pseudonyms(secret_keys)

    def keeping(self, connection: Connection) -> Callable[[Event], Event]:
        """What turns events into how they are kept, the caller's pseudonym hashed again, in a transaction."""
        known: dict[str, bytes | None] = {}

        def stored(event: Event) -> Event:
            told = dict(event.data)
            if not told.get("who"):
                return event
            month = event.at.strftime("%Y-%m")
            if month not in known:
                known[month] = self._key(connection, month, event.at)
            key = known[month]
            told["who"] = _hash(key, str(told["who"])) if key else None
            return Event(event.id, event.call, event.name, event.at, tuple(told.items()))

        return stored

    def who(self, connection: Connection, number: str, month: str) -> str | None:
        """A number's pseudonym in a month ("2026-11"); None where its key is gone or never was."""
        key = self._key(connection, month)
        return _hash(key, self._voice.of(number, month)) if key else None

    def months(self, connection: Connection) -> list[str]:
        """The months whose key lives."""
        query = select(pseudonym_keys.c.month).where(pseudonym_keys.c.key_sealed.is_not(None))
        return list(connection.scalars(query.order_by(pseudonym_keys.c.month)))

    def destroy(self, connection: Connection, before: str, now: datetime) -> int:
        """Destroy the keys of the months before this one; returns how many."""
        statement = (
            update(pseudonym_keys)
            .where(pseudonym_keys.c.month < before, pseudonym_keys.c.key_sealed.is_not(None))
            .values(key_sealed=None, destroyed_at=now)
        )
        return int(connection.execute(statement).rowcount)

    def _key(self, connection: Connection, month: str, made_at: datetime | None = None) -> bytes | None:
        row = connection.execute(select(pseudonym_keys).where(pseudonym_keys.c.month == month)).one_or_none()
        if row is not None:
            return self._sealer.unseal(row.key_sealed.decode(), month.encode()) if row.key_sealed else None
        if made_at is None:
            return None
        key = os.urandom(32)
        sealed = self._sealer.seal(key, month.encode()).encode()
        connection.execute(
            pseudonym_keys.insert().values(month=month, key_sealed=sealed, made_at=made_at, destroyed_at=None)
        )
        return key


def _hash(key: bytes, who: str) -> str:
    return hmac.digest(key, who.encode(), sha256).hex()[:LENGTH]
