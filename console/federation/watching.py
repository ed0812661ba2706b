"""What the federation should look at now: each association's state, and why it stands on top. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from console.association.sentence import is_open
from console.french import alphabetical, count, percent, soon, wait
from routing.compiled import RuleBook
from routing.document import Association, Closure
from routing.model import Need
from routing.words import NEEDS
from workers.records.live import Picture, Situation

LONG_WAIT = 60.0  # seconds since the first ring
LOW_QS60, ENOUGH = 0.6, 10  # a share of less than ten calls says nothing


@dataclass(frozen=True, slots=True)
class Line:
    """One association on the board."""

    slug: str
    city: str
    name: str
    departement: str
    open: tuple[Need, ...]
    shut: tuple[Need, ...]  # by a closure
    away: tuple[Need, ...]  # out of hours
    situation: Situation
    reasons: tuple[str, ...]  # why somebody should look, in French; none: all is well

    @property
    def state(self) -> str:
        """One word for the map and for its key: "watch", "shut", "away" or "open"."""
        if self.shut:
            return "shut"
        if self.reasons:
            return "watch"
        return "away" if self.away and not self.open else "open"


def lines(book: RuleBook, picture: Picture, closures: Iterable[Closure], now: datetime) -> list[Line]:
    """All associations, those to look at first, then as a dictionary has them."""
    shut = tuple(closures)
    document = book.document
    made = [
        _line(book, one, picture.of(one.slug), shut, now)
        for one in (document.associations if document else ())
        if book.association(one.slug)
    ]
    return sorted(made, key=lambda line: (not line.reasons, alphabetical(line.city)))


def _line(
    book: RuleBook, one: Association, situation: Situation, closures: tuple[Closure, ...], now: datetime
) -> Line:
    instant = now.timestamp()
    services = [(need, service) for need in one.menu if (service := book.service(need, one.slug))]
    answering = tuple(need for need, service in services if is_open(service, instant, now.year))
    shut = tuple(need for need, service in services if service.shut_at(instant))
    away = tuple(need for need, _ in services if need not in answering and need not in shut)
    mine = [c for c in closures if c.association in (None, one.slug) and one.slug not in c.requisitioned]
    return Line(
        one.slug,
        one.city,
        one.name,
        _departement(one.insee),
        answering,
        shut,
        away,
        situation,
        tuple(_reasons(situation, [c for c in mine if c.association], now)),  # the country's is told once
    )


def _reasons(situation: Situation, closures: list[Closure], now: datetime) -> Iterator[str]:
    for closure in closures:
        needs = ", ".join(NEEDS[need] for need in closure.needs) or "toutes les demandes"
        yield f"fermée jusqu'à {soon(closure.ends, now)} ({needs})"
    if situation.callbacks_late:
        many = "s" if situation.callbacks_late > 1 else ""
        yield f"{count(situation.callbacks_late)} rappel{many} en retard"
    if situation.longest_wait > LONG_WAIT:
        yield f"un appel attend depuis {wait(situation.longest_wait)}"
    qs60 = situation.qs60
    if qs60 is not None and situation.judged >= ENOUGH and qs60 < LOW_QS60:
        yield f"QS60 à {percent(qs60)} depuis une heure"


def _departement(insee: str) -> str:
    return insee[:3] if insee.startswith(("97", "98")) else insee[:2]
