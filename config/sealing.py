"""Authenticated encryption with key rotation, and keyed hashes that stand for a phone number."""

from __future__ import annotations

import hmac
import os
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes, the length AES-GCM is specified for
TAG = 16


class Unsealable(Exception):
    """The text was not sealed by any of our keys for this purpose and context; why is not said."""


class Sealer:
    """Seals with the first key and opens what any of the keys sealed. Thread-safe.

    A sealed text is base64url(key id byte, nonce, AES-256-GCM of the plain bytes). Each purpose has keys of
    its own (HKDF), so that a text sealed for one use cannot be replayed in another; `context` binds it to its
    place, a table, column and row id for instance. Nonces are random: fine up to 2**32 texts a key and
    purpose (NIST SP 800-38D), some 60 years of 3624.
    """

    def __init__(self, keys: tuple[str, ...], purpose: str) -> None:
        derived = [derive(key, "seal " + purpose) for key in keys]
        self._ring = [(sha256(key).digest()[:1], AESGCM(key)) for key in derived]

    def seal(self, plain: bytes, context: bytes = b"") -> str:
        """Return a URL-safe text, 29 bytes and a third longer than `plain`."""
        key_id, cipher = self._ring[0]
        nonce = os.urandom(NONCE)
        sealed = key_id + nonce + cipher.encrypt(nonce, plain, key_id + context)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def unseal(self, text: str, context: bytes = b"") -> bytes:
        """Return what was sealed under the same purpose and context. Raises `Unsealable`, nothing else."""
        sealed = _decoded(text)
        key_id, nonce, secret = sealed[:1], sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        for known, cipher in self._ring:
            if known == key_id:
                try:
                    return cipher.decrypt(nonce, secret, key_id + context)
                except InvalidTag:
                    continue  # two keys may share an id byte
        raise Unsealable


class Pseudonyms:
    """Keyed hashes of phone numbers. The *last* key makes them: a new current key must not change who is who.

    Taking that oldest key away changes every hash: do it when nothing recorded under it is still open.
    """

    def __init__(self, keys: tuple[str, ...], purpose: str = "numbers") -> None:
        self._secret = derive(keys[-1], "pseudonym " + purpose)

    def of(self, number: str, month: str) -> str:
        """Return a number's pseudonym for a month ("2026-11"), 16 hex digits; months cannot be joined up."""
        return self._hash(f"{month}|{number}")[:16]

    def index(self, number: str) -> str:
        """Return a number's stable keyed hash, 32 hex digits, to be compared in SQL."""
        return self._hash(f"index|{number}")[:32]

    def _hash(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), sha256).hex()


def derive(key: str, purpose: str) -> bytes:
    """Return 32 bytes made of a service's key for one purpose alone."""
    return HKDF(algorithm=SHA256(), length=32, salt=b"3624", info=purpose.encode()).derive(key.encode())


def _decoded(text: str) -> bytes:
    try:
        sealed = b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (NotBase64, UnicodeEncodeError, ValueError):
        raise Unsealable from None
    if len(sealed) < 1 + NONCE + TAG:
        raise Unsealable
    return sealed
