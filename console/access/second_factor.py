"""The second factor: a code of the telephone's application, once each, and ten codes for when it is lost."""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from datetime import datetime

import pyotp
import segno
from sqlalchemy import Connection, Engine, delete, insert, select, update

from config.sealing import Sealer, Unsealable
from config.stores import reading
from console.access.ending import end_sessions
from console.access.noted import note
from console.access.tables import accounts, identities, passkeys, recovery

STEP = 30  # seconds, RFC 6238
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else


class SecondFactor:
    """Secrets are sealed to their account's row; recovery codes are kept as keyed hashes."""

    def __init__(self, engine: Engine, keys: tuple[str, ...]) -> None:
        self._engine, self._sealer = engine, Sealer(keys, "second factor")

    def propose(self, account_id: str, sealed: str | None = None) -> tuple[str, str]:
        """A secret to set up, and its sealed form for the cookie; the one of before while it opens.

        It counts once `confirm` was given a code of it: until then what was set up before holds.
        """
        if sealed:
            with suppress(Unsealable):
                return self._opened(account_id, sealed), sealed
        secret = pyotp.random_base32()
        return secret, self._sealer.seal(secret.encode(), account_id.encode())

    def set(self, account_id: str, secret: str, now: datetime) -> None:
        """Put a secret in place as confirmed (the demonstration's accounts)."""
        with self._engine.begin() as connection:
            self._keep(connection, account_id, secret, now, 0)

    def confirm(
        self, account_id: str, code: str, sealed: str | None, now: datetime, *, keep: str = ""
    ) -> tuple[str, ...] | None:
        """The proposed secret counts from now on, and no other session but `keep`.

        The recovery codes, shown this once; None: a wrong code.
        """
        try:
            secret = self._opened(account_id, sealed or "")
        except Unsealable:
            return None
        step = _step(secret, "".join(code.split()), now, after=0)
        if step is None:
            return None
        with self._engine.begin() as connection:
            self._keep(connection, account_id, secret, now, step)
            end_sessions(connection, account_id, now, but=keep)
            note(connection, "", account_id, "codes_set")
        return self.renew_recovery(account_id)

    def proves(self, account_id: str, code: str, now: datetime) -> bool:
        """Whether this is the code of the moment, never used before, or an unused recovery code."""
        plain = "".join(code.lower().split()).replace("-", "")
        if len(plain) == 6 and plain.isdecimal():
            return self._used(account_id, plain, now)
        mine = (recovery.c.account_id == account_id) & (recovery.c.digest == _digest(account_id, plain))
        with self._engine.begin() as connection:
            spent = update(recovery).where(mine, recovery.c.used_at.is_(None)).values(used_at=now)
            if connection.execute(spent).rowcount != 1:
                return False
            note(connection, "", account_id, "recovery_used")
        return True

    def renew_recovery(self, account_id: str) -> tuple[str, ...]:
        """Ten new codes in place of the old ones, in clear this once."""
        codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
        rows = [{"account_id": account_id, "digest": _digest(account_id, code)} for code in codes]
        with self._engine.begin() as connection:
            connection.execute(delete(recovery).where(recovery.c.account_id == account_id))
            connection.execute(insert(recovery), rows)
            note(connection, "", account_id, "recovery_renewed")
        return tuple(f"{code[:5]}-{code[5:]}" for code in codes)

    def left(self, account_id: str) -> int:
        """Recovery codes not used yet."""
        query = select(recovery.c.digest).where(recovery.c.account_id == account_id)
        with reading(self._engine).connect() as connection:
            return len(connection.execute(query.where(recovery.c.used_at.is_(None))).all())

    def _used(self, account_id: str, code: str, now: datetime) -> bool:
        """The code of one step before, now or after; its step is spent in the same transaction."""
        with self._engine.begin() as connection:
            mine = accounts.c.id == account_id
            row = connection.execute(select(accounts).where(mine)).one()
            if row.totp_sealed is None or row.totp_since is None:
                return False
            step = _step(self._opened(account_id, row.totp_sealed), code, now, after=row.totp_step)
            if step is None:
                return False
            spent = update(accounts).where(mine, accounts.c.totp_step < step).values(totp_step=step)
            return connection.execute(spent).rowcount == 1

    def _keep(self, connection: Connection, account_id: str, secret: str, since: datetime, step: int) -> None:
        sealed = self._sealer.seal(secret.encode(), account_id.encode())
        values = {"totp_sealed": sealed, "totp_since": since, "totp_step": step}
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))

    def _opened(self, account_id: str, sealed: str) -> str:
        return self._sealer.unseal(sealed, account_id.encode()).decode()


def forget(connection: Connection, account_id: str) -> None:
    """No second factor any more, of no kind, and no identity: they are set up anew at the next entry."""
    gone = {"totp_sealed": None, "totp_since": None, "totp_step": 0}
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(gone))
    for table in (recovery, passkeys, identities):
        connection.execute(delete(table).where(table.c.account_id == account_id))


def picture(secret: str, email: str) -> str:
    """The QR code for the telephone's application, as a data: URI that the CSP allows for images."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="3624")
    return str(segno.make(uri, error="m").svg_data_uri(scale=5, border=4, light="#fff"))


def code_at(secret: str, now: datetime) -> str:
    """The code of this moment."""
    return pyotp.TOTP(secret).at(int(now.timestamp()))


def _step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is: the one before, of now or the next, and none that was used already."""
    totp, today = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    for step in (today - 1, today, today + 1):
        if step > after and hmac.compare_digest(totp.at(step * STEP).encode(), code.encode()):
            return step
    return None


def _digest(account_id: str, code: str) -> str:
    return hmac.digest(account_id.encode(), code.encode(), "sha256").hex()
