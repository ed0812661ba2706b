"""A decision's trace in French, in one paragraph that a regulator can read aloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from routing.compiled import RuleBook
from routing.model import Decision, Need, Outcome, TraceLine

NEEDS = {
    Need.VISIT: "visite à domicile",
    Need.CONSULTATION: "consultation",
    Need.TELECONSULTATION: "téléconsultation",
    Need.ADVICE: "conseil médical",
}
HOURS = {
    "always": "24 h/24",
    "night": "règle de nuit",
    "week": "horaires de la semaine",
    "holiday": "règle des jours fériés",
    "eve": "règle des veilles de fête",
    "school": "règle des vacances scolaires",
    "closed": "fermé à cette heure",
}


def clock(hour: int, minute: int = 0) -> str:
    """« 20 h », « 8 h 30 »."""
    return f"{hour} h {minute:02}" if minute else f"{hour} h"


def moment(at: datetime) -> str:
    """« 01/06/2026 à 6 h », on the clock that `at` carries."""
    return f"{at:%d/%m/%Y} à {clock(at.hour, at.minute)}"


def of(city: str) -> str:
    """« de Pau », « d'Ajaccio »."""
    return f"d'{city}" if city[:1].lower() in "aeiouyéèêàâîôh" else f"de {city}"


def some(number: int, what: str) -> str:
    """« 0 appel », « 1 appel », « 2 appels »."""
    return f"{number} {what}{'s' if number > 1 else ''}"


def why(decision: Decision, book: RuleBook, place: str | None = None) -> str:
    """« 33000 → SOS Médecins Bordeaux (version 41, règle de nuit) ; débordement vers Libourne car … »

    `place` is how the caller named it (a postcode, a commune); without it the INSEE code stands.
    """
    where = place or decision.commune or "Lieu inconnu"
    head = f"{where} → {_answer(decision, book)} ({_under(decision)})"
    clauses = [clause for line in decision.trace for clause in _clauses(line, decision, book)]
    return " ; ".join(dict.fromkeys((head, *_overflow(decision, book), *clauses))) + "."


def _answer(decision: Decision, book: RuleBook) -> str:
    if decision.outcome is Outcome.LOCATE:
        return f"{book.national_name}, le temps de savoir où est le patient"
    own = None if decision.association is None else _name(book, decision.association)
    if decision.outcome is Outcome.CALLBACK:
        return f"rappel par {own or 'le pool national de téléconsultation'}"
    if decision.outcome is Outcome.NOT_COVERED:
        return "aucune association ne couvre ce lieu pour ce besoin"
    if decision.outcome is Outcome.CLOSED:
        return f"{own} ne répond pas à ce besoin maintenant"
    return own or book.national_name


def _overflow(decision: Decision, book: RuleBook) -> Iterable[str]:
    """Who takes over, and why already now when the first desk is busy."""
    pacts = [line.result.partition(" ")[2] for line in decision.trace if line.rule == "overflow"]
    if not pacts:
        return
    busy = next((_because(line.result) for line in decision.trace if line.rule == "load"), "")
    towards = " puis ".join(_city(book, slug) for slug in pacts)
    yield f"débordement {'' if busy else 'possible '}vers {towards} {busy}".rstrip()


def _under(decision: Decision) -> str:
    version = f"version {decision.rulebook}"
    for line in decision.trace:
        slug, _, rule = line.result.partition(" ")
        if line.rule == "hours" and slug == decision.association:
            return f"{version}, {_hours(rule)}"
    return version


def _hours(rule: str) -> str:
    kind, _, label = rule.partition(" ")
    if kind == "dated" and label:
        return f"exception « {label} »"
    if kind == "urgent" and label:
        return f"ouverture d'urgence « {label} »"
    return HOURS.get(rule, f"règle « {rule} »")


def _clauses(line: TraceLine, decision: Decision, book: RuleBook) -> Iterable[str]:
    said = _RULES.get(line.rule)
    if said is not None:
        yield said(line.result, book)
    elif line.rule == "hours" and line.result.endswith(" closed"):
        slug = line.result.removesuffix(" closed")
        if slug != decision.association or decision.outcome is Outcome.CLOSED:
            yield f"{_city(book, slug)} fermé à cette heure"


def _coverage(result: str, book: RuleBook) -> str:
    if result == "none":
        return "commune hors secteur"
    owners = result.split()
    names = ", ".join(_city(book, slug) for slug in owners)
    return f"secteur {of(names)}" if len(owners) == 1 else f"secteurs {of(names)}"


def _closure(result: str, book: RuleBook) -> str:
    """Until when, and not why: its reason is the association's own, and others read this."""
    slug, _, name = result.partition(" ")
    document = book.document
    shut = next((one for one in document.closures if one.id == name), None) if document else None
    one = next((one for one in document.associations if one.slug == slug), None) if document else None
    until = f" jusqu'au {moment(shut.ends.astimezone(ZoneInfo(one.time_zone)))}" if shut and one else ""
    return f"{_city(book, slug)} à l'arrêt{until}"


def _cap(result: str, book: RuleBook) -> str:
    pact, _, cap = result.partition(" ")
    helper = _city(book, pact.partition(">")[2])
    return f"débordement vers {helper} écarté : déjà {some(int(cap), 'appel')} dans l'heure"


def _load(result: str, book: RuleBook) -> str:
    who = result.partition(" ")[0]
    desk = book.desks.get(who)
    name = desk.name if desk is not None else _city(book, who)
    return f"{name} passe après les autres {_because(result)}"


def _because(load: str) -> str:
    _, kind, count = load.split(" ", 2)
    if kind == "waiting":
        return f"car {some(int(count), 'appel')} en attente"
    if kind == "lines":
        return f"car {some(int(count), 'ligne')} prise{'s' if int(count) > 1 else ''}"
    return f"car déjà {some(int(count), 'patient')} aujourd'hui"


_RULES: dict[str, Callable[[str, RuleBook], str]] = {
    "place": lambda _result, _book: "lieu inconnu",
    "book": lambda _result, _book: "règles de secours, sans les secteurs",
    "coverage.visit": _coverage,
    "coverage.consultation": _coverage,
    "coverage.teleconsultation": _coverage,
    "coverage.advice": _coverage,
    "closure": _closure,
    "desk.none": lambda result, book: f"{_city(book, result)} n'a aucun numéro vérifié",
    "overflow.cap": _cap,
    "meanwhile": lambda result, book: f"pendant la fermeture, {_cities(book, result)}",
    "owner": lambda result, book: f"puis {_cities(book, result)}, qui couvre aussi la commune",
    "reach": lambda result, book: f"puis {_cities(book, result)}, à portée",
    "desk": lambda result, book: f"puis le poste {of(_cities(book, result))}",
    "load": _load,
    "national": lambda _result, book: f"en dernier {book.national_name}",
}


WORDED = frozenset({*_RULES, "hours", "overflow"})  # every rule a trace may name


def _name(book: RuleBook, slug: str) -> str:
    association = book.association(slug)
    return association.name if association is not None else slug


def _cities(book: RuleBook, slugs: str) -> str:
    return ", ".join(_city(book, slug) for slug in slugs.split())


def _city(book: RuleBook, slug: str) -> str:
    association = book.association(slug)
    return association.city if association is not None else slug
