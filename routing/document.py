"""The rule book as people write it: edited, checked, stored, exported; it compiles to a `RuleBook`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, field_validator, model_validator

from routing.document_hours import Hours, Strict
from routing.document_words import (
    DEPARTEMENT,
    INSEE,
    POSTCODE,
    RECORDED,
    SLUG,
    VIDEO_URL,
    problem_in_french,
)
from routing.model import Need

Slug = Annotated[str, Field(pattern=SLUG, max_length=60)]
Insee = Annotated[str, Field(pattern=INSEE)]
Departement = Annotated[str, Field(pattern=DEPARTEMENT)]
Postcode = Annotated[str, Field(pattern=POSTCODE)]
Kilometres = Annotated[float, Field(ge=0, le=2000, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
VideoUrl = Annotated[str, Field(pattern=VIDEO_URL, max_length=200)]
Spoken = Annotated[str, Field(max_length=400)]  # about 25 s of speech
Recorded = Annotated[str, Field(pattern=RECORDED)]  # a recording's name, see routing.recordings
FIRST_YEAR, LAST_YEAR = 1970, 2199  # instants beyond them exist in no clock here


def _in_these_times(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"une année de {FIRST_YEAR} à {LAST_YEAR} est attendue")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_these_times)]


class Strategy(StrEnum):
    """How a desk's numbers are rung."""

    IN_ORDER = "in_order"
    ALL_AT_ONCE = "all_at_once"
    ROTATING = "rotating"
    LONGEST_IDLE = "longest_idle"


class Phone(Strict):
    """A number of a desk. Unverified, it is never rung: a test call must first have spoken a code to it."""

    number: Annotated[str, Field(max_length=120)]  # E.164 or sip: URI, judged by routing.numbers
    verified: bool = False


class Regulator(Strict):
    """A desk that answers; several associations may share it."""

    id: Slug
    name: Name
    phones: Annotated[tuple[Phone, ...], Field(max_length=10)] = ()
    lines: Annotated[int, Field(ge=1, le=500)] = 4
    waiting_limit: Annotated[int, Field(ge=1, le=500)] | None = None
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 25
    strategy: Strategy = Strategy.IN_ORDER
    accept_key: bool = True
    shows_caller: bool = False


class Area(Strict):
    """Communes served for some needs, from the first to the last date included.

    Communes, postcodes, départements and a radius add up. `nearest` claims what nobody claims otherwise and
    lies nearer to this seat than to any other, within the radius or, without one, the need's reach.
    """

    needs: Annotated[tuple[Need, ...], Field(min_length=1)]
    communes: tuple[Insee, ...] = ()
    postcodes: tuple[Postcode, ...] = ()
    departements: tuple[Departement, ...] = ()
    radius_km: Kilometres | None = None
    nearest: bool = False
    except_communes: tuple[Insee, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


class Overflow(Strict):
    """A mutual-aid pact: who is rung next. It counts once the other side has accepted it."""

    association: Slug
    after_seconds: Annotated[int, Field(ge=5, le=120)] | None = None
    cap_per_hour: Annotated[int, Field(ge=1)] | None = None
    until: date | None = None  # last day included
    accepted: bool = False


class Callbacks(Strict):
    """How the association rings back: its own pool of desks, or the national one when it has none."""

    regulators: tuple[Slug, ...] = ()
    caller_id: str | None = None
    video_url: VideoUrl | None = None  # of a room, `{token}` where its secret goes; None: the federation's


class Association(Strict):
    """A local SOS Médecins: where it sits, whom it serves, when, and who answers for it."""

    slug: Slug
    name: Name
    city: Name
    insee: Insee
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    opened: date | None = None
    closed: date | None = None  # last day included
    time_zone: str = "Europe/Paris"
    holiday_territory: str | None = None  # ISO 3166-2:FR part, "6AE" for Alsace-Moselle; None: mainland
    menu: tuple[Need, ...] = tuple(Need)
    asks_age: bool = False
    announcement: Spoken | None = None
    announcement_audio: Recorded | None = None  # says `announcement`, which is spoken where it is missing
    red_flags: Spoken | None = None
    regulators: tuple[Slug, ...] = ()
    areas: tuple[Area, ...] = ()
    hours: tuple[Hours, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    daily_caps: Mapping[Need, Annotated[int, Field(ge=0)]] = {}
    callbacks: Callbacks = Callbacks()
    two_person: bool = False

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"fuseau horaire inconnu : {value}") from None
        return value


class Closure(Strict):
    """Nobody answers for a while, nationally or in one place; it always ends by itself.

    `requisitioned` associations answer all the same. It holds from `published_at`, if that is later than
    `starts`: prepared in secret until then.
    """

    id: Slug
    association: Slug | None = None  # None: national
    needs: tuple[Need, ...] = ()  # none: all
    starts: Instant
    ends: Instant
    urgent: bool = False
    reason: Name
    message: Spoken | None = None
    meanwhile: tuple[Slug, ...] = ()
    requisitioned: tuple[Slug, ...] = ()
    published_at: Instant | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("la fermeture finit avant de commencer")
        return self


class Message(Strict):
    """A campaign's sentence, spoken to callers once their place is known, before the menu; it always ends."""

    id: Slug
    associations: tuple[Slug, ...] = ()  # whose callers hear it; none: every caller
    text: Annotated[str, Field(min_length=1, max_length=400)]
    reason: Name
    starts: Instant
    ends: Instant

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("le message finit avant de commencer")
        return self


class National(Strict):
    """Who answers when nobody local can."""

    name: Name = "Régulation nationale"
    regulator: Slug
    teleconsultation: tuple[Slug, ...] = ()  # the pool that rings back; none: the national desk
    two_person: bool = False
    video_url: VideoUrl | None = None  # None: no video is offered, but where an association has its own


class Reach(Strict):
    """How far from a commune an association may still be asked, town hall to seat."""

    visit: Mapping[Departement, Kilometres] = {}
    visit_elsewhere: Kilometres = 0.0
    consultation: Kilometres = 60.0


class Document(Strict):
    """A whole rule book. Only its shape is judged here; whether it is wise is for `routing.checks`."""

    format: Annotated[int, Field(ge=1, le=1)] = 1
    national: National
    reach: Reach = Reach()
    regulators: tuple[Regulator, ...] = ()
    associations: tuple[Association, ...] = ()
    closures: tuple[Closure, ...] = ()
    messages: tuple[Message, ...] = ()
    emergency: Mapping[str, str] = {}  # holiday territory -> number announced, where it is not the 15

    def to_json(self) -> str:
        """Compact and stable: equal documents give equal text, and what has its default is left out."""
        return self.model_dump_json(exclude_defaults=True)


class DocumentRefused(Exception):
    """The text is no rule book; `problems` says in French where and why."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(text: str | bytes) -> Document:
    """The document in this JSON; raises `DocumentRefused` naming every fault at once."""
    try:
        # Editors of Windows put a mark before the text.
        text = (text if isinstance(text, str) else text.decode()).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise DocumentRefused(("document : ce fichier n'est pas un texte en UTF-8",)) from None
    try:
        return Document.model_validate_json(text)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        raise DocumentRefused(
            tuple(problem_in_french(e["loc"], e["type"], e["msg"], e.get("ctx", {})) for e in found)
        ) from None


def schema() -> dict[str, object]:
    """JSON schema (draft 2020-12) of the export."""
    return Document.model_json_schema()
