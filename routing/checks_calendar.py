"""Faults that only the calendar shows: hours a clock change empties or doubles, help that is never there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from routing.coverage import end_of_day
from routing.document import Association, Closure, Document
from routing.hours import DAY, closing_wall, span_of_instants, spans_of_day, wall
from routing.model import Need
from routing.problem import Problem
from routing.proof import PROVED, Proof
from routing.spans import within
from routing.words import NEEDS

ENDLESS = timedelta(days=366)  # who stays closed longer has left, and has a closing date for it


def problems(proof: Proof, document: Document) -> Iterator[Problem]:
    """Every fault seen in the period."""
    yield from endless(document)
    since, until = proof.since, proof.until
    turns: dict[str, tuple[date, ...]] = {}
    for one in document.associations:
        if one.time_zone not in turns:
            turns[one.time_zone] = tuple(clock_changes(ZoneInfo(one.time_zone), since, until))
        yield from _clock(one, turns[one.time_zone])
        yield from _never_open(one, proof, since)
        yield from _pacts(one, document, proof)
    for closure in document.closures:
        yield from _closure(closure, proof)


def endless(document: Document) -> Iterator[Problem]:
    """What closes for more than a year, whenever that is."""
    for one in document.associations:
        yield from _endless_exceptions(one)
    for closure in document.closures:
        yield from _endless_closure(closure)


def clock_changes(zone: ZoneInfo, since: float, until: float) -> Iterator[date]:
    """The local days on which the clock of this zone changes."""
    first, last = (datetime.fromtimestamp(instant, zone).date() for instant in (since, until))
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        midnight, next_one = (wall(day, clock).replace(tzinfo=zone) for clock in ("00:00", "24:00"))
        if midnight.utcoffset() != next_one.utcoffset():
            yield day


def _clock(one: Association, changes: Iterable[date]) -> Iterator[Problem]:
    """Spans of the night of a change, the one begun the day before included."""
    zone = ZoneInfo(one.time_zone)
    told = set()
    for day in (day for change in changes for day in (change - DAY, change)):
        for span in (s for hours in one.hours for s, _ in spans_of_day(hours, day, one.holiday_territory)):
            opens, closes = span_of_instants(day, span, zone)
            kind = _how_odd(wall(day, span.opens), closing_wall(day, span), closes - opens, zone)
            written = f"{span.opens}-{span.closes}"
            if kind is not None and (written, day) not in told:
                told.add((written, day))
                yield _clock_problem(one, written, kind, opens)


def _how_odd(opens: datetime, closes: datetime, seconds: int, zone: ZoneInfo) -> str | None:
    if seconds <= 0:
        return "dst_empty"
    written = (closes - opens).total_seconds()
    ends = [end.replace(tzinfo=zone, fold=fold).utcoffset() for end in (opens, closes) for fold in (0, 1)]
    in_doubt = ends[0] != ends[1] or ends[2] != ends[3]
    return "dst_double" if in_doubt and seconds > written else None


def _clock_problem(one: Association, span: str, kind: str, opens: int) -> Problem:
    when = datetime.fromtimestamp(opens, UTC)
    day = f"{when.astimezone(ZoneInfo(one.time_zone)):%d/%m/%Y}"
    how = {
        "dst_empty": "n'existe pas, l'heure saute : personne ne répond",
        "dst_double": "existe deux fois : le poste répond du premier au second passage",
    }[kind]
    return Problem(
        kind,
        False,
        f"{one.name} : l'horaire {span} du {day} {how}.",
        commune=one.insee,
        first_minute=when,
        rule=f"associations/{one.slug}/hours",
    )


def _endless_exceptions(one: Association) -> Iterator[Problem]:
    for hours in one.hours:
        for exception in hours.exceptions:
            if not exception.spans and exception.last - exception.first >= ENDLESS:
                yield Problem(
                    "endless",
                    True,
                    f"{one.name} : l'exception « {exception.label} » ferme plus d'un an ; "
                    "donnez une date de fermeture à l'association.",
                    rule=f"associations/{one.slug}/hours",
                )


def _endless_closure(closure: Closure) -> Iterator[Problem]:
    if closure.ends - closure.starts >= ENDLESS:
        said = f"La fermeture « {closure.reason} » dure plus d'un an : c'est une fermeture sans fin."
        yield Problem("endless", True, said, first_minute=closure.starts, rule=f"closures/{closure.id}")


def _never_open(one: Association, proof: Proof, since: float) -> Iterator[Problem]:
    """Owners whose hours for a need never come in the whole period, though the need is offered."""
    for need in PROVED:
        offered = any(need in hours.needs for hours in one.hours)
        claimed = any(need in area.needs for area in one.areas)
        served = proof.served(need, one.slug)
        if offered and claimed and served and not proof.openings(need, one.slug):
            yield _absent(one.name, f"n'ouvre jamais de toute la période ({NEEDS[need]})", one, since)


def _pacts(one: Association, document: Document, proof: Proof) -> Iterator[Problem]:
    names = {other.slug: other.name for other in document.associations}
    needs = {need for hours in one.hours for need in hours.needs}
    for pact in one.overflow:
        end = end_of_day(pact.until, one.time_zone)
        if not pact.accepted or pact.association not in names or end <= proof.since:
            continue
        there = any(within(proof.openings(n, pact.association), proof.since, end) for n in needs)
        if needs and not there:
            said = f"déborde vers {names[pact.association]}, qui n'ouvre jamais"
            yield _absent(one.name, said, one, proof.since, "overflow")


def _absent(name: str, said: str, one: Association, since: float, part: str = "hours") -> Problem:
    return Problem(
        "never_there",
        False,
        f"{name} {said}.",
        commune=one.insee,
        first_minute=datetime.fromtimestamp(since, UTC),
        rule=f"associations/{one.slug}/{part}",
    )


def _closure(closure: Closure, proof: Proof) -> Iterator[Problem]:
    rule = f"closures/{closure.id}"
    since, until = closure.starts.timestamp(), closure.ends.timestamp()
    if until <= proof.since or since >= proof.until:
        return
    roles = (("réquisitionnée", closure.requisitioned), ("désignée pour répondre", closure.meanwhile))
    for role, slugs in roles:
        for slug in slugs:
            needs = closure.needs or tuple(Need)
            there = any(within(proof.openings(need, slug), since, until) for need in needs)
            association = proof.book.association(slug)
            if association is not None and not there:
                said = (
                    f"« {closure.reason} » : {association.name}, {role}, n'ouvre à aucun moment de l'arrêt."
                )
                yield Problem("never_there", False, said, first_minute=closure.starts, rule=rule)
