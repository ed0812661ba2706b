"""Passkeys: registered, named, proved, removed. What a telephone or a computer signs; nothing to be told."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from config.settings import Settings
from config.stores import reading
from console.access.noted import note
from console.access.tables import challenges, passkeys

ASKED = timedelta(minutes=5)
MOST = 10  # of one account
LONGEST = 16 * 1024  # characters of an answer


class PasskeyRefused(ValueError):
    """The key cannot be kept, or proves nothing; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One key, as its owner sees it."""

    id: str
    name: str
    added_at: datetime
    used_at: datetime | None


class Passkeys:
    """Keys are bound to the host of `CONSOLE_URL`; each challenge serves once and is kept in SQL."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        parts = urlsplit(settings.console_url)
        self._host, self._origin = parts.hostname or "", f"{parts.scheme}://{parts.netloc}"

    def to_register(self, account_id: str, email: str, name: str, now: datetime) -> tuple[str, str]:
        """(what the browser is asked, the challenge for the cookie)."""
        challenge = self._challenge(now)
        options = generate_registration_options(
            rp_id=self._host,
            rp_name="3624",
            user_id=account_id.encode(),
            user_name=email,
            user_display_name=name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=self._described(account_id),
        )
        return options_to_json(options), bytes_to_base64url(challenge)

    def register(self, account_id: str, name: str, answer: str, challenge: str, now: datetime) -> None:
        """Keep a new key. Raises `PasskeyRefused`."""
        expected = self._spent(challenge, now)
        try:
            made = verify_registration_response(
                credential=_read(answer),
                expected_challenge=expected,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except WebAuthnException:
            raise PasskeyRefused("Cette clé n'a pas répondu comme attendu. Recommencez.") from None
        credential = bytes_to_base64url(made.credential_id)
        row = {
            "id": str(uuid4()),
            "account_id": account_id,
            "digest": _digest(credential),
            "credential": credential,
            "public_key": bytes_to_base64url(made.credential_public_key),
            "sign_count": made.sign_count,
            "name": _named(name),
            "added_at": now,
        }
        try:
            with self._engine.begin() as connection:
                held = select(passkeys.c.id).where(passkeys.c.account_id == account_id)
                if len(connection.execute(held).all()) >= MOST:
                    raise PasskeyRefused(f"{MOST} clés au plus : retirez d'abord une ancienne.")
                connection.execute(insert(passkeys).values(row))
                note(connection, "", account_id, "passkey_added", after=str(row["name"]))
        except IntegrityError:
            raise PasskeyRefused("Cette clé est déjà enregistrée.") from None

    def to_enter(self, account_id: str | None, now: datetime) -> tuple[str, str]:
        """(what the browser is asked, the challenge): for one account's keys, or for any of this console."""
        challenge = self._challenge(now)
        options = generate_authentication_options(
            rp_id=self._host,
            challenge=challenge,
            allow_credentials=self._described(account_id) if account_id else None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options), bytes_to_base64url(challenge)

    def prove(self, answer: str, challenge: str, now: datetime) -> str:
        """The account whose key signed this challenge. Raises `PasskeyRefused`.

        The owner was verified by the device (finger, face, PIN): the key alone is two factors.
        """
        expected, said = self._spent(challenge, now), _read(answer)
        unknown = PasskeyRefused("Cette clé n'est pas connue ici. Entrez autrement, puis ajoutez-la.")
        row = self._row(str(said.get("id", "")))
        if row is None:
            raise unknown
        try:
            proved = verify_authentication_response(
                credential=said,
                expected_challenge=expected,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(row.public_key),
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
        except WebAuthnException:
            raise unknown from None
        used = update(passkeys).where(passkeys.c.id == row.id, passkeys.c.sign_count == row.sign_count)
        with self._engine.begin() as connection:
            if not connection.execute(used.values(sign_count=proved.new_sign_count, used_at=now)).rowcount:
                raise unknown  # removed, or used elsewhere, in this very moment
        return str(row.account_id)

    def of(self, account_id: str) -> list[Passkey]:
        """An account's keys, the oldest first."""
        query = select(passkeys).where(passkeys.c.account_id == account_id).order_by(passkeys.c.added_at)
        with reading(self._engine).connect() as connection:
            rows = connection.execute(query).all()
        return [Passkey(row.id, row.name, row.added_at, row.used_at) for row in rows]

    def rename(self, account_id: str, passkey_id: str, name: str) -> bool:
        """Another name for one of one's own keys."""
        with self._engine.begin() as connection:
            mine = (passkeys.c.account_id == account_id) & (passkeys.c.id == passkey_id)
            before = connection.scalar(select(passkeys.c.name).where(mine))
            if before is None:
                return False
            connection.execute(update(passkeys).where(mine).values(name=_named(name)))
            note(connection, "", account_id, "passkey_renamed", before, _named(name))
        return True

    def remove(self, account_id: str, passkey_id: str) -> bool:
        """One of one's own keys opens nothing any more."""
        with self._engine.begin() as connection:
            mine = (passkeys.c.account_id == account_id) & (passkeys.c.id == passkey_id)
            before = connection.scalar(select(passkeys.c.name).where(mine))
            if before is None:
                return False
            connection.execute(delete(passkeys).where(mine))
            note(connection, "", account_id, "passkey_removed", before)
        return True

    def _challenge(self, now: datetime) -> bytes:
        made = secrets.token_bytes(32)
        with self._engine.begin() as connection:
            connection.execute(delete(challenges).where(challenges.c.expires_at < now))
            row = {"digest": _digest(bytes_to_base64url(made)), "expires_at": now + ASKED}
            connection.execute(insert(challenges).values(row))
        return made

    def _spent(self, challenge: str, now: datetime) -> bytes:
        """The challenge, which serves no second time."""
        mine = (challenges.c.digest == _digest(challenge)) & (challenges.c.expires_at > now)
        with self._engine.begin() as connection:
            if not connection.execute(delete(challenges).where(mine)).rowcount:
                raise PasskeyRefused("La demande est trop ancienne. Recommencez.")
        return base64url_to_bytes(challenge)

    def _row(self, credential: str) -> Row[Any] | None:
        query = select(passkeys).where(passkeys.c.digest == _digest(credential))
        with reading(self._engine).connect() as connection:
            return connection.execute(query).one_or_none()

    def _described(self, account_id: str) -> list[PublicKeyCredentialDescriptor]:
        query = select(passkeys.c.credential).where(passkeys.c.account_id == account_id)
        with reading(self._engine).connect() as connection:
            found = connection.scalars(query).all()
        return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in found]


def _read(answer: str) -> dict[str, Any]:
    try:
        said = json.loads(answer[:LONGEST])
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise PasskeyRefused("Le navigateur n'a rien donné. Recommencez.")
    return said


def _named(name: str) -> str:
    return " ".join(name.split())[:60] or "Clé d'accès"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
