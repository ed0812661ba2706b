"""What one document changes of another, in French sentences a person can approve or refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

from routing.differences_areas import areas_in_words
from routing.differences_hours import hours_in_words
from routing.document import Association, Closure, Document, Message, Overflow, Phone, Regulator, Strategy
from routing.document_hours import Strict
from routing.words import NEEDS, moment, of

PARIS = ZoneInfo("Europe/Paris")  # where a difference is read
_Part = TypeVar("_Part", bound=Strict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: whose rule, where in the document, and what is said of it."""

    association: str | None  # slug; None: the federation's
    rule: str
    said: str


def differences(
    before: Document, after: Document, communes: Mapping[str, str] | None = None
) -> tuple[Difference, ...]:
    """Every change, associations first. Two documents that differ never give nothing.

    `communes` names INSEE codes; a code without a name is told as it is.
    """
    cities = {one.slug: one.city for document in (before, after) for one in document.associations}
    desks = {one.id: one.name for document in (before, after) for one in document.regulators}
    teller = _Teller(cities, communes or {}, desks)
    found = [
        *_parts("associations", before.associations, after.associations, _joins, teller.association),
        *_parts("regulators", before.regulators, after.regulators, _appears, teller.desk),
        *_parts("closures", before.closures, after.closures, teller.whole_closure, teller.closure),
        *_parts("messages", before.messages, after.messages, teller.whole_message, teller.message),
        *_federation(before, after),
    ]
    if not found and before != after:
        found.append(Difference(None, "document", "L'ordre d'écriture change, pas les règles."))
    return tuple(dict.fromkeys(found))


def _parts(
    part: str,
    before: Sequence[_Part],
    after: Sequence[_Part],
    whole: Callable[[_Part, bool], str],
    changed: Callable[[_Part, _Part], Iterator[str]],
) -> Iterator[Difference]:
    """What came, went or changed of the named parts; `whole` tells one that came (True) or went."""
    key = attrgetter("slug" if part == "associations" else "id")
    old, new = ({key(one): one for one in parts} for parts in (before, after))
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        whose = name if part == "associations" else getattr(other or one, "association", None)
        if one is not None and other is not None:
            told = changed(one, other) if one != other else ()
        else:
            told = (whole(found, found is other) for found in (one, other) if found is not None)
        yield from (Difference(whose, f"{part}/{name}", said) for said in told)


def _federation(before: Document, after: Document) -> Iterator[Difference]:
    labels = {"national": "régulation nationale", "reach": "portée", "emergency": "numéros d'urgence"}
    for field, label in labels.items():
        if getattr(before, field) != getattr(after, field):
            old, new = before.model_dump(mode="json")[field], after.model_dump(mode="json")[field]
            keys = [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
            for key in keys:
                said = f"Fédération, {label} : {_value(old.get(key))} devient {_value(new.get(key))} ({key})."
                yield Difference(None, field, said)


@dataclass(frozen=True, slots=True)
class _Teller:
    cities: Mapping[str, str]
    communes: Mapping[str, str]
    desks: Mapping[str, str]

    def association(self, one: Association, other: Association) -> Iterator[str]:
        yield from (f"{other.city} {said}." for said in hours_in_words(one.hours, other.hours))
        named = areas_in_words(one.areas, other.areas, self.communes)
        yield from (f"{other.city} : {said}." for said in named)
        yield from self._overflow(one, other)
        old, new = ([self.desks.get(desk, desk) for desk in a.regulators] for a in (one, other))
        yield from _order("le poste", old, new, other.city)
        yield from _fields(other.city, one, other, _ASSOCIATION)
        if one.announcement_audio != other.announcement_audio:
            how = "enregistrée, par une voix" if other.announcement_audio else "lue par la voix du service"
            yield f"{other.city} : l'annonce est {how}."

    def _overflow(self, one: Association, other: Association) -> Iterator[str]:
        old, new = ({pact.association: pact for pact in a.overflow} for a in (one, other))
        whose = f"dans le débordement {of(other.city)}"
        for slug, pact in new.items():
            if slug not in old:
                yield f"{other.city} déborde vers {self._city(slug)}{_accepted(pact)}."
        for slug in old.keys() - new.keys():
            yield f"{other.city} ne déborde plus vers {self._city(slug)}."
        for first, second in inversions(list(old), list(new)):
            yield f"{self._city(second)} passe après {self._city(first)} {whose}."
        for slug in sorted(old.keys() & new.keys()):
            yield from _fields(f"{self._city(slug)}, {whose}", old[slug], new[slug], _PACT)

    def desk(self, one: Regulator, other: Regulator) -> Iterator[str]:
        old, new = ({phone.number: phone for phone in desk.phones} for desk in (one, other))
        for number in new.keys() - old.keys():
            yield f"{other.name} : le numéro {_phone(number)} est ajouté{_verified(new[number])}."
        for number in old.keys() - new.keys():
            yield f"{other.name} : le numéro {_phone(number)} est retiré."
        for number in sorted(old.keys() & new.keys()):
            if old[number] != new[number]:
                yield f"{other.name} : le numéro {_phone(number)} {_now_verified(new[number])}."
        for first, second in inversions(list(old), list(new)):
            yield f"{other.name} : le {_phone(second)} sonne après le {_phone(first)}."
        yield from _fields(other.name, one, other, _DESK)

    def closure(self, one: Closure, other: Closure) -> Iterator[str]:
        yield from _fields(self._closure_name(other), one, other, _CLOSURE)

    def whole_closure(self, told: Closure, came: bool) -> str:
        needs = ", ".join(NEEDS[need] for need in told.needs) or "tous les besoins"
        period = f"du {_instant(told.starts)} au {_instant(told.ends)}"
        who = ", ".join(map(self._city, told.requisitioned))
        but = f" ; réquisition : {who}" if who else ""
        return f"{self._closure_name(told)} {'ajoutée' if came else 'supprimée'}, {period} ({needs}){but}."

    def message(self, one: Message, other: Message) -> Iterator[str]:
        yield from _fields(f"Message « {other.reason} »", one, other, _MESSAGE)

    def whole_message(self, told: Message, came: bool) -> str:
        to = ", ".join(map(self._city, told.associations)) or "tous les appelants"
        period = f"du {_instant(told.starts)} au {_instant(told.ends)}"
        done = "ajouté" if came else "supprimé"
        return f"Message « {told.reason} » {done}, {period}, pour {to} : « {told.text} »"

    def _closure_name(self, told: Closure) -> str:
        whose = "nationale" if told.association is None else of(self._city(told.association))
        return f"Fermeture {whose} « {told.reason} »"

    def _city(self, slug: str) -> str:
        return self.cities.get(slug, slug)


def _phone(number: str) -> str:
    """« 05 36 49 00 31 »: as people in France write what is kept as « +33536490031 »."""
    national = f"0{number[3:]}" if number.startswith("+33") else ""
    return " ".join(re.findall("..", national)) if len(national) == 10 else number


def _joins(one: Association, came: bool) -> str:
    return f"{one.name} {'rejoint' if came else 'quitte'} les règles."


def _appears(desk: Regulator, came: bool) -> str:
    return f"Le poste {desk.name} est {'ajouté' if came else 'supprimé'}."


def inversions(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    """Neighbours in `after` that stood the other way round before."""
    kept = [one for one in after if one in before]
    yield from ((a, b) for a, b in pairwise(kept) if before.index(a) > before.index(b))


def _order(what: str, before: Iterable[str], after: Iterable[str], whose: str) -> Iterator[str]:
    old, new = list(before), list(after)
    yield from (f"{whose} : {what} {one} s'ajoute." for one in new if one not in old)
    yield from (f"{whose} : {what} {one} n'est plus appelé." for one in old if one not in new)
    yield from (f"{whose} : {what} {second} passe après {first}." for first, second in inversions(old, new))


def _fields(who: str, one: Strict, other: Strict, labels: Mapping[str, str]) -> Iterator[str]:
    """The plain fields, each with its old and new value."""
    for field, label in labels.items():
        old, new = getattr(one, field), getattr(other, field)
        if old != new:
            yield f"{who}, {label} : {_value(new)} au lieu de {_value(old)}."


def _value(value: object) -> str:
    if value is None or value == () or value == {}:
        return "rien"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, str) and value in NEEDS:
        return NEEDS[value]  # type: ignore[index] # a StrEnum's value is its key
    if isinstance(value, Strategy):
        return f"« {_STRATEGIES[value]} »"
    if isinstance(value, Strict):
        return ", ".join(f"{_value(getattr(value, name))}" for name in type(value).model_fields)
    if isinstance(value, Mapping):
        return ", ".join(f"{_value(key)} {_value(one)}" for key, one in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_value, value))
    return _one_word(value)


