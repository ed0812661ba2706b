"""Codes typed on a telephone by somebody registered: kept as scrypt, locked after five wrong ones."""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from datetime import timedelta

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Engine, Table, select, update

from config.stores import database_now

WRONG = 5
LOCKED_FOR = timedelta(minutes=15)
SHAPE = re.compile(r"\d{4,8}")


def hashed(pin: str) -> str:
    """What is stored of a code."""
    salt = os.urandom(16)
    return f"scrypt${b64encode(salt).decode()}${b64encode(_scrypt(salt).derive(pin.encode())).decode()}"


def proves(engine: Engine, table: Table, row_id: str, pin: str) -> bool:
    """Whether the code is this row's (columns active, pin_hash, failed_pins, locked_until). Five wrong ones
    lock it for a quarter of an hour, the right one included."""
    with engine.begin() as connection:
        now = database_now(connection)
        row = connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
        if row is None or not row.active or (row.locked_until and row.locked_until > now):
            return False
        right = _matches(pin, row.pin_hash)
        failed = 0 if right else row.failed_pins + 1
        locked = now + LOCKED_FOR if failed >= WRONG else None
        counted = {"failed_pins": 0 if locked else failed, "locked_until": locked}
        connection.execute(update(table).where(table.c.id == row_id).values(counted))
    return right


def _scrypt(salt: bytes) -> Scrypt:
    return Scrypt(salt=salt, length=32, n=2**14, r=8, p=1)


def _matches(pin: str, stored: str) -> bool:
    _, salt, derived = stored.split("$")
    try:
        _scrypt(b64decode(salt)).verify(pin.encode(), b64decode(derived))
    except InvalidKey:
        return False
    return True
