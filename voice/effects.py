"""The effects of a step: a promise committed, changed or cancelled, an open one found."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.patience import Breaker
from config.sealing import Unsealable
from routing.geography.places import Places, time_zone
from routing.model import Need
from voice import flow, prompts
from voice.call import (
    BookCallback,
    Booked,
    Call,
    CancelCallback,
    Cancelled,
    Event,
    NotBooked,
    OpenCallback,
    Turn,
    World,
)
from workers.callbacks import callback
from workers.callbacks.booking import Bookings
from workers.callbacks.booking import NotBooked as Refused
from workers.callbacks.store import Callbacks, NumberTaken

PARIS = "Europe/Paris"
log = structlog.get_logger(__name__)


class Effects:
    """Carries out what the flow asks for, within the voice path's patience."""

    def __init__(self, bookings: Bookings, callbacks: Callbacks, places: Places) -> None:
        self._bookings, self._callbacks, self._places = bookings, callbacks, places
        # A database that does not answer is not asked again by every caller: the call goes on without it.
        self._breaker = Breaker(faults=(SQLAlchemyError, OSError, Unsealable))

    def open_callback(self, caller: str | None, now: datetime) -> OpenCallback | None:
        """The promise this caller already has; None too when the database cannot be asked in time."""
        if caller is None:
            return None

        def ask() -> OpenCallback | None:
            found = self._callbacks.open_for(caller)
            if found is None:
                return None
            spoken = self._spoken(found.promise, found.commune, now)
            return OpenCallback(found.id, spoken, self._callbacks.ahead_of(found), found.commune)

        return self._breaker.call(ask, default=None)

    def carry_out(self, turn: Turn, world: World) -> Turn:
        """The turn with its effect replaced by what came of it. The flow never asks for two in a row."""
        effect = turn.instructions[-1] if turn.instructions else None
        if isinstance(effect, BookCallback):
            event = self._book(effect.call, world)
        elif isinstance(effect, CancelCallback):
            event = self._cancel(effect.call)
        else:
            return turn
        then = flow.advance(effect.call, event, world)
        return Turn(
            then.call, turn.instructions[:-1] + then.instructions, turn.facts + then.facts, then.decision
        )

    def _book(self, call: Call, world: World) -> Event:
        if call.callback is not None:
            return self._change(call, world)
        booking = callback.Booking(
            call_sid=call.sid,
            number=call.number or "",
            need=call.need or Need.ADVICE,
            asked_at=world.now,
            waiting_since=datetime.fromtimestamp(call.began, UTC),
            commune=call.place.commune if call.place else None,
            association=call.association,
            age=call.age,
            video=call.video,
        )
        try:
            booked = self._bookings.book(booking)
        except Refused:
            log.error("callback_not_booked")
            return NotBooked()
        return Booked(self._spoken(booked.promise, booking.commune, world.now))

    def _change(self, call: Call, world: World) -> Event:
        """The open call-back rings another number from now on, and keeps its place."""
        try:
            self._callbacks.change_number(call.callback or "", call.number or "")
            found = self._callbacks.get(call.callback or "")
        except (SQLAlchemyError, NumberTaken, Unsealable):
            return NotBooked()
        if found is None or found.number != call.number:
            return NotBooked()
        return Booked(self._spoken(found.promise, found.commune, world.now))

    def _cancel(self, call: Call) -> Event:
        try:
            cancelled = self._callbacks.cancel(call.callback or "")
        except SQLAlchemyError:
            return NotBooked()
        return Cancelled() if cancelled else NotBooked()

    def _spoken(self, promise: callback.Promise, commune: str | None, now: datetime) -> str:
        """The promise on the clock of the patient's own place."""
        place = self._places.commune(commune) if commune else None
        zone = ZoneInfo(time_zone(place) if place else PARIS)
        return prompts.promise(promise.by.astimezone(zone), now.astimezone(zone), promise.measured)
