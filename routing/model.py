"""The nouns of routing: what a caller needs, where they are, who is rung and why.

A call makes dozens of them: frozen `Struct`s are made in a tenth of a frozen dataclass' time (docs/calls.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field


class Need(StrEnum):
    """What the caller asks for, in the order the menus say it."""

    VISIT = "visit"
    CONSULTATION = "consultation"
    TELECONSULTATION = "teleconsultation"
    ADVICE = "advice"


class Outcome(StrEnum):
    """The *local* answer. `CLOSED` and `NOT_COVERED` still carry targets or a call-back."""

    CONNECT = "connect"
    CALLBACK = "callback"
    CLOSED = "closed"
    NOT_COVERED = "not_covered"
    LOCATE = "locate"


class PlaceSource(StrEnum):
    """How a place was learnt; it goes to the records, never to the carrier."""

    POSTCODE = "postcode"
    LANDLINE = "landline"
    SPOKEN = "spoken"
    CHOSEN = "chosen"
    MEMORY = "memory"


class Located(Struct, frozen=True, array_like=True):
    """Where the patient is taken to be."""

    commune: str  # INSEE code, an arrondissement's where there is one (75103)
    confidence: float  # 0..1
    source: PlaceSource


class Target(Struct, frozen=True, array_like=True):
    """One regulator's desk to ring, its number resolved: a later publication does not move this call."""

    association: str | None  # slug; None for the national desk
    regulator: str  # the desk's id, shared by the associations it answers for
    phone: str  # E.164 or sip: URI
    ring_seconds: int
    accept_key: bool = True  # the desk presses 1 to take the call, which keeps answering machines out
    shows_caller: bool = False  # the desk's line accepts the patient's number as caller id
    together: bool = False  # rung at the same time as the target before it


class Reason(StrEnum):
    """Why the local answer is not the one that was asked for."""

    NOT_COVERED = "not_covered"
    OUT_OF_HOURS = "out_of_hours"
    CLOSURE = "closure"
    NOT_OFFERED = "not_offered"


class Notice(Struct, frozen=True):
    """What the caller is told, in one sentence, before anything else is offered."""

    reason: Reason
    need: Need | None
    association: str | None = None
    message: str | None = None  # a closure's own words, already checked for speech


class TraceLine(Struct, frozen=True):
    """One rule that was tried, and what came of it."""

    rule: str
    result: str


class Load(Struct, frozen=True):
    """The live picture, by regulator id. Empty when Redis cannot be asked: the call goes on knowing less."""

    lines_in_use: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    waiting: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    overflowed: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({})
    )  # "from>to", last hour
    # Patients of the day, by "association need".
    today: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    # Seconds since a desk's number last spoke, by number; one that is not told has been idle longest.
    idle: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Decision(Struct, frozen=True):
    """What routing answered. `targets` is never empty: the national desk is always last.

    For `CALLBACK` the targets are the pool that rings back, and whom to ring should the caller prefer that.
    """

    outcome: Outcome
    association: str | None  # slug of the association that owns the answer
    commune: str | None  # INSEE code
    confidence: float
    targets: tuple[Target, ...]
    rulebook: int
    trace: tuple[TraceLine, ...]
    notice: Notice | None = None
    offers: tuple[Need, ...] = ()  # what can be had at this place now, in menu order
    at: datetime | None = None  # the instant that was decided for, aware
