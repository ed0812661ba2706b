"""Accounts and their roles in SQL; passwords by argon2id, checked in the same time whoever asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.stores import reading
from console.access.roles import Grant, Role
from console.access.tables import accounts, grants, sessions

SHORTEST, LONGEST = 12, 128  # characters (ASVS 6.2.1)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_hasher = PasswordHasher()  # RFC 9106, second choice: 64 MiB, 3 passes
# Judged where there is no such account, so that its absence does not answer sooner.
_NOBODY = _hasher.hash("nobody has this password")
# What guessers try first; the service's own words too.
_COMMON = ("motdepasse", "azerty", "qwerty", "123456", "sosmedecins", "sos medecins", "password", "3624")


class AccountRefused(ValueError):
    """The account cannot be so; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person."""

    id: str
    email: str
    name: str
    active: bool
    demonstration: bool
    ready: bool  # the invitation was taken up
    second_factor: bool
    grants: tuple[Grant, ...]


class Accounts:
    """The register of accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        email: str,
        name: str,
        roles: tuple[Grant, ...],
        now: datetime,
        *,
        password: str | None = None,
        demonstration: bool = False,
    ) -> str:
        """A new account and its id; without a password it waits for its invitation. `AccountRefused`."""
        email, name = email.strip().lower(), name.strip()
        if not _EMAIL.fullmatch(email) or len(email) > 254:
            raise AccountRefused("L'adresse électronique n'est pas complète : prenom.nom@exemple.fr.")
        if not 1 <= len(name) <= 120:
            raise AccountRefused("Donnez un nom, de 120 caractères au plus.")
        if not roles or not all(grant.sound for grant in roles):
            raise AccountRefused("Choisissez un rôle, et l'association s'il en demande une.")
        account_id = str(uuid4())
        row = {
            "id": account_id,
            "email": email,
            "name": name,
            "password": _hasher.hash(password) if password else None,
            "totp_step": 0,
            "active": True,
            "demonstration": demonstration,
            "made_at": now,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(accounts).values(row))
                _write_grants(connection, account_id, roles)
        except IntegrityError:
            raise AccountRefused("Un compte existe déjà pour cette adresse.") from None
        return account_id

    def proven(self, email: str, password: str) -> Account | None:
        """The account, if this is its password; it takes as long when it is not, or when there is none."""
        query = select(accounts).where(accounts.c.email == email.strip().lower())
        with reading(self._engine).connect() as connection:
            row = connection.execute(query).one_or_none()
            found = _account(row, _grants_of(connection, row.id)) if row else None
        stored = row.password if row and row.password else _NOBODY
        right = _matches(stored, password[:LONGEST])
        if found is None or not (right and found.active and found.ready):
            return None
        if _hasher.check_needs_rehash(stored):
            self.set_password(found.id, password)
        return found

    def by_id(self, account_id: str) -> Account | None:
        """One account."""
        with reading(self._engine).connect() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
            return _account(row, _grants_of(connection, row.id)) if row else None

    def by_email(self, email: str) -> Account | None:
        """One account."""
        with reading(self._engine).connect() as connection:
            wanted = accounts.c.email == email.strip().lower()
            row = connection.execute(select(accounts).where(wanted)).one_or_none()
            return _account(row, _grants_of(connection, row.id)) if row else None

    def listed(self) -> list[Account]:
        """Everybody, by name."""
        with reading(self._engine).connect() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.name)).all()
            held: dict[str, list[Grant]] = {}
            for row in connection.execute(select(grants)):
                held.setdefault(row.account_id, []).append(_grant(row))
        return [_account(row, tuple(held.get(row.id, ()))) for row in rows]

    def set_password(self, account_id: str, password: str) -> None:
        """Another password. Raises `AccountRefused` for one that is easily guessed."""
        problem = password_problem(password)
        if problem:
            raise AccountRefused(problem)
        changed = update(accounts).where(accounts.c.id == account_id)
        with self._engine.begin() as connection:
            connection.execute(changed.values(password=_hasher.hash(password)))

    def set_active(self, account_id: str, active: bool, now: datetime) -> None:
        """Shut an account, ending its sessions at once, or open it again."""
        with self._engine.begin() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(active=active))
            if not active:
                mine = (sessions.c.account_id == account_id) & sessions.c.ended_at.is_(None)
                connection.execute(update(sessions).where(mine).values(ended_at=now))


def password_problem(password: str) -> str | None:
    """Why this password will not do, in French; None when it will."""
    if len(password) < SHORTEST:
        return f"Le mot de passe doit avoir {SHORTEST} caractères au moins ; une phrase convient bien."
    if len(password) > LONGEST:
        return f"Le mot de passe doit avoir {LONGEST} caractères au plus."
    plain = password.lower()
    if len(set(plain)) < 5 or any(plain.replace(word, "").strip(" 0123456789!.-") == "" for word in _COMMON):
        return "Ce mot de passe se devine : choisissez une phrase que vous seul connaissez."
    return None


def grants_from(connection: Connection, account_id: str) -> tuple[Grant, ...]:
    """An account's roles, inside somebody else's transaction."""
    return _grants_of(connection, account_id)


def _grants_of(connection: Connection, account_id: str) -> tuple[Grant, ...]:
    return tuple(map(_grant, connection.execute(select(grants).where(grants.c.account_id == account_id))))


def _write_grants(connection: Connection, account_id: str, roles: tuple[Grant, ...]) -> None:
    connection.execute(delete(grants).where(grants.c.account_id == account_id))
    rows = [
        {"account_id": account_id, "role": grant.role.value, "association": grant.association or ""}
        for grant in dict.fromkeys(roles)
    ]
    connection.execute(insert(grants), rows)


def _grant(row: Row[Any]) -> Grant:
    return Grant(Role(row.role), row.association or None)


def _account(row: Row[Any], held: tuple[Grant, ...]) -> Account:
    return Account(
        row.id,
        row.email,
        row.name,
        row.active,
        row.demonstration,
        row.password is not None,
        row.totp_since is not None,
        held,
    )


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
