"""Who is rung for a call, and why: the covering association, its overflow, the next in reach, the nation."""

from __future__ import annotations

from datetime import datetime

from routing.compiled import RuleBook
from routing.model import Decision, Load, Located, Need, Notice, Outcome, Reason
from routing.search import ANYWHERE, Search, available, seconds_and_year

NO_LOAD = Load()


def decide(
    book: RuleBook, place: Located | None, need: Need | None, at: datetime, load: Load = NO_LOAD
) -> Decision:
    """Who answers. Total: any place, any time; a naive `at` is read as Paris time. Never an empty list.

    At most eight targets, the national desk last (a first desk ringing all its lines at once is kept whole).
    """
    search = Search(book, place, need, at, load)
    if place is None:
        search.say("place", "unknown")
        return search.decision(Outcome.LOCATE, None)
    if not book.chains:  # the book of last resort knows no communes: asking again would not help
        search.say("book", "last-resort")
        return search.decision(Outcome.CONNECT, None)
    if need is Need.TELECONSULTATION:
        return _ring_back(search)
    if need is Need.ADVICE:
        return _advise(search)
    return _connect(search)


def offers(book: RuleBook, place: Located | None, at: datetime) -> tuple[Need, ...]:
    """What can be had at this place now, in the order of its association's menu.

    Nothing under the book of last resort: who knows no association has nothing to ask, and rings the desk.
    """
    if not book.chains:
        return ()
    if place is None:
        return ANYWHERE
    instant, year = seconds_and_year(at)
    return available(book, place.commune, instant, year)


def _connect(search: Search) -> Decision:
    owners = search.owners()
    answering = next((slug for slug in owners if search.add(slug)), None)
    closure = search.shut
    if answering is not None:
        search.add_overflow(answering)
        search.add_all(owners, "owner")
    elif owners:
        search.add_all(closure.meanwhile if closure is not None else (), "meanwhile")
        search.add_overflow(owners[0])
    search.add_all(search.chain.reach, "reach")
    if answering is not None:
        return search.decision(Outcome.CONNECT, answering)
    if not owners:
        return search.decision(Outcome.NOT_COVERED, None, Notice(_why_not(search), search.need))
    if closure is None:
        notice = Notice(Reason.OUT_OF_HOURS, search.need, owners[0])
    else:
        notice = Notice(Reason.CLOSURE, search.need, owners[0], closure.message)
    return search.decision(Outcome.CLOSED, owners[0], notice)


def _why_not(search: Search) -> Reason:
    """Nobody covers it; "not offered" where somebody is at home there for something else."""
    others = (search.book.chain(need, search.commune) for need in (Need.VISIT, Need.CONSULTATION))
    served = any(chain.owners(search.instant) for chain in others)
    return Reason.NOT_OFFERED if served else Reason.NOT_COVERED


def _ring_back(search: Search) -> Decision:
    """The association's own pool, else the pools it overflows to, then the nation's; then its desk."""
    owners = search.owners()
    answering = _own_or_overflow(search, owners)
    pools = [service.rounds[int(search.instant) % len(service.rounds)] for service in search.found]
    search.ahead = [*pools, search.book.teleconsultation]
    search.found, search.services = [], search.book.services_for(None)
    search.add_all(owners, "desk")
    return search.decision(Outcome.CALLBACK, answering)


def _advise(search: Search) -> Decision:
    return search.decision(Outcome.CONNECT, _own_or_overflow(search, search.owners()))


def _own_or_overflow(search: Search, owners: tuple[str, ...]) -> str | None:
    for slug in owners:
        if not search.add(slug):
            search.add_overflow(slug)
    return search.found[0].association if search.found else None
