"""A promise to ring a patient back: its nouns, its states, and the one table of what may follow what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from routing.model import Need

BOOKINGS = UUID("3624c0de-0000-5000-8000-003624003624")  # names the space of our uuid5 ids, nothing else


class State(StrEnum):
    """Where a call-back stands. The SQL row holds it; Redis only rings the bell."""

    DUE = "due"
    DIALLING = "dialling"
    PLACED = "placed"
    DOCTOR_RINGING = "doctor_ringing"
    PATIENT_RINGING = "patient_ringing"
    BRIDGED = "bridged"
    RETRY = "retry"
    UNKNOWN = "unknown"
    HUMAN = "human"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


CLOSED = frozenset({State.DONE, State.CANCELLED, State.EXPIRED})
WAITING = frozenset({State.DUE, State.RETRY})
UNRESOLVED = frozenset({State.DIALLING, State.UNKNOWN})
ON_A_LEG = frozenset({State.PLACED, State.DOCTOR_RINGING, State.PATIENT_RINGING, State.BRIDGED})
IN_ATTEMPT = UNRESOLVED | ON_A_LEG


class Cause(StrEnum):
    """What moves a call-back. Each cause leads to one state, whatever it came from."""

    RESERVED = "reserved"
    THROTTLED = "throttled"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    NOT_FOUND = "not_found"
    PLACED = "placed"
    RINGING = "ringing"
    PASSED = "passed"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    MISSED = "missed"
    TALKED = "talked"
    VISIT_NEEDED = "visit_needed"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken_back"
    SETTLED = "settled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of `sources`, `cause` leads to `target`; `why` is what the drawing says beside the arrow."""

    cause: Cause
    sources: frozenset[State]
    target: State
    why: str


def _row(cause: Cause, sources: set[State] | frozenset[State], target: State, why: str) -> Transition:
    return Transition(cause, frozenset(sources), target, why)


_S = State
# A webhook may outrun the reply to our own POST: what a leg tells is believed from `dialling`, `unknown` too.
_BEFORE_THE_PATIENT = frozenset({_S.DIALLING, _S.UNKNOWN, _S.PLACED, _S.DOCTOR_RINGING})
TRANSITIONS: tuple[Transition, ...] = (
    _row(
        Cause.RESERVED,
        WAITING,
        _S.DIALLING,
        "un worker la réserve : jeton et bail, avant le POST",
    ),
    _row(Cause.THROTTLED, {_S.DIALLING}, _S.DUE, "429 ou connexion jamais ouverte : rien n'est parti"),
    _row(Cause.REFUSED, {_S.DIALLING}, _S.DUE, "4xx : ce poste ne peut être appelé, au suivant"),
    _row(Cause.UNCERTAIN, {_S.DIALLING}, _S.UNKNOWN, "délai, 5xx, réponse illisible, bail échu"),
    _row(
        Cause.NOT_FOUND,
        {_S.UNKNOWN},
        _S.DUE,
        "absent de la liste de l'opérateur, délai écoulé",
    ),
    _row(Cause.PLACED, UNRESOLVED, _S.PLACED, "201, ou retrouvé dans la liste de l'opérateur"),
    _row(Cause.RINGING, {_S.DIALLING, _S.UNKNOWN, _S.PLACED}, _S.DOCTOR_RINGING, "le médecin sonne"),
    _row(Cause.PASSED, _BEFORE_THE_PATIENT, _S.DUE, "2, silence, occupé, répondeur : médecin suivant"),
    _row(Cause.ACCEPTED, {_S.DOCTOR_RINGING}, _S.PATIENT_RINGING, "1 : le patient est appelé, une fois"),
    _row(Cause.CONNECTED, {_S.PATIENT_RINGING}, _S.BRIDGED, "le patient tape 1"),
    _row(Cause.MISSED, {_S.PATIENT_RINGING, _S.BRIDGED}, _S.RETRY, "patient non joint : 5, 20, 60 minutes"),
    _row(Cause.TALKED, {_S.PATIENT_RINGING, _S.BRIDGED}, _S.DONE, "ils se sont parlé"),
    _row(
        Cause.VISIT_NEEDED,
        WAITING | {_S.BRIDGED, _S.DONE, _S.HUMAN},
        _S.DUE,
        "visite nécessaire : prioritaire",
    ),
    _row(
        Cause.GIVEN_UP,
        WAITING | {_S.PATIENT_RINGING, _S.BRIDGED},
        _S.HUMAN,
        "tentatives épuisées, ou trop tard : une personne s'en charge",
    ),
    _row(Cause.CANCELLED, WAITING | _BEFORE_THE_PATIENT | {_S.HUMAN}, _S.CANCELLED, "le patient renonce"),
    _row(Cause.TAKEN_BACK, {_S.HUMAN}, _S.DUE, "la personne relance le rappel"),
    _row(Cause.SETTLED, WAITING | {_S.HUMAN}, _S.DONE, "une personne a rappelé, ou réglé la demande"),
    _row(Cause.EXPIRED, {_S.HUMAN}, _S.EXPIRED, "un jour sans réponse sur la liste"),
)
BY_CAUSE = {row.cause: row for row in TRANSITIONS}