def _one_word(value: object) -> str:
    if isinstance(value, int | float):
        return str(value)
    return _instant(value) if isinstance(value, datetime) else f"« {value} »"


def _instant(at: datetime) -> str:
    return moment(at.astimezone(PARIS))


def _accepted(pact: Overflow) -> str:
    return "" if pact.accepted else ", qui ne l'a pas encore accepté"


def _verified(phone: Phone) -> str:
    return "" if phone.verified else ", pas encore vérifié"


def _now_verified(phone: Phone) -> str:
    return "est vérifié" if phone.verified else "n'est plus tenu pour vérifié"


# Fields told plainly; the others have words of their own above.
_ASSOCIATION = {
    "name": "nom",
    "city": "ville",
    "insee": "commune du siège",
    "lon": "longitude",
    "lat": "latitude",
    "opened": "date d'ouverture",
    "closed": "date de fermeture",
    "time_zone": "fuseau horaire",
    "holiday_territory": "jours fériés",
    "menu": "menu",
    "asks_age": "question de l'âge",
    "announcement": "annonce",
    "red_flags": "signes d'alerte",
    "daily_caps": "plafond par jour",
    "callbacks": "rappels",
    "two_person": "publication à deux",
}
_PACT = {
    "after_seconds": "délai",
    "cap_per_hour": "plafond par heure",
    "until": "dernier jour",
    "accepted": "accord",
}
_DESK = {
    "name": "nom",
    "lines": "lignes",
    "waiting_limit": "limite d'attente",
    "ring_seconds": "durée de sonnerie",
    "strategy": "ordre d'appel",
    "accept_key": "1 pour prendre",
    "shows_caller": "numéro du patient présenté",
}
_STRATEGIES = {
    Strategy.IN_ORDER: "dans l'ordre",
    Strategy.ALL_AT_ONCE: "tous ensemble",
    Strategy.ROTATING: "chacun son tour",
    Strategy.LONGEST_IDLE: "d'abord qui n'a pas parlé depuis le plus longtemps",
}
_MESSAGE = {
    "associations": "associations",
    "text": "phrase",
    "reason": "motif",
    "starts": "début",
    "ends": "fin",
}
_CLOSURE = {
    "association": "association",
    "needs": "besoins",
    "starts": "début",
    "ends": "fin",
    "urgent": "urgence",
    "reason": "motif",
    "message": "message",
    "meanwhile": "qui répond pendant ce temps",
    "requisitioned": "réquisition",
    "published_at": "publication",
}
