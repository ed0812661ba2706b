"""The nouns of a call: its state between two webhooks, what happens to it, and what it is told to do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from routing.model import Decision, Load, Located, Need, Target
from workers.callbacks.callback import AgeClass, Disposition


class Stage(StrEnum):
    """The question that is open, or what the caller waits for. The letters travel in the sealed state."""

    WELCOME = "w"
    PLACE = "p"
    CONFIRM = "c"  # a place was guessed: silence confirms it
    COMMUNE = "m"  # several communes share the postcode and have different owners
    HOMONYM = "h"  # several communes bear the name that was said
    NEED = "n"
    AGE = "a"
    RINGING = "r"
    OFFER = "o"  # nobody answered: a call-back?
    OPEN = "b"  # this caller already waits for a call-back
    OWN_NUMBER = "u"
    TYPED_NUMBER = "t"
    READ_BACK = "k"
    CONSENT = "v"
    ENDED = "e"


class Call(Struct, frozen=True, array_like=True):
    """Everything a call needs to go on, on any process, with every store down. At most 1 kB once sealed."""

    sid: str
    stage: Stage = Stage.WELCOME
    step: int = 0  # grows with each webhook; effects are keyed by (sid, step)
    caller: str | None = None  # E.164, None when withheld or unusable
    tries: int = 0  # unanswered or wrong answers to the open question
    place: Located | None = None
    typed: str = ""  # digits typed ahead of the question
    choices: tuple[str, ...] = ()  # INSEE codes offered at COMMUNE
    need: Need | None = None
    age: AgeClass | None = None
    priority: bool = False
    association: str | None = None
    targets: tuple[Target, ...] = ()  # still to ring, the one ringing first
    rounds: int = 0  # how often the whole list was rung
    number: str | None = None  # where the call-back goes
    video: bool = False
    callback: str | None = None  # id of the call-back this caller already waits for
    began: int = 0  # epoch seconds of the first webhook


# What happens to a call, in our words.


class Arrived(Struct, frozen=True):
    """3624 rings. `caller` is what the carrier said, already normalised or None."""

    caller: str | None


class Pressed(Struct, frozen=True):
    """Keys were pressed, or none in time (`digits` empty)."""

    digits: str


class Said(Struct, frozen=True):
    """Words were recognised; `confidence` 0..1 is a hint, and may be missing."""

    words: str
    confidence: float | None = None


class DialEnded(Struct, frozen=True):
    """The desk (or desks) that were ringing have ended, answered or not."""

    disposition: Disposition
    seconds: int = 0


class Booked(Struct, frozen=True):
    """The call-back is committed; `promise` is the spoken time (« avant 21 h 40 »)."""

    promise: str


class NotBooked(Struct, frozen=True):
    """Neither the database nor the spool took it: nothing may be promised."""


class Cancelled(Struct, frozen=True):
    """The open call-back was cancelled (or was no longer there)."""


Event = Arrived | Pressed | Said | DialEnded | Booked | NotBooked | Cancelled


# What a call is told to do.


class Say(Struct, frozen=True):
    """A sentence, said to its end."""

    text: str
    audio: str | None = None  # where a recording of it is fetched


class Ask(Struct, frozen=True):
    """A question that listens while it is said. `call` is the state in which the answer is heard."""

    texts: tuple[str, ...]
    call: Call
    digits: int = 1
    timeout: int = 5  # seconds of silence after the prompt, or between two keys
    speech: bool = False
    silence: bool = True  # whether silence is an answer too; else the next instruction follows


class Desk(Struct, frozen=True, array_like=True):
    """One of the desks that ring for a call."""

    regulator: str
    phone: str
    association: str | None = None  # whom it answers for; None: the national desk


class Brief(Struct, frozen=True, array_like=True):
    """What the regulator hears before the patient: never a symptom, a reason, a name (house, Settled 2)."""

    sid: str  # the patient's call
    place: str | None  # the commune's name
    need: Need | None
    age: AgeClass | None
    priority: bool
    caller: str | None
    accept_key: bool
    shown: bool  # the line already shows the patient's number
    tries: int = 0
    desks: tuple[Desk, ...] = ()  # those rung together


class Dial(Struct, frozen=True):
    """Ring these desks at once; the first that takes the call has it."""

    targets: tuple[Target, ...]
    call: Call
    brief: Brief
    caller_id: str | None  # None: our own number


class BookCallback(Struct, frozen=True):
    """Commit a promise to ring `call.number` back, then go on with `Booked` or `NotBooked`."""

    call: Call


class CancelCallback(Struct, frozen=True):
    """Cancel the call-back `call.callback`, then go on with `Cancelled`."""

    call: Call


class HangUp(Struct, frozen=True):
    """The call is over, and the caller was told so."""


Instruction = Say | Ask | Dial | BookCallback | CancelCallback | HangUp


class Fact(Struct, frozen=True):
    """Something worth counting; it becomes an event of the call's record."""

    name: str
    data: tuple[tuple[str, str | int | float | None], ...] = ()


class Turn(Struct, frozen=True):
    """One step of a call: where it stands now, what it is told, what happened."""

    call: Call
    instructions: tuple[Instruction, ...]
    facts: tuple[Fact, ...] = ()
    decision: Decision | None = None


class OpenCallback(Struct, frozen=True):
    """A promise this caller already has."""

    id: str
    promise: str  # spoken, e.g. « avant 21 h 40 »
    ahead: int | None  # call-backs due before it; None: it is not in the queue now, or nobody knows
    place: str | None  # INSEE code


class Geography(Protocol):
    """What the flow asks of the map; every method is total."""

    def name(self, insee: str) -> str | None:
        """The commune's name as it is said, None when unknown."""

    def by_postcode(self, code: str) -> tuple[str, ...]:
        """INSEE codes sharing a postcode, most inhabitants first."""

    def locate(self, number: str | None) -> Located | None:
        """Where a landline's prefix lies; a hint with a confidence."""

    def told_apart(self, insee: str) -> str:
        """The name with the département's number, which no other commune bears."""

    def spoken(self, words: str) -> tuple[Located, ...]:
        """The commune that was said; a few where they share the name; none when it is not clear enough."""


class Orientation(Protocol):
    """What the flow asks of routing, with the book already chosen; every method is total."""

    version: int

    def decide(self, place: Located | None, need: Need | None, at: datetime, load: Load) -> Decision:
        """Whom to ring."""

    def offers(self, place: Located | None, at: datetime) -> tuple[Need, ...]:
        """What can be had there now, in the owner's menu order."""

    def owners(self, insee: str) -> frozenset[str]:
        """Slugs of the associations that own a commune."""

    def emergency(self, place: Located | None) -> str:
        """What to dial there in a danger to life."""

    def asks_age(self, slug: str | None) -> bool:
        """Whether the association wants the age class."""

    def video(self, slug: str | None) -> bool:
        """Whether a video room can be had for this association's patients."""

    def announcement(self, slug: str | None, at: datetime) -> str | None:
        """What the association wants said before its desk rings."""

    def red_flags(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        """What the owners of a place add to the red flags of the welcome, said before the menu."""

    def recording(self, slug: str | None) -> str | None:
        """The URL of the recording that says its announcement; None: the text is spoken."""

    def campaign(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        """Sentences of the campaigns under way there, said before the menu."""


NO_LOAD = Load()


class World(Struct, frozen=True):
    """What a step may look at. Nothing in it can fail or block beyond its stated limit."""

    routing: Orientation
    places: Geography
    now: datetime
    load: Load = NO_LOAD  # empty when it is not known
    open_callback: OpenCallback | None = None
