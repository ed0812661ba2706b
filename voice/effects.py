"""The effects of a step: a promise committed, changed or cancelled, an open one found."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from routing.geography.places import Places, time_zone
from routing.model import Need
from voice import flow
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
from workers.callbacks import callback, promise
from workers.callbacks.awaited import Awaited
from workers.callbacks.booking import Bookings
from workers.callbacks.booking import NotBooked as Refused

PARIS = "Europe/Paris"
log = structlog.get_logger(__name__)


class Effects:
    """Carries out what the flow asks for, within the voice path's patience."""

    def __init__(self, bookings: Bookings, places: Places, awaited: Awaited) -> None:
        self._bookings, self._places, self._awaited = bookings, places, awaited

    def open_callback(self, caller: str | None, now: datetime) -> OpenCallback | None:
        """The promise this caller already has; None too when the database cannot be asked in time."""
        if caller is None or not self._awaited.perhaps(caller):
            return None
        found = self._bookings.open_for(caller)
        if found is None:
            return None
        spoken = self._spoken(found.promise, found.commune, now)
        # A patient missed once is rung at an hour of its own, one whom a person rings at that person's.
        queued = found.state is not callback.State.RETRY and not found.with_a_person
        ahead = self._bookings.ahead_of(found) if queued else None
        return OpenCallback(found.id, spoken, ahead, found.commune)

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
        number = call.number or ""
        if call.callback is not None:
            return self._change(call.callback, number, world.now)
        booking = callback.Booking(
            call_sid=call.sid,
            number=number,
            need=call.need or Need.ADVICE,
            asked_at=world.now,
            waiting_since=datetime.fromtimestamp(call.began, UTC),
            commune=call.place.commune if call.place else None,
            association=call.association,
            age=call.age,
            video=call.video,
            occurrence=call.rounds,
        )
        try:
            booked = self._bookings.book(booking)
        except Refused:
            log.error("callback_not_booked")
            return NotBooked()
        self._awaited.note(number)
        return Booked(self._spoken(booked.promise, booking.commune, world.now))

    def _change(self, callback_id: str, number: str, now: datetime) -> Event:
        """The open call-back rings another number from now on, and keeps its place."""
        found = self._bookings.open_for(number) if self._bookings.change_number(callback_id, number) else None
        return Booked(self._spoken(found.promise, found.commune, now)) if found else NotBooked()

    def _cancel(self, call: Call) -> Event:
        return Cancelled() if self._bookings.cancel(call.callback or "") else NotBooked()

    def _spoken(self, promised: callback.Promise, commune: str | None, now: datetime) -> str:
        """The promise on the clock of the patient's own place."""
        place = self._places.commune(commune) if commune else None
        return promise.spoken(promised, now, ZoneInfo(time_zone(place) if place else PARIS))
