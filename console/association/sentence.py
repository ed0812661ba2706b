"""What happens to a call now, in a sentence that is always true: the decision itself, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from console.french import of, soon
from routing.compiled import RuleBook, Service, Shut
from routing.decision import decide
from routing.model import Decision, Load, Located, Need, Outcome, PlaceSource, Target
from routing.words import NEEDS

AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class State:
    """One need, now: open or not, why, until when, and what a call meets."""

    need: Need
    open: bool
    word: str  # "ouvert", "fermé", "fermeture exceptionnelle", "non proposé"
    until: str | None  # "6 h", "demain à 8 h"; None: no change in the next fortnight
    sentence: str


def headline(
    book: RuleBook, slug: str, insee: str, at: datetime, load: Load, lines: Mapping[str, int] | None
) -> str:
    """« Un appel de Pau maintenant : régulation de Pau (3 lignes libres), puis Bayonne après 25 s… »"""
    association = book.associations[slug]
    need = first_need(book, slug)
    said = path(book, slug, insee, need, at, load, lines)
    return f"Un appel {of(association.city)} maintenant : {said.partition('. ')[0].rstrip('.')}."


def first_need(book: RuleBook, slug: str) -> Need | None:
    """The need its menu says first."""
    menu = book.associations[slug].menu
    return menu[0] if menu else None


def path(
    book: RuleBook,
    slug: str,
    insee: str,
    need: Need | None,
    at: datetime,
    load: Load,
    lines: Mapping[str, int] | None = None,
) -> str:
    """What a patient of the association's own town meets for a need."""
    place = Located(insee, 1.0, PlaceSource.POSTCODE)
    decision = decide(book, place, need, at, load)
    if decision.outcome in (Outcome.CLOSED, Outcome.NOT_COVERED) and need is not None:
        return _refused(book, slug, need, decision, place, at, load)
    if decision.outcome is Outcome.CALLBACK:
        first = decision.targets[0]
        return f"rappel proposé par {_desk(book, slug, first)}."
    return f"{_ladder(book, slug, decision.targets, lines)}, puis rappel."


def state(book: RuleBook, slug: str, insee: str, need: Need, at: datetime, load: Load) -> State:
    """One line of the table of needs."""
    said = path(book, slug, insee, need, at, load)
    service = book.service(need, slug)
    if service is None:
        return State(need, False, "non proposé", None, said)
    instant, zone = at.timestamp(), service.schedule.zone
    shut = service.shut_at(instant)
    is_open = shut is None and service.schedule.rule_at(instant, at.year) is not None
    word = "ouvert" if is_open else "fermeture exceptionnelle" if shut else "fermé"
    change = _change(service, instant, is_open)
    until = soon(datetime.fromtimestamp(change, UTC), at, zone) if change else None
    return State(need, is_open, word, until, said)


def is_open(service: Service, instant: float, year: int) -> bool:
    """Whether a service answers at an instant."""
    return service.shut_at(instant) is None and service.schedule.rule_at(instant, year) is not None


def openings(service: Service, since: float, until: float, now: float) -> list[tuple[float, float, str]]:
    """(since, until, rule) as it will really be: hours, holidays and exceptions, less the closures.

    Less those that may be spoken of now: one that is kept secret until later is on no page.
    """
    service = replace(service, shuts=tuple(shut for shut in service.shuts if shut.told <= now))
    found: list[tuple[float, float, str]] = []
    for span in service.schedule.intervals(since, until):
        marks = sorted({span.since, span.until, *_edges(service.shuts, span.since, span.until)})
        for start, end in pairwise(marks):
            if service.shut_at(start) is None:
                if found and found[-1][1] == start and found[-1][2] == span.rule:
                    found[-1] = (found[-1][0], end, span.rule)
                else:
                    found.append((start, end, span.rule))
    return found


def _edges(shuts: tuple[Shut, ...], since: float, until: float) -> list[float]:
    return [edge for shut in shuts for edge in (shut.since, shut.until) if since < edge < until]


def _change(service: Service, instant: float, is_open: bool) -> float | None:
    """The next instant at which it opens or closes, within a fortnight."""
    instant = float(int(instant))  # spans begin and end on whole seconds: nothing else is a change
    end = instant + AHEAD.total_seconds()
    spans = openings(service, instant, end, instant)
    if not is_open:
        return spans[0][0] if spans and spans[0][0] > instant else None
    cursor = instant
    for since, until, _rule in spans:
        if since > cursor:
            break
        cursor = until
    return cursor if instant < cursor < end else None


def _refused(
    book: RuleBook, slug: str, need: Need, decision: Decision, place: Located, at: datetime, load: Load
) -> str:
    """As the voice has it: a visit that cannot be had is told first, other needs just leave the menu."""
    service = book.service(need, slug)
    shut = service.shut_at(at.timestamp()) if service else None
    why = ""
    if shut is not None and service is not None:
        why = f" jusqu'à {_until(shut, at, service.schedule.zone)}"
    elif decision.outcome is Outcome.NOT_COVERED:
        why = ", personne ne couvre ce lieu"
    offered = ", ".join(NEEDS[one] for one in decision.offers)
    told = "le patient l'apprend et choisit" if need is Need.VISIT else "le menu propose"
    silence = decide(book, place, None, at, load)  # who presses nothing is put through, the need unknown
    return (
        f"pas de {NEEDS[need]}{why} ; {told} : {offered}. "
        f"S'il ne choisit rien : {_ladder(book, slug, silence.targets, None)}, puis rappel."
    )


def _until(shut: Shut, at: datetime, zone: ZoneInfo) -> str:
    return soon(datetime.fromtimestamp(shut.until, UTC), at, zone)


def _ladder(book: RuleBook, slug: str, targets: tuple[Target, ...], lines: Mapping[str, int] | None) -> str:
    """Desks in the order they ring, each after the seconds the ones before it rang."""
    said: list[str] = []
    elapsed = longest = 0
    last: Target | None = None
    for target in targets:
        if not target.together:
            elapsed, longest = elapsed + longest, 0
        longest = max(longest, target.ring_seconds)
        if last is None:
            said.append(_desk(book, slug, target) + _free(book, target, lines))
        elif target.regulator != last.regulator:
            said.append(f"puis {_desk(book, slug, target)} après {elapsed} s")
        last = target
    return ", ".join(said)


def _free(book: RuleBook, target: Target, lines: Mapping[str, int] | None) -> str:
    desk = book.desks.get(target.regulator)
    if lines is None or desk is None:
        return ""
    free = max(0, desk.lines - lines.get(desk.id, 0))
    return f" ({free} ligne{'s' if free > 1 else ''} libre{'s' if free > 1 else ''})"


def _desk(book: RuleBook, slug: str, target: Target) -> str:
    """« régulation de Pau » for one's own, « Bayonne » for a neighbour's, the national desk's name."""
    desk = book.desks.get(target.regulator)
    name = desk.name if desk is not None else book.national_name
    owner = book.association(target.association) if target.association else None
    if owner is None:
        return f"la {name[0].lower()}{name[1:]}"
    if owner.slug != slug:
        return owner.city
    return f"régulation {of(owner.city)}" if name == f"Régulation {owner.city}" else name
