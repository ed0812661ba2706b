"""Accounts and their roles in SQL; passwords by argon2id, checked in the same time whoever asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.stores import reading
from console.access.ending import end_sessions
from console.access.noted import in_words, note
from console.access.roles import Grant, Role, needs_second_factor
from console.access.tables import accounts, grants, identities, passkeys

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
    codes: bool  # an application of codes is set up
    passkeys: int
    identities: int
    grants: tuple[Grant, ...]
    password: bool = True

    @property
    def second_factor(self) -> bool:
        """Whether a password alone does not open it."""
        return self.codes or self.passkeys > 0


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
        author: str = "3624",
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
                note(connection, author, account_id, "account_made", after=" ; ".join(map(in_words, roles)))
        except IntegrityError:
            raise AccountRefused("Un compte existe déjà pour cette adresse.") from None
        return account_id

    def proven(self, email: str, password: str) -> Account | None:
        """The account, if this is its password; it takes as long when it is not, or when there is none."""
        query = _whole().where(accounts.c.email == email.strip().lower())
        with reading(self._engine).connect() as connection:
            row = connection.execute(query).one_or_none()
            found = _account(row, _grants_of(connection, row.id)) if row else None
        stored = row.password if row and row.password else _NOBODY
        right = _matches(stored, password[:LONGEST])
        if found is None or not (right and found.active and found.ready):
            return None
        if _hasher.check_needs_rehash(stored):
            with self._engine.begin() as connection:
                _hashed(connection, found.id, password)
        return found

    def by_id(self, account_id: str) -> Account | None:
        """One account."""
        return self._one(accounts.c.id == account_id)

    def by_email(self, email: str) -> Account | None:
        """One account."""
        return self._one(accounts.c.email == email.strip().lower())

    def listed(self, association: str | None = None) -> list[Account]:
        """Everybody, or those with a role in one association, by name."""
        query = _whole().order_by(accounts.c.name)
        if association is not None:
            there = select(grants.c.account_id).where(grants.c.association == association)
            query = query.where(accounts.c.id.in_(there))
        with reading(self._engine).connect() as connection:
            rows = connection.execute(query).all()
            held: dict[str, list[Grant]] = {}
            for row in connection.execute(select(grants)):
                held.setdefault(row.account_id, []).append(_grant(row))
        return [_account(row, tuple(held.get(row.id, ()))) for row in rows]

    def set_password(self, account_id: str, password: str, now: datetime, *, keep: str = "") -> None:
        """Another password, and no other session but `keep`. `AccountRefused` for one easily guessed."""
        problem = password_problem(password)
        if problem:
            raise AccountRefused(problem)
        with self._engine.begin() as connection:
            _hashed(connection, account_id, password)
            end_sessions(connection, account_id, now, but=keep)
            note(connection, "", account_id, "password_set")

    def set_active(self, account_id: str, active: bool, now: datetime, author: str) -> None:
        """Shut an account, ending its sessions at once, or open it again."""
        with self._engine.begin() as connection:
            mine = update(accounts).where(accounts.c.id == account_id, accounts.c.active != active)
            if not connection.execute(mine.values(active=active)).rowcount:
                return
            if not active:
                end_sessions(connection, account_id, now, author=author)
            note(connection, author, account_id, "account_opened" if active else "account_shut")

    def give(self, account: Account, grant: Grant, now: datetime, author: str) -> bool:
        """One more role. False when it was there. Whoever needs a second factor from now on enters anew."""
        if not grant.sound:
            raise AccountRefused("Choisissez un rôle, et l'association s'il en demande une.")
        try:
            with self._engine.begin() as connection:
                _write_grants(connection, account.id, (grant,))
                note(connection, author, account.id, "role_given", after=in_words(grant))
                if needs_second_factor((grant,)) and not account.second_factor:
                    end_sessions(connection, account.id, now, author=author)
        except IntegrityError:
            return False
        return True

    def take(self, account_id: str, grant: Grant, author: str) -> bool:
        """One role less, from the next request on. False when it was not there."""
        mine = (grants.c.account_id == account_id) & (grants.c.role == grant.role.value)
        mine &= grants.c.association == (grant.association or "")
        with self._engine.begin() as connection:
            if not connection.execute(grants.delete().where(mine)).rowcount:
                return False
            chain = grant.association or ""
            note(connection, author, account_id, "role_taken", before=in_words(grant), also=chain)
        return True

    def _one(self, which: ColumnElement[bool]) -> Account | None:
        with reading(self._engine).connect() as connection:
            row = connection.execute(_whole().where(which)).one_or_none()
            return _account(row, _grants_of(connection, row.id)) if row else None


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


def _whole() -> Select[Any]:
    """Accounts, with how many passkeys and identities each has."""
    counts = [
        select(func.count()).where(table.c.account_id == accounts.c.id).scalar_subquery().label(table.name)
        for table in (passkeys, identities)
    ]
    return select(accounts, *counts)


def _hashed(connection: Connection, account_id: str, password: str) -> None:
    changed = update(accounts).where(accounts.c.id == account_id)
    connection.execute(changed.values(password=_hasher.hash(password)))


def _write_grants(connection: Connection, account_id: str, roles: tuple[Grant, ...]) -> None:
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
        bool(row.password or row.console_passkeys or row.console_identities),
        row.totp_since is not None,
        row.console_passkeys,
        row.console_identities,
        held,
        row.password is not None,
    )


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
