"""A rule book in force: frozen, numbered, and laid out so that a decision is a few look-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import Any

from routing.document import Document
from routing.hours import Schedule
from routing.model import Need, Target, TraceLine


@dataclass(frozen=True, slots=True)
class Association:
    """What a call needs to know of an association beside its desks."""

    slug: str
    name: str
    city: str
    menu: tuple[Need, ...]
    asks_age: bool = False
    announcement: str | None = None
    announcement_audio: str | None = None  # the recording that says it
    red_flags: str | None = None
    caller_id: str | None = None
    video_url: str | None = None
    two_person: bool = False


@dataclass(frozen=True, slots=True)
class Shut:
    """A closure as it bears on one association; instants in seconds UTC."""

    id: str
    since: float
    until: float
    urgent: bool
    message: str | None
    meanwhile: tuple[str, ...]
    told: float = -inf  # no page of an association speaks of it before


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's sentence; instants in seconds UTC."""

    since: float
    until: float
    associations: frozenset[str]  # whose callers hear it; none: every caller
    text: str


@dataclass(frozen=True, slots=True)
class Pact:
    """An accepted overflow to another association."""

    to: str
    until: float
    cap_per_hour: int | None
    key: str  # "from>to", by which the live picture counts it
    line: TraceLine


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """One association's answer to one need (None: need unknown): when it is there and who is rung.

    `rounds` holds the desk's targets once per way to start its rotation; an instant picks one. Empty: no
    number may be rung. `lines` only remembers trace lines already made.
    """

    association: str
    need: Need | None
    schedule: Schedule
    rounds: tuple[tuple[Target, ...], ...]
    since: float = -inf  # the association's own dates
    until: float = inf
    shuts: tuple[Shut, ...] = ()
    overflow: tuple[Pact, ...] = ()
    daily_cap: int | None = None
    lines: dict[str | None, TraceLine] = field(default_factory=dict)

    def shut_at(self, instant: float) -> Shut | None:
        """The closure in force, unless an urgent exception opens against it; the urgent one of two."""
        for shut in self.shuts:
            if shut.since <= instant < shut.until:
                return None if not shut.urgent and self.schedule.urgent_at(instant) else shut
        return None

    def line(self, rule: str | None) -> TraceLine:
        """The trace of having looked at its hours."""
        known = self.lines.get(rule)
        if known is None:
            known = TraceLine("hours", f"{self.association} {rule or 'closed'}")
            self.lines[rule] = known
        return known


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """An association's title to communes. A `nearest` one counts where no other title holds before it."""

    association: str
    since: float
    until: float
    nearest: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Who may answer a need from a commune: titles and then whoever is in reach, the nearest seat first.

    Communes alike share one chain.
    """

    claims: tuple[Claim, ...]
    reach: tuple[str, ...]

    def owners(self, instant: float) -> tuple[str, ...]:
        """Associations whose title holds at this instant."""
        found: tuple[str, ...] = ()
        for claim in self.claims:
            holds = claim.since <= instant < claim.until and not (found and claim.nearest)
            if holds and claim.association not in found:
                found = (*found, claim.association)
        return found


EMERGENCY = "15"  # the Samu's, in France and most of its overseas
NO_CHAIN = Chain((), ())
_NO_SERVICES: Mapping[str, Service] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Desk:
    """How much a regulator can take at once."""

    id: str
    name: str
    lines: int
    waiting_limit: int | None
    longest_idle: bool = False  # its numbers are rung by how long ago they last spoke, where that is known


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class RuleBook:
    """Every rule in force. Immutable; a later publication is another object."""

    version: int
    national: Target
    national_name: str = "Régulation nationale"
    teleconsultation: tuple[Target, ...] = ()  # the national pool; never empty in a compiled book
    video_url: str | None = None  # of a video room, where the association has none of its own
    associations: Mapping[str, Association] = field(default_factory=_nothing)
    desks: Mapping[str, Desk] = field(default_factory=_nothing)
    services: Mapping[Need | None, Mapping[str, Service]] = field(default_factory=_nothing)
    chains: Mapping[Need, Mapping[str, Chain]] = field(default_factory=_nothing)
    campaigns: tuple[Campaign, ...] = ()
    emergency: Mapping[str, str] = field(default_factory=_nothing)  # by territory, where it is not the 15
    document: Document | None = None  # what it was compiled from; the checks speak of it

    def association(self, slug: str) -> Association | None:
        """The association of that slug."""
        return self.associations.get(slug)

    def video_of(self, slug: str | None) -> str | None:
        """The address of a video room, `{token}` in it; None where no video is offered."""
        association = self.associations.get(slug or "")
        return (association.video_url if association else None) or self.video_url

    def chain(self, need: Need, commune: str) -> Chain:
        """Who may answer this need from this commune; an empty chain where nobody may."""
        by_commune = self.chains.get(need)
        return NO_CHAIN if by_commune is None else by_commune.get(commune, NO_CHAIN)

    def services_for(self, need: Need | None) -> Mapping[str, Service]:
        """By slug, the services of those who offer this need."""
        return self.services.get(need, _NO_SERVICES)

    def service(self, need: Need | None, slug: str) -> Service | None:
        """An association's service for a need, None where it does not offer it."""
        return self.services_for(need).get(slug)

    def emergency_number(self, territory: str | None) -> str:
        """What to announce for a danger to life in a holiday territory (None: the mainland)."""
        return self.emergency.get(territory or "", EMERGENCY)

    def campaign(self, commune: str | None, at: float) -> tuple[str, ...]:
        """The sentences a caller from this commune (None: not known) hears before the menu, at an instant."""
        told = [one for one in self.campaigns if one.since <= at < one.until]
        if not told:
            return ()
        owners = self.owners(commune, at) if commune else frozenset()
        return tuple(one.text for one in told if not one.associations or one.associations & owners)

    def owners(self, commune: str, at: float = inf) -> frozenset[str]:
        """Associations owning a commune for visits or consultation; without a time, those that will stay."""
        instant = min(at, 2**53)
        return frozenset(
            slug
            for need in (Need.VISIT, Need.CONSULTATION)
            for slug in self.chain(need, commune).owners(instant)
        )
