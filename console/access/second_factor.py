"""The second factor: a code of the telephone's application, once each, and ten codes for when it is lost."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp
import segno
from sqlalchemy import Connection, Engine, delete, insert, select, update

from config.sealing import Sealer
from config.stores import reading
from console.access.tables import accounts, recovery

STEP = 30  # seconds, RFC 6238
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else


class SecondFactor:
    """Secrets are sealed to their account's row; recovery codes are kept as keyed hashes."""

    def __init__(self, engine: Engine, keys: tuple[str, ...]) -> None:
        self._engine, self._sealer = engine, Sealer(keys, "second factor")

    def propose(self, account_id: str) -> str:
        """The secret being set up, made when there is none yet; it counts once `confirm` was given a code."""
        with self._engine.begin() as connection:
            mine = accounts.c.id == account_id
            row = connection.execute(select(accounts.c.totp_sealed, accounts.c.totp_since).where(mine)).one()
            if row.totp_sealed and row.totp_since is None:
                return self._opened(account_id, row.totp_sealed)
            secret = pyotp.random_base32()
            self._keep(connection, account_id, secret, None)
        return secret

    def set(self, account_id: str, secret: str, now: datetime) -> None:
        """Put a secret in place as confirmed (the demonstration's accounts)."""
        with self._engine.begin() as connection:
            self._keep(connection, account_id, secret, now)

    def confirm(self, account_id: str, code: str, now: datetime) -> tuple[str, ...] | None:
        """The secret counts from now on; the recovery codes, shown this once. None: the code is wrong."""
        if not self._used(account_id, code, now):
            return None
        with self._engine.begin() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(totp_since=now))
        return self.renew_recovery(account_id)

    def proves(self, account_id: str, code: str, now: datetime) -> bool:
        """Whether this is the code of the moment, never used before, or an unused recovery code."""
        plain = "".join(code.lower().split()).replace("-", "")
        if len(plain) == 6 and plain.isdecimal():
            return self._used(account_id, plain, now)
        mine = (recovery.c.account_id == account_id) & (recovery.c.digest == _digest(account_id, plain))
        with self._engine.begin() as connection:
            spent = update(recovery).where(mine, recovery.c.used_at.is_(None)).values(used_at=now)
            return connection.execute(spent).rowcount == 1

    def renew_recovery(self, account_id: str) -> tuple[str, ...]:
        """Ten new codes in place of the old ones, in clear this once."""
        codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
        rows = [{"account_id": account_id, "digest": _digest(account_id, code)} for code in codes]
        with self._engine.begin() as connection:
            connection.execute(delete(recovery).where(recovery.c.account_id == account_id))
            connection.execute(insert(recovery), rows)
        return tuple(f"{code[:5]}-{code[5:]}" for code in codes)

    def left(self, account_id: str) -> int:
        """Recovery codes not used yet."""
        query = select(recovery.c.digest).where(recovery.c.account_id == account_id)
        with reading(self._engine).connect() as connection:
            return len(connection.execute(query.where(recovery.c.used_at.is_(None))).all())

    def forget(self, account_id: str) -> None:
        """No second factor any more: it is set up anew at the next entry."""
        gone = {"totp_sealed": None, "totp_since": None, "totp_step": 0}
        with self._engine.begin() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(gone))
            connection.execute(delete(recovery).where(recovery.c.account_id == account_id))

    def _used(self, account_id: str, code: str, now: datetime) -> bool:
        """The code of one step before, now or after; its step is spent in the same transaction."""
        with self._engine.begin() as connection:
            mine = accounts.c.id == account_id
            row = connection.execute(select(accounts.c.totp_sealed, accounts.c.totp_step).where(mine)).one()
            if row.totp_sealed is None:
                return False
            totp, today = pyotp.TOTP(self._opened(account_id, row.totp_sealed)), int(now.timestamp()) // STEP
            for step in (today - 1, today, today + 1):
                if step > row.totp_step and hmac.compare_digest(totp.at(step * STEP), code):
                    connection.execute(update(accounts).where(mine).values(totp_step=step))
                    return True
        return False

    def _keep(self, connection: Connection, account_id: str, secret: str, since: datetime | None) -> None:
        sealed = self._sealer.seal(secret.encode(), account_id.encode())
        values = {"totp_sealed": sealed, "totp_since": since, "totp_step": 0}
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))

    def _opened(self, account_id: str, sealed: str) -> str:
        return self._sealer.unseal(sealed, account_id.encode()).decode()


def picture(secret: str, email: str) -> str:
    """The QR code for the telephone's application, as a data: URI that the CSP allows for images."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="3624")
    return str(segno.make(uri, error="m").svg_data_uri(scale=5, border=4, light="#fff"))


def code_at(secret: str, now: datetime) -> str:
    """The code of this moment."""
    return pyotp.TOTP(secret).at(int(now.timestamp()))


def _digest(account_id: str, code: str) -> str:
    return hmac.digest(account_id.encode(), code.encode(), "sha256").hex()
