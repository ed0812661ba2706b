"""Files encrypted as they are written, chunk by chunk: a backup of any size in a few megabytes of memory.

A coffer is MAGIC, a key id byte, 16 bytes of salt, then chunks: AES-256-GCM under a key made of the service's
key and the salt, the nonce being the chunk's number and whether it is the last (Rogaway's STREAM). So nothing
can be changed, moved, repeated or cut off unseen.
"""

from __future__ import annotations

import os
import struct
from hashlib import sha256
from io import RawIOBase
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.sealing import TAG, Unsealable, derive

MAGIC = b"3624\x01"
CHUNK = 1024 * 1024
SALT = 16


class CofferWriter(RawIOBase):
    """Encrypts what is written to `under`; `close` writes the last chunk and leaves `under` open."""

    def __init__(self, under: BinaryIO, keys: tuple[str, ...]) -> None:
        salt = os.urandom(SALT)
        self._under, self._cipher, self._number, self._held = under, _cipher(keys[0], salt), 0, bytearray()
        under.write(MAGIC + _id(keys[0]) + salt)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: object) -> int:
        """Take it all."""
        taken = bytes(data)  # type: ignore[call-overload] # any buffer
        self._held += taken
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(taken)

    def close(self) -> None:
        """Write what is held as the last chunk."""
        if not self.closed:
            self._put(bytes(self._held), last=True)
            super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._under.write(self._cipher.encrypt(_nonce(self._number, last), plain, None))
        self._number += 1


class CofferReader(RawIOBase):
    """Decrypts what `CofferWriter` wrote. Raises `Unsealable` for another key, a change or a cut."""

    def __init__(self, under: BinaryIO, keys: tuple[str, ...]) -> None:
        head = under.read(len(MAGIC) + 1 + SALT)
        name, salt = head[len(MAGIC) : len(MAGIC) + 1], head[len(MAGIC) + 1 :]
        ring = [_cipher(key, salt) for key in keys if _id(key) == name]
        if not head.startswith(MAGIC) or len(salt) != SALT or not ring:
            raise Unsealable
        self._under, self._ring, self._number = under, ring, 0
        self._ahead, self._held, self._over = under.read(CHUNK + TAG), b"", False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer from the current chunk, or the next."""
        while not self._held and not self._over:
            self._held = self._next()
        view = memoryview(buffer)  # type: ignore[arg-type] # any buffer
        given, self._held = self._held[: len(view)], self._held[len(view) :]
        view[: len(given)] = given
        return len(given)

    def _next(self) -> bytes:
        sealed, self._ahead = self._ahead, self._under.read(CHUNK + TAG)
        self._over = not self._ahead
        nonce = _nonce(self._number, self._over)
        self._number += 1
        for cipher in self._ring:
            try:
                plain = cipher.decrypt(nonce, sealed, None)
            except InvalidTag:
                continue  # two keys may share an id byte
            self._ring = [cipher]
            return plain
        raise Unsealable


def _id(key: str) -> bytes:
    return sha256(derive(key, "coffer id")).digest()[:1]


def _cipher(key: str, salt: bytes) -> AESGCM:
    return AESGCM(derive(key, "coffer " + salt.hex()))


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">QI", number, last)
