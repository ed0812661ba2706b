"""Taking a booking in the middle of a call: committed in SQL or on disk before anything is promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.patience import Breaker
from config.sealing import Sealer
from config.settings import Settings
from routing.numbers import callable_problem
from workers.callbacks import policy
from workers.callbacks.callback import Booked, Booking, Callback
from workers.callbacks.spool import Spool
from workers.callbacks.store import Callbacks, NumberTaken
from workers.callbacks.vault import Vault

log = structlog.get_logger()
FAULTS = (SQLAlchemyError, OSError)


class NotBooked(Exception):
    """Neither the database nor the disk took it, or the number may not be rung: nothing may be promised."""


class Bookings:
    """What the voice says yes with. `engine` must be impatient (200 ms); `bell` rings RQ with an id."""

    def __init__(self, engine: Engine, vault: Vault, spool: Spool, bell: Callable[[str], None]) -> None:
        self._callbacks, self._spool, self._bell = Callbacks(engine, vault), spool, bell
        # A frozen database costs one call its patience, not all; longer than `Awaited` takes to look again.
        self.sql = Breaker(faults=FAULTS, rest=5.0)

    @classmethod
    def of(cls, settings: Settings, engine: Engine, bell: Callable[[str], None]) -> Self:
        """Wired with the service's keys and directory."""
        spool = Spool(settings.var_dir / "bookings", Sealer(settings.secret_keys, "booking spool"))
        return cls(engine, Vault.of(settings.secret_keys), spool, bell)

    def book(self, booking: Booking) -> Booked:
        """Commit, then ring the bell; the bell's silence harms nothing. Raises `NotBooked`."""
        if callable_problem(booking.number) is not None:
            raise NotBooked("this number may not be rung")
        booked = self.sql.call(lambda: self._callbacks.book(booking), None)
        if booked is None:
            return self._kept(booking)
        self._ring(booked.id)
        return booked

    def open_for(self, number: str) -> Callback | None:
        """The open call-back of a number; None also when the database cannot say in time."""
        return self.sql.call(lambda: self._callbacks.open_for(number), None)

    def ahead_of(self, callback: Callback) -> int | None:
        """How many are rung before this one; None when the database cannot say in time."""
        return self.sql.call(lambda: self._callbacks.ahead_of(callback), None)

    def cancel(self, callback_id: str) -> bool | None:
        """True: cancelled. False: closed already or the phone is ringing. None: the database is away."""
        return self.sql.call(lambda: self._callbacks.cancel(callback_id), None)

    def change_number(self, callback_id: str, number: str) -> bool | None:
        """True: changed. False: not now, or not that number. None: the database is away."""
        if callable_problem(number) is not None:
            return False
        try:
            return self.sql.call(lambda: self._callbacks.change_number(callback_id, number), None)
        except NumberTaken:
            return False

    def _kept(self, booking: Booking) -> Booked:
        # Without the database nothing is known of doctors and queue: only the latest may be told.
        promise = policy.promise(policy.Outlook(0, 0, ()), booking.asked_at)
        try:
            self._spool.keep(booking, promise)
        except OSError as fault:
            raise NotBooked("neither the database nor the disk took it") from fault
        log.warning("booking_spooled", callback_id=booking.id)
        return Booked(booking.id, promise, existing=False, spooled=True)

    def _ring(self, callback_id: str) -> None:
        try:
            self._bell(callback_id)
        except Exception as fault:  # the sweeper rings it; the caller must not hear of it
            log.warning("bell_silent", callback_id=callback_id, fault=type(fault).__name__)


def again(booking: Booking) -> Booking:
    """The same call books once more, after cancelling."""
    return replace(booking, occurrence=booking.occurrence + 1)
