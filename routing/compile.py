"""A document becomes the rule book in force; odd documents compile too, their faults are for `checks`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from types import MappingProxyType
from zoneinfo import ZoneInfo

from routing.closures import begins
from routing.compiled import Association, Campaign, Chain, Desk, Pact, RuleBook, Service, Shut
from routing.coverage import Gazetteer, Terrain, chains, closing, end_of_day, ground, opening
from routing.document import Association as Written
from routing.document import Closure, Document, Regulator, Strategy
from routing.hours import Schedule
from routing.model import Need, Target, TraceLine
from routing.numbers import target_problem

# Rings when a book has no national number of its own: the last resort, so that a decision is never empty.
# A number of the fiction range; a real deployment names its own national desk in its first book.
LAST_RESORT = Target(
    association=None, regulator="national", phone="+33199003600", ring_seconds=55, accept_key=False
)


def compile_book(
    document: Document, version: int, places: Gazetteer | Terrain, previous: RuleBook | None = None
) -> RuleBook:
    """The book in force for this document. Never raises on a valid document, however odd.

    A slug or id written twice counts once, the lesser text of the two: order in the document decides nothing.
    `previous`, compiled for the same places, lends its chains when the areas are the same: a closure or new
    hours are then live in a tenth of the time.
    """
    written, document = document, _without_doubles(document)
    desks = {desk.id: desk for desk in document.regulators}
    national = _first(_targets(None, (document.national.regulator,), desks, None)) or LAST_RESORT
    pool = _targets(None, document.national.teleconsultation, desks, None)
    return RuleBook(
        version=version,
        national=national,
        national_name=document.national.name,
        teleconsultation=pool[0] if pool else (national,),
        video_url=document.national.video_url,
        associations=MappingProxyType({one.slug: _association(one) for one in document.associations}),
        desks=MappingProxyType(
            {
                d.id: Desk(d.id, d.name, d.lines, d.waiting_limit, d.strategy is Strategy.LONGEST_IDLE)
                for d in document.regulators
            }
        ),
        services=MappingProxyType(_services(document, desks)),
        chains=_chains(document, places, previous),
        campaigns=_campaigns(document),
        emergency=MappingProxyType(dict(document.emergency)),
        document=written,
    )


def _chains(
    document: Document, places: Gazetteer | Terrain, previous: RuleBook | None
) -> Mapping[Need, Mapping[str, Chain]]:
    last = previous.document if previous is not None else None
    if previous is not None and last is not None and ground(_without_doubles(last)) == ground(document):
        return previous.chains
    terrain = places if isinstance(places, Terrain) else Terrain(places)
    return MappingProxyType(chains(document, terrain))


def _without_doubles(document: Document) -> Document:
    associations = {a.slug: a for a in sorted(document.associations, key=_text, reverse=True)}
    regulators = {r.id: r for r in sorted(document.regulators, key=_text, reverse=True)}
    if len(associations) == len(document.associations) and len(regulators) == len(document.regulators):
        return document
    kept = {"associations": tuple(associations.values()), "regulators": tuple(regulators.values())}
    return document.model_copy(update=kept)


def _text(part: Written | Regulator) -> str:
    return part.model_dump_json()


def _association(one: Written) -> Association:
    return Association(
        slug=one.slug,
        name=one.name,
        city=one.city,
        menu=tuple(dict.fromkeys(one.menu)),
        asks_age=one.asks_age,
        announcement=one.announcement,
        announcement_audio=one.announcement_audio,
        red_flags=one.red_flags,
        caller_id=one.callbacks.caller_id,
        video_url=one.callbacks.video_url,
        two_person=one.two_person,
    )


def _services(document: Document, desks: Mapping[str, Regulator]) -> dict[Need | None, Mapping[str, Service]]:
    found: dict[Need | None, dict[str, Service]] = {need: {} for need in (*Need, None)}
    for one in document.associations:
        zone = ZoneInfo(one.time_zone)
        for need in (*Need, None):
            hours = [h for h in one.hours if need is None or need in h.needs]
            if hours:
                schedule = Schedule(hours, zone, one.holiday_territory)
                found[need][one.slug] = _service(one, need, schedule, document.closures, desks)
    return {need: MappingProxyType(by_slug) for need, by_slug in found.items()}


def _service(
    one: Written,
    need: Need | None,
    schedule: Schedule,
    closures: Iterable[Closure],
    desks: Mapping[str, Regulator],
) -> Service:
    ids = one.callbacks.regulators if need is Need.TELECONSULTATION else one.regulators
    pacts = _pacts(one)
    patience = next((o.after_seconds for o in one.overflow if o.accepted), None) if pacts else None
    return Service(
        association=one.slug,
        need=need,
        schedule=schedule,
        rounds=_targets(one.slug, ids, desks, patience),
        since=opening(one),
        until=closing(one),
        shuts=_shuts(one, need, closures),
        overflow=pacts,
        daily_cap=None if need is None else one.daily_caps.get(need),
    )


def _pacts(one: Written) -> tuple[Pact, ...]:
    return tuple(
        Pact(
            to=pact.association,
            until=end_of_day(pact.until, one.time_zone),
            cap_per_hour=pact.cap_per_hour,
            key=f"{one.slug}>{pact.association}",
            line=TraceLine("overflow", f"{one.slug} {pact.association}"),
        )
        for pact in one.overflow
        if pact.accepted and pact.association != one.slug
    )


def _shuts(one: Written, need: Need | None, closures: Iterable[Closure]) -> tuple[Shut, ...]:
    """The closures that bear on this service, urgent ones first. A need still unknown is only stopped by a
    closure of everything: the desk may yet have another answer."""
    found = [
        Shut(
            id=closure.id,
            since=begins(closure).timestamp(),
            until=closure.ends.timestamp(),
            urgent=closure.urgent,
            message=closure.message,
            meanwhile=closure.meanwhile,
            told=closure.published_at.timestamp() if closure.published_at else -inf,
        )
        for closure in closures
        if closure.association in (None, one.slug)
        and one.slug not in closure.requisitioned
        and (not closure.needs or need in closure.needs)
    ]
    return tuple(
        sorted(found, key=lambda shut: (not shut.urgent, shut.since, shut.id, shut.until, shut.message or ""))
    )


def _campaigns(document: Document) -> tuple[Campaign, ...]:
    found = (
        Campaign(one.starts.timestamp(), one.ends.timestamp(), frozenset(one.associations), one.text)
        for one in document.messages
    )
    return tuple(sorted(found, key=lambda one: (one.since, one.text)))


def _targets(
    slug: str | None, ids: Iterable[str], desks: Mapping[str, Regulator], patience: int | None
) -> tuple[tuple[Target, ...], ...]:
    """What is rung for these desks, once per start of a rotation.

    `longest_idle` rotates too: where nobody tells who spoke last, taking turns is the fair guess.
    """
    written = [desks[one] for one in dict.fromkeys(ids) if one in desks]
    turns = max(
        (len(d.phones) for d in written if d.strategy in (Strategy.ROTATING, Strategy.LONGEST_IDLE)),
        default=1,
    )
    rounds = (
        tuple(target for desk in written for target in _ring(slug, desk, turn, patience))
        for turn in range(max(turns, 1))
    )
    return tuple(dict.fromkeys(targets for targets in rounds if targets))


def _ring(slug: str | None, desk: Regulator, turn: int, patience: int | None) -> list[Target]:
    numbers = [p.number for p in desk.phones if p.verified and target_problem(p.number) is None]
    if numbers and desk.strategy in (Strategy.ROTATING, Strategy.LONGEST_IDLE):
        turn %= len(numbers)
        numbers = numbers[turn:] + numbers[:turn]
    together = desk.strategy is Strategy.ALL_AT_ONCE
    return [
        Target(
            association=slug,
            regulator=desk.id,
            phone=number,
            ring_seconds=min(desk.ring_seconds, patience or desk.ring_seconds),
            accept_key=desk.accept_key or together,
            shows_caller=desk.shows_caller,
            together=together and place > 0,
        )
        for place, number in enumerate(dict.fromkeys(numbers))
    ]


def _first(rounds: tuple[tuple[Target, ...], ...]) -> Target | None:
    return rounds[0][0] if rounds else None
