"""Bearer tokens: made once and shown once, kept as a hash, scoped to an association or to the federation."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine, insert, select, update

from config.journal import FEDERATION, Change, append
from config.stores import reading
from console.api.tables import tokens

MARK = "sos3624"  # so that a scanner of leaked secrets knows one
VALID = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of one; never the secret. `association` None sees everything."""

    id: str
    label: str
    association: str | None
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def lives(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and now < self.expires_at


class Tokens:
    """The table of tokens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, label: str, association: str | None, now: datetime, valid: timedelta = VALID) -> str:
        """A new token; the text is told here and never again."""
        token_id = secrets.token_hex(6)
        text = f"{MARK}_{token_id}_{secrets.token_urlsafe(32)}"
        row = {"id": token_id, "digest": _digest(text), "label": label[:120], "association": association}
        with self._engine.begin() as connection:
            connection.execute(insert(tokens).values(row | {"made_at": now, "expires_at": now + valid}))
            after = f"jusqu'au {now + valid:%d/%m/%Y}"
            change = Change(
                association or FEDERATION, "token_made", f"Jeton {token_id} : {label[:120]}", after=after
            )
            append(connection, "sos3624", [change])
        return text

    def bearer(self, text: str, now: datetime) -> Token | None:
        """Whose it is; None when it is unknown, revoked or out of date."""
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != MARK:
            return None
        with reading(self._engine).begin() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == parts[1])).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, _digest(text)):
            return None
        found = _token(row)
        return found if found.lives(now) else None

    def revoke(self, token_id: str, now: datetime) -> bool:
        """It opens nothing from now on. False when there is none, or it was revoked already."""
        statement = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        with self._engine.begin() as connection:
            if connection.execute(statement.values(revoked_at=now)).rowcount != 1:
                return False
            row = connection.execute(select(tokens).where(tokens.c.id == token_id)).one()
            subject = f"Jeton {token_id} : {row.label}"
            append(connection, "sos3624", [Change(row.association or FEDERATION, "token_revoked", subject)])
        return True

    def listed(self) -> Sequence[Token]:
        """All of them, the newest first."""
        with reading(self._engine).begin() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.made_at.desc())).all()
        return [_token(row) for row in rows]


def _token(row: object) -> Token:
    return Token(**{name: getattr(row, name) for name in Token.__slots__})


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
