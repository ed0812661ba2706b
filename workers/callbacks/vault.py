"""Phone numbers at rest: sealed in their own row and column, found again by a keyed hash."""

from __future__ import annotations

from typing import Self

from config.sealing import Pseudonyms, Sealer


class Vault:
    """Seals and finds numbers. A sealed number moved to another row or column does not open."""

    def __init__(self, sealer: Sealer, pseudonyms: Pseudonyms) -> None:
        self._sealer, self._pseudonyms = sealer, pseudonyms

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> Self:
        """With the service's keys (`settings.secret_keys`)."""
        return cls(Sealer(keys, "callbacks"), Pseudonyms(keys))

    def seal(self, number: str, table: str, column: str, row: str) -> str:
        """The text to store."""
        return self._sealer.seal(number.encode(), _place(table, column, row))

    def unseal(self, sealed: str, table: str, column: str, row: str) -> str:
        """The E.164 number. Raises `Unsealable`."""
        return self._sealer.unseal(sealed, _place(table, column, row)).decode()

    def index(self, number: str) -> str:
        """What stands for the number in an index."""
        return self._pseudonyms.index(number)


def _place(table: str, column: str, row: str) -> bytes:
    return f"{table}|{column}|{row}".encode()
