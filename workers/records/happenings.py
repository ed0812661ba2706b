"""The typed events of a call: what voice, the carrier and the reconciler may say about it, version 1.

An event's JSON names its kind; fields a kind does not know are left aside and missing ones are None, so that
an older or newer voice process never stops the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workers.records.events import Event, Value


@dataclass(frozen=True, slots=True)
class Arrived:
    """3624 rang. `who` is the month's pseudonym, `guess` the INSEE code the landline suggests."""

    who: str | None
    guess: str | None


@dataclass(frozen=True, slots=True)
class Located:
    """The place is known: INSEE code, and how it was learnt."""

    place: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Danger:
    """The caller pressed the key of a life in danger, and was told to dial the 15."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Who answers, under which book, and why."""

    outcome: str | None
    association: str | None
    place: str | None
    need: str | None
    rulebook: int | None
    trace: str | None


@dataclass(frozen=True, slots=True)
class Ringing:
    """One desk rings, for the association it answers for (None: the national desk)."""

    regulator: str | None
    association: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A regulator took the call (key 1, or the pick-up where no key is wanted)."""

    regulator: str | None


@dataclass(frozen=True, slots=True)
class DialOver:
    """Ringing ended: `regulator` holds the desks rung together, `seconds` the talk."""

    regulator: str | None
    disposition: str | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """The caller entered the hold queue of `association` (None: the national one): the welcome is over.

    Emitted by the hold queue of the voice flow (design: what comes after); counted from the day it is.
    """

    association: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One try at a promised call-back ended: `disposition` of the doctor's leg or the patient's.

    Told under the CallSid of the call that was promised it, after that call's end.
    """

    disposition: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """Doctor and patient of a promised call-back are on the line together: t3. CallSid as in `Tried`."""

    attempt: int | None


@dataclass(frozen=True, slots=True)
class BookedCallback:
    """A call-back was promised, committed and told."""

    promise: str | None


@dataclass(frozen=True, slots=True)
class LastResort:
    """Nobody answered in three rounds: the 15 and 112 were spoken."""


@dataclass(frozen=True, slots=True)
class Rescued:
    """The fallback put the caller through with what was known."""


@dataclass(frozen=True, slots=True)
class Left:
    """The caller hung up; `disposition` and `seconds` are the dial's, where one was under way."""

    stage: str | None
    disposition: str | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """The carrier's word on the call. `stamp` is RFC 2822 or ISO 8601; `sequence` grows with each."""

    status: str | None
    sequence: int | None
    seconds: int | None
    stamp: str | None
    direction: str | None

    @property
    def instant(self) -> datetime | None:
        """When it happened, by the carrier's clock."""
        return _instant(self.stamp or "")


Happening = (
    Arrived
    | Located
    | Danger
    | Decided
    | Ringing
    | Taken
    | DialOver
    | BookedCallback
    | Held
    | Tried
    | Joined
    | LastResort
    | Rescued
    | Left
    | Status
)

KINDS: Mapping[str, type[Happening]] = {
    "arrived": Arrived,
    "located": Located,
    "danger": Danger,
    "decided": Decided,
    "ringing": Ringing,
    "taken": Taken,
    "answered": DialOver,
    "unanswered": DialOver,
    "booked": BookedCallback,
    "held": Held,
    "tried": Tried,
    "joined": Joined,
    "last_resort": LastResort,
    "rescued": Rescued,
    "left": Left,
    "status": Status,
}


def happening(event: Event) -> Happening | None:
    """The typed event; None for what tells nothing the record keeps (`asked`, `offered`, later kinds)."""
    kind = KINDS.get(event.name)
    if kind is None:
        return None
    told = dict(event.data)
    return kind(*(read(told.get(name)) for name, read in _PLANS[event.name]))


def _text(value: Value) -> str | None:
    return str(value) if value not in (None, "") else None


def _number(value: Value) -> int | None:
    try:
        return int(value) if value is not None else None
    except (ValueError, OverflowError):
        return None


_READ: Mapping[str, Callable[[Value], Any]] = {"str | None": _text, "int | None": _number}
# Each kind's fields and how they are read, looked up once: this runs for every event.
_PLANS = {
    name: tuple((field.name, _READ[str(field.type)]) for field in fields(kind))
    for name, kind in KINDS.items()
}


def _instant(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text) if "-" in text[:5] else parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
