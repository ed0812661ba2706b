"""Which numbers wait for a call-back, held in memory: an ordinary arrival asks nothing of the database."""

from __future__ import annotations

import time

from sqlalchemy import Engine, select

from config.patience import Breaker
from config.stores import reading
from workers.callbacks.tables import OPEN_STATES, callbacks
from workers.callbacks.vault import Vault

STALE = 10.0  # seconds after which the copy says "perhaps" to everybody


class Awaited:
    """One process's copy of the open call-backs' keyed hashes. `refresh` is for a background thread.

    It may say yes to a number that no longer waits (the database is then asked), and no, for the second until
    the next look, to one that another process has just booked: `Bookings.book` finds that one again.
    `breaker` is told of each look: a frozen database is then found out by this thread, not by a caller.
    """

    def __init__(self, engine: Engine, vault: Vault, breaker: Breaker) -> None:
        self._engine, self._vault, self._breaker = engine, vault, breaker
        self._held: frozenset[str] = frozenset()
        self._own: set[str] = set()  # booked here since the last look
        self._at = float("-inf")
        self.refresh()

    def perhaps(self, number: str) -> bool:
        """Whether it is worth asking the database about this number."""
        if time.monotonic() - self._at > STALE:
            return True
        mark = self._vault.index(number)
        return mark in self._held or mark in self._own

    def note(self, number: str) -> None:
        """A call-back to this number has just been promised here."""
        self._own = {*self._own, self._vault.index(number)}

    def refresh(self) -> None:
        """Ask SQL once; a fault leaves the copy as it is, and it grows old."""
        own = self._own
        held = self._breaker.look(self._waiting, None)
        if held is None:
            return
        self._held, self._at = held, time.monotonic()
        self._own = self._own - (own & held)

    def _waiting(self) -> frozenset[str]:
        with reading(self._engine).begin() as connection:
            found = connection.scalars(select(callbacks.c.number_index).where(OPEN_STATES))
            return frozenset(mark for mark in found if mark)
