"""Faults that show in the document itself: numbers, names that lead nowhere, pacts that turn in a circle."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from routing.calendar import KNOWN_TERRITORIES
from routing.closures import begins
from routing.document import Association, Document, Regulator
from routing.numbers import caller_id_problem, target_problem
from routing.problem import Problem

LONGEST_MESSAGE = timedelta(days=366)
LONG_MESSAGE = 200  # characters, some 13 seconds before the menu
SPOKEN_A_SECOND = 15  # characters
EMERGENCY_NUMBER = re.compile(r"1[0-9]{1,2}")


def problems(document: Document) -> Iterator[Problem]:
    """Every fault that needs no calendar and no map to be seen."""
    yield from _doubles(document)
    for desk in document.regulators:
        yield from _desk(desk)
    yield from _national(document)
    desks = {desk.id: desk for desk in document.regulators}
    slugs = {one.slug: one for one in document.associations}
    for one in document.associations:
        yield from _association(one, desks, slugs)
        yield from _loop(one, slugs)
    yield from _closures(document, slugs.keys())
    yield from _messages(document, slugs.keys())
    yield from _emergency(document)


def _doubles(document: Document) -> Iterator[Problem]:
    names = (
        ("associations", [one.slug for one in document.associations]),
        ("regulators", [desk.id for desk in document.regulators]),
        ("closures", [closure.id for closure in document.closures]),
        ("messages", [message.id for message in document.messages]),
    )
    for part, ids in names:
        for name, count in Counter(ids).items():
            if count > 1:
                yield Problem("double", True, f"« {name} » est écrit {count} fois.", rule=f"{part}/{name}")


def _desk(desk: Regulator) -> Iterator[Problem]:
    rule = f"regulators/{desk.id}/phones"
    for phone in desk.phones:
        wrong = target_problem(phone.number)
        if wrong is not None:
            said = f"{desk.name} : un numéro ne peut pas être appelé, {wrong}."
            yield Problem("dead_number", True, said, rule=rule)
        elif not phone.verified:
            said = f"{desk.name} : un numéro attend son appel de vérification et ne sonnera pas."
            yield Problem("unverified_number", False, said, rule=rule)
    if not any(_rings(phone.number) for phone in desk.phones if phone.verified):
        yield Problem("mute_desk", True, f"{desk.name} n'a aucun numéro qui puisse sonner.", rule=rule)


def _rings(number: str) -> bool:
    return target_problem(number) is None


def _national(document: Document) -> Iterator[Problem]:
    known = {desk.id for desk in document.regulators}
    for name in (document.national.regulator, *document.national.teleconsultation):
        if name not in known:
            yield _unknown(name, "La régulation nationale", "national")


def _association(
    one: Association, desks: dict[str, Regulator], slugs: dict[str, Association]
) -> Iterator[Problem]:
    rule = f"associations/{one.slug}"
    for name in (*one.regulators, *one.callbacks.regulators):
        if name not in desks:
            yield _unknown(name, one.name, rule)
    for helper, count in Counter(pact.association for pact in one.overflow).items():
        if helper not in slugs:
            yield _unknown(helper, one.name, f"{rule}/overflow")
        if count > 1:
            said = f"{one.name} : le débordement vers « {helper} » est écrit {count} fois."
            yield Problem("double", True, said, rule=f"{rule}/overflow")
    yield from _settings(one, rule)


def _settings(one: Association, rule: str) -> Iterator[Problem]:
    if not one.regulators:
        yield Problem("no_desk", True, f"{one.name} n'a pas de régulation.", rule=rule)
    if not any(hours.needs for hours in one.hours):
        yield Problem("no_hours", False, f"{one.name} n'a aucun horaire et ne répond jamais.", rule=rule)
    if one.holiday_territory is not None and one.holiday_territory not in KNOWN_TERRITORIES:
        said = f"{one.name} : territoire de jours fériés inconnu, « {one.holiday_territory} »."
        yield Problem("unknown_territory", True, said, rule=rule)
    shown = one.callbacks.caller_id
    if shown is not None and (wrong := caller_id_problem(shown)) is not None:
        yield Problem("caller_id", True, f"{one.name} : numéro présenté refusé, {wrong}.", rule=rule)


def _loop(one: Association, slugs: dict[str, Association]) -> Iterator[Problem]:
    """Its overflow only leads back to the very desks that did not answer."""
    mine = set(one.regulators)
    helpers = [
        slugs[pact.association] for pact in one.overflow if pact.accepted and pact.association in slugs
    ]
    if helpers and all(set(helper.regulators) <= mine for helper in helpers):
        said = f"{one.name} : le débordement ramène aux postes qui n'ont pas répondu."
        yield Problem("loop", True, said, rule=f"associations/{one.slug}/overflow")


def _closures(document: Document, slugs: Iterable[str]) -> Iterator[Problem]:
    known = set(slugs)
    for closure in document.closures:
        named = (*closure.meanwhile, *closure.requisitioned, *filter(None, (closure.association,)))
        for name in named:
            if name not in known:
                yield _unknown(name, f"La fermeture « {closure.reason} »", f"closures/{closure.id}")
        if begins(closure) >= closure.ends:
            said = (
                f"La fermeture « {closure.reason} » serait rendue publique après sa fin : elle n'arrête rien."
            )
            yield Problem("never_holds", False, said, rule=f"closures/{closure.id}")


def _messages(document: Document, slugs: Iterable[str]) -> Iterator[Problem]:
    """What a campaign says: to whom, how long, and never so much that a caller gives up."""
    known = set(slugs)
    for message in document.messages:
        rule, name = f"messages/{message.id}", f"Le message « {message.reason} »"
        for slug in message.associations:
            if slug not in known:
                yield _unknown(slug, name, rule)
        if message.ends - message.starts > LONGEST_MESSAGE:
            said = f"{name} dure plus d'un an : c'est un message sans fin."
            yield Problem("endless", True, said, first_minute=message.starts, rule=rule)
        if len(message.text) > LONG_MESSAGE:
            seconds = len(message.text) // SPOKEN_A_SECOND
            said = f"{name} retient chaque patient environ {seconds} s avant le menu : raccourcissez-le."
            yield Problem("long_message", False, said, first_minute=message.starts, rule=rule)


def _emergency(document: Document) -> Iterator[Problem]:
    """What a caller in danger is told to dial."""
    for territory, number in document.emergency.items():
        if territory and territory not in KNOWN_TERRITORIES:
            said = f"Numéros d'urgence : territoire inconnu, « {territory} »."
            yield Problem("unknown_territory", True, said, rule="emergency")
        if not EMERGENCY_NUMBER.fullmatch(number):
            said = f"« {number} » n'est pas un numéro d'urgence (attendu : 15, 112…)."
            yield Problem("emergency_number", True, said, rule="emergency")


def _unknown(name: str, where: str, rule: str) -> Problem:
    return Problem("unknown", True, f"{where} renvoie à « {name} », qui n'existe pas.", rule=rule)