def advance(state: State, cause: Cause) -> State | None:
    """The next state, or None when this cause means nothing here (a late or repeated message)."""
    row = BY_CAUSE[cause]
    return row.target if state in row.sources else None


class AgeClass(StrEnum):
    """Who the call is for, asked only where the association wants it."""

    INFANT = "infant"
    CHILD = "child"
    ADULT = "adult"
    SENIOR = "senior"


class Disposition(StrEnum):
    """How one leg ended (the field's « issue »)."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    MACHINE = "machine"


class Conclusion(StrEnum):
    """What the doctor keyed in after the talk."""

    DONE = "done"
    VISIT = "visit"
    FIFTEEN = "fifteen"
    UNREACHABLE = "unreachable"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Booking:
    """What the caller agreed to. The number lives in clear here and nowhere at rest."""

    call_sid: str
    number: str = field(repr=False)  # E.164
    need: Need
    asked_at: datetime
    waiting_since: datetime  # when the original call began: the place in the queue is kept
    commune: str | None = None  # INSEE code
    association: str | None = None  # slug
    age: AgeClass | None = None
    video: bool = False  # consent to a video link; without it this is advice
    occurrence: int = 0  # 1, 2… when the same call books again after cancelling

    @property
    def id(self) -> str:
        """The same booking made twice, or late from the spool, is one row."""
        return str(uuid5(BOOKINGS, f"{self.call_sid}/{self.occurrence}"))


@dataclass(frozen=True, slots=True)
class Promise:
    """The time told to the patient. `measured` is False when it is only the latest the rules allow."""

    by: datetime
    measured: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """What the caller may be told: committed before this exists."""

    id: str
    promise: Promise
    existing: bool  # an open call-back for this number was already there
    spooled: bool = False  # in the fsynced file, for the database was away


@dataclass(frozen=True, slots=True)
class Callback:
    """One row, its number unsealed."""

    id: str
    call_sid: str
    number: str = field(repr=False)
    need: Need
    commune: str | None
    association: str | None
    age: AgeClass | None
    video: bool
    state: State
    asked_at: datetime
    waiting_since: datetime
    due_at: datetime
    promise: Promise
    tries: int  # times the patient was rung without being reached
    rings: int  # reservations made, patient reached or not
    urgent: bool  # a doctor asked for a visit
    token: str | None  # the attempt under way
    conclusion: Conclusion | None

    @property
    def with_a_person(self) -> bool:
        """On the human list."""
        return self.state is State.HUMAN


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: one reservation, one POST to the carrier, at most one ring of the patient."""

    token: str
    callback_id: str
    to: str = field(repr=False)  # E.164, the doctor's or the desk's
    caller_id: str
    doctor_id: str | None  # None for a desk
    reserved_at: datetime
    call_sid: str | None
    disposition: Disposition | None
