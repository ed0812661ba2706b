"""One call as it is counted: the pure fold of its events, whatever their order, number of copies and lag.

Times, by the Samu/SFMU letters (facts: ecosystem §6): t0 3624 rings; t1 the first desk rings, which ends the
welcome, or the hold queue begins; t2 a regulator takes the call; t4 the call ends. t3, a doctor on the line,
is known of call-backs only, and comes after t4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from workers.records.events import Event
from workers.records.happenings import (
    Arrived,
    BookedCallback,
    Danger,
    Decided,
    DialOver,
    Happening,
    Held,
    Joined,
    LastResort,
    Left,
    Located,
    Rescued,
    Ringing,
    Status,
    Taken,
    Tried,
    happening,
)

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})  # the carrier's last words
CUT_SHORT = 5  # seconds, as voice.ringing has it of a desk that is told nothing first
AHEAD = timedelta(hours=2)  # no clock is that fast: such an instant is damaged
EARLY = timedelta(seconds=5)  # « raccrochés précoces », counted apart from the lost
_ORDER = {"queued": 0, "initiated": 0, "ringing": 1, "in-progress": 2}  # any other word: 3


class Outcome(StrEnum):
    """What became of a call. A call-back promised is never a call lost."""

    ANSWERED = "answered"  # décroché: a regulator took it
    CALLBACK = "callback"
    ABANDONED = "abandoned"  # the caller gave up
    EARLY = "early"  # the caller gave up within five seconds
    LAST_RESORT = "last_resort"  # nobody answered in three rounds, the 15 was spoken
    MISSED = "missed"  # the carrier knows the call and we never saw it


LOST = frozenset({Outcome.ABANDONED, Outcome.LAST_RESORT, Outcome.MISSED})  # perdus, the early ones apart


class Stage(StrEnum):
    """Where a call stands, for the live picture."""

    WELCOME = "welcome"
    RINGING = "ringing"
    HELD = "held"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ring:
    """One desk that was rung, and what came of it (`None` while it rings)."""

    regulator: str
    association: str
    at: datetime
    disposition: str | None = None
    seconds: int = 0  # of talk


@dataclass(slots=True)
class CallRecord:
    """What is known of one call. Built once by `fold`, then read only."""

    call: str
    t0: datetime
    who: str | None = None
    place: str | None = None
    source: str | None = None
    need: str | None = None
    association: str | None = None  # the owner of the answer
    decided: str | None = None
    rulebook: int | None = None
    trace: str | None = None
    rings: list[Ring] = field(default_factory=list)
    t1: datetime | None = None
    t2: datetime | None = None
    t3: datetime | None = None  # of a call-back: after t4
    t4: datetime | None = None
    stage: Stage = Stage.WELCOME
    since: datetime | None = None  # when the stage began
    regulator: str | None = None  # the desk that took it
    answered_for: str | None = None  # the association that desk answered for; None: the national desk
    seconds: int = 0  # of talk
    danger: bool = False
    booked: bool = False
    held: bool = False  # was in the hold queue
    tries: int = 0  # at ringing back, those that ended
    gave_up: bool = False  # the last resort was spoken
    rescued: bool = False
    seen: bool = True  # False: only the carrier knows the call
    ended_by: str | None = None  # caller, desk, us
    closed: bool = False  # the carrier said it is over: the record is final

    @property
    def outcome(self) -> Outcome:
        """See `Outcome`; an open call counts as abandoned until it is something else."""
        if self.t2 is not None:
            return Outcome.ANSWERED
        if self.booked:
            return Outcome.CALLBACK
        if self.gave_up:
            return Outcome.LAST_RESORT
        if not self.seen:
            return Outcome.MISSED
        end = self.t4 or self.since or self.t0
        return Outcome.EARLY if end - self.t0 < EARLY else Outcome.ABANDONED

    @property
    def desks(self) -> tuple[str, ...]:
        """The desks whose lines it holds now."""
        if self.stage is Stage.TALKING:
            return (self.regulator,) if self.regulator else ()
        if self.stage is Stage.RINGING:
            return tuple(dict.fromkeys(ring.regulator for ring in self.rings if ring.disposition is None))
        return ()


def fold(events: Iterable[Event]) -> CallRecord:
    """The record of one call's events. A function of their *set*: order and copies change nothing.

    Raises ValueError without any event. An event that arrives twice with two times (a repeated webhook) is
    taken at its first (`merge`).
    """
    ordered = sorted(merge(events), key=lambda event: (event.at, event.id))
    if not ordered:
        raise ValueError("a call without events is no call")
    began = next((event.at for event in ordered if event.name == "arrived"), ordered[0].at)
    record = CallRecord(ordered[0].call, began)
    final: tuple[int, int, str] | None = None
    for event in ordered:
        told = happening(event)
        if isinstance(told, Status):
            final = _status(record, told, event, final)
        elif told is not None:
            _apply(record, told, event.at)
    record.seen = any(event.name != "status" for event in ordered)
    return _finished(record) if record.closed else record


def merge(*batches: Iterable[Event]) -> list[Event]:
    """The union of events, one an id; of two copies the earlier, then the smaller text."""
    kept: dict[str, Event] = {}
    for batch in batches:
        for event in batch:
            known = kept.get(event.id)
            if known is None or (event.at, event.text()) < (known.at, known.text()):
                kept[event.id] = event
    return list(kept.values())


def _status(
    record: CallRecord, told: Status, event: Event, final: tuple[int, int, str] | None
) -> tuple[int, int, str] | None:
    """Monotone: only a word of higher rank, then of higher sequence, says when the call ended."""
    if told.direction not in (None, "inbound"):
        return final
    rank = (_ORDER.get(told.status or "", 3), told.sequence or 0, event.id)
    if told.status not in OVER or (final is not None and rank <= final):
        return final
    record.closed = True
    end = told.instant or event.at
    # Told late it may lie days back; it cannot be still to come.
    record.t4 = max(record.t0, end if end < event.at + AHEAD else event.at)
    return rank


def _apply(record: CallRecord, told: Happening, at: datetime) -> None:
    match told:
        case Arrived(who, guess):
            record.who = who
            record.place = record.place or guess
        case Located(place, source):
            record.place, record.source = place, source
        case Danger():
            record.danger = True
        case Decided():
            _decided(record, told)
        case Rescued():
            record.rescued = True
        case _:
            _promised(record, told, at)


def _promised(record: CallRecord, told: Happening, at: datetime) -> None:
    match told:
        case BookedCallback():
            record.booked = True
            _stage(record, Stage.ENDED, at, "us")
        case LastResort():
            record.gave_up = True
            _stage(record, Stage.ENDED, at, "us")
        case Tried():
            record.tries += 1
        case Joined():
            record.t3 = record.t3 or at
        case _:
            _dialled(record, told, at)


def _decided(record: CallRecord, told: Decided) -> None:
    record.place = told.place or record.place
    record.need = told.need or record.need
    record.association, record.decided = told.association, told.outcome
    record.rulebook, record.trace = told.rulebook, told.trace


def _dialled(record: CallRecord, told: Happening, at: datetime) -> None:
    match told:
        case Ringing(regulator, association):
            record.rings.append(Ring(regulator or "", association or "", at))
            record.t1 = record.t1 or at
            _stage(record, Stage.RINGING, at)
        case Held():
            record.held, record.t1 = True, record.t1 or at
            _stage(record, Stage.HELD, at)
        case Taken(regulator):
            _take(record, regulator, at)
        case DialOver(desks, disposition, seconds):
            # A talk shorter than that, the caller still there, was a line that broke: the next desk rings.
            issue = "failed" if disposition == "answered" and (seconds or 0) < CUT_SHORT else disposition
            _dial_over(record, set((desks or "").split(",")), issue, seconds or 0, at)
        case Left(stage, disposition, seconds):
            if stage == "ringing":
                ringing = {ring.regulator for ring in record.rings if ring.disposition is None}
                _dial_over(record, ringing, disposition or "canceled", seconds or 0, at)
            _stage(record, Stage.ENDED, at, "caller")


def _take(record: CallRecord, regulator: str | None, at: datetime) -> None:
    rung = [ring for ring in record.rings if ring.disposition is None]
    taken = next((ring for ring in rung if ring.regulator == regulator), rung[-1] if rung else None)
    record.t2 = record.t2 or at
    record.regulator = taken.regulator if taken else regulator
    record.answered_for = taken.association if taken else None
    _stage(record, Stage.TALKING, at)


def _dial_over(
    record: CallRecord, desks: set[str], disposition: str | None, seconds: int, at: datetime
) -> None:
    """The dial's end says of all desks rung together what it says of one: the others were called off."""
    answered = disposition == "answered"
    if answered and record.t2 is None:
        # Nothing told who took it (the whisper's event is lost): the talk's length tells when.
        _take(record, None, max(at - timedelta(seconds=seconds), record.t1 or record.t0))
    for place, ring in enumerate(record.rings):
        if ring.disposition is None and ring.regulator in desks:
            took = answered and ring.regulator == record.regulator
            issue = "answered" if took else "canceled" if answered else disposition
            record.rings[place] = Ring(
                ring.regulator, ring.association, ring.at, issue, seconds if took else 0
            )
    if answered:
        record.seconds = seconds
        _stage(record, Stage.ENDED, at, "desk")
    else:
        _stage(record, Stage.WELCOME, at)  # between two desks, or at the offer of a call-back
        if record.t2 is not None:
            record.t2, record.regulator, record.answered_for = None, None, None  # the line broke: not a talk


def _stage(record: CallRecord, stage: Stage, at: datetime, ended_by: str | None = None) -> None:
    record.stage, record.since = stage, at
    record.ended_by = ended_by


def _finished(record: CallRecord) -> CallRecord:
    # Where nothing tells who hung up, during the questions or the wait, only the caller can have.
    record.ended_by = record.ended_by or "caller"
    if record.stage is Stage.TALKING and record.t2 and record.t4:
        record.seconds = max(0, int((record.t4 - record.t2).total_seconds()))
    record.stage = Stage.ENDED
    return record
