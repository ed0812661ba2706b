"""One decision in the making: whom to ask, who is there, in which order they are rung, and the trace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from math import inf
from operator import attrgetter
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from routing.compiled import NO_CHAIN, Chain, RuleBook, Service, Shut
from routing.model import Decision, Load, Located, Need, Notice, Outcome, Target, TraceLine

MOST_TARGETS = 8  # the call's state carries them in its URL
ENOUGH = 5  # associations, two minutes of ringing: nobody farther is added for being in reach
PARIS = ZoneInfo("Europe/Paris")

# Whose commune it is, asked need by need until one has an owner.
_VISIT, _CONSULTATION, _TELECONSULTATION, _ADVICE = ((need, f"coverage.{need}") for need in Need)
TITLES: dict[Need | None, tuple[tuple[Need, str], ...]] = {
    Need.VISIT: (_VISIT,),
    Need.CONSULTATION: (_CONSULTATION,),
    Need.TELECONSULTATION: (_TELECONSULTATION, _VISIT, _CONSULTATION),
    Need.ADVICE: (_ADVICE, _VISIT, _CONSULTATION),
    None: (_VISIT, _CONSULTATION),
}
ANYWHERE = (Need.TELECONSULTATION, Need.ADVICE)  # the national pool has them, overseas too


class Search:
    """One decision in the making: services found so far, in order, and the trace."""

    __slots__ = (
        "ahead",
        "at",
        "book",
        "chain",
        "commune",
        "found",
        "instant",
        "load",
        "looked_at",
        "need",
        "place",
        "services",
        "shut",
        "trace",
        "year",
    )

    def __init__(
        self, book: RuleBook, place: Located | None, need: Need | None, at: datetime, load: Load
    ) -> None:
        self.book, self.place, self.need, self.at, self.load = book, place, need, at, load
        self.services = book.services_for(need)
        self.instant, self.year = seconds_and_year(at)
        self.commune = "" if place is None else place.commune
        self.chain: Chain = NO_CHAIN
        self.found: list[Service] = []
        self.looked_at: set[Service] = set()
        self.ahead: list[tuple[Target, ...]] = []  # rung before whatever was found
        self.trace: list[TraceLine] = []
        self.shut: Shut | None = None

    def say(self, rule: str, result: str) -> None:
        self.trace.append(TraceLine(rule, result))

    def owners(self) -> tuple[str, ...]:
        """The associations whose commune this is; `chain` is set to the one that says so."""
        for title, rule in TITLES[self.need]:
            self.chain = self.book.chain(title, self.commune)
            owners = self.chain.owners(self.instant)
            if owners:
                self.say(rule, " ".join(owners))
                return owners
        self.say(rule, "none")
        return ()

    def add(self, slug: str) -> bool:
        """Take this association's service if somebody is there now; True when taken (or taken before)."""
        service = self.services.get(slug)
        if service is None or not service.since <= self.instant < service.until:
            return False
        if service in self.looked_at:
            return service in self.found
        self.looked_at.add(service)
        if service.shuts:
            shut = service.shut_at(self.instant)
            if shut is not None:
                self.shut = self.shut or shut
                self.say("closure", f"{slug} {shut.id}")
                return False
        rule = service.schedule.rule_at(self.instant, self.year)
        self.trace.append(service.line(rule))
        if rule is None:
            return False
        if not service.rounds:
            self.say("desk.none", slug)
            return False
        self.found.append(service)
        return True

    def add_overflow(self, slug: str) -> None:
        """The pacts of one association, in its own order."""
        service = self.services.get(slug)
        for pact in service.overflow if service is not None else ():
            if pact.until <= self.instant:
                continue
            if pact.cap_per_hour is not None and self.load.overflowed.get(pact.key, 0) >= pact.cap_per_hour:
                self.say("overflow.cap", f"{pact.key} {pact.cap_per_hour}")
            elif self.add(pact.to):
                self.trace.append(pact.line)

    def add_all(self, slugs: Iterable[str], rule: str) -> None:
        """Others, until enough are found."""
        before = len(self.found)
        for slug in slugs:
            if len(self.found) >= ENOUGH:
                break
            self.add(slug)
        if len(self.found) > before:
            self.say(rule, " ".join([service.association for service in self.found[before:]]))

    def decision(self, outcome: Outcome, association: str | None, notice: Notice | None = None) -> Decision:
        """What was found, the free desks first, the national desk behind them."""
        groups = [s.rounds[int(self.instant) % len(s.rounds)] for s in self.found]
        if self.load.idle:
            groups = [self._idlest_first(group) for group in groups]
        if self.load.lines_in_use or self.load.waiting or self.load.today:
            groups = self._free_first(groups)
        targets = _distinct([*self.ahead, *groups], self.book.national)
        self.say("national", self.book.national.regulator)
        offered: tuple[Need, ...] = ()
        if outcome in (Outcome.CLOSED, Outcome.NOT_COVERED):
            here = available(self.book, self.commune, self.instant, self.year)
            offered = tuple(need for need in here if need is not self.need)
        return Decision(
            outcome=outcome,
            association=association,
            commune=self.commune or None,
            confidence=0.0 if self.place is None else self.place.confidence,
            targets=targets,
            rulebook=self.book.version,
            trace=tuple(self.trace),
            notice=notice,
            offers=offered,
            at=self.at,
        )

    def _idlest_first(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """The numbers of a desk that wants it so by how long they have been idle; others as they are."""
        ranked: list[Target] = []
        idle = self.load.idle
        for regulator, of_desk in groupby(targets, key=attrgetter("regulator")):
            numbers = list(of_desk)
            if self.book.desks[regulator].longest_idle:
                numbers.sort(key=lambda target: -idle.get(target.phone, inf))
            ranked += numbers
        return tuple(ranked)

    def _free_first(self, groups: list[tuple[Target, ...]]) -> list[tuple[Target, ...]]:
        """Desks with no line free, too many waiting or the day's cap reached go behind the others."""
        free, busy = [], []
        for service, targets in zip(self.found, groups, strict=True):
            taken = self.load.today.get(f"{service.association} {service.need}", 0)
            if service.daily_cap is not None and taken >= service.daily_cap:
                self.say("load", f"{service.association} today {taken}")
                busy.append(targets)
            else:
                kept = tuple(t for t in targets if not self._busy(t.regulator))
                free.append(kept)
                busy.append(tuple(t for t in targets if t not in kept))
        return free + busy

    def _busy(self, regulator: str) -> bool:
        desk = self.book.desks[regulator]
        waiting = self.load.waiting.get(regulator, 0)
        if desk.waiting_limit is not None and waiting >= desk.waiting_limit:
            line = TraceLine("load", f"{regulator} waiting {waiting}")
        elif self.load.lines_in_use.get(regulator, 0) >= desk.lines:
            line = TraceLine("load", f"{regulator} lines {desk.lines}")
        else:
            return False
        if line not in self.trace:
            self.trace.append(line)
        return True


def _distinct(groups: Iterable[tuple[Target, ...]], national: Target) -> tuple[Target, ...]:
    """Each number once, at most eight, the national desk last; the first desk is never torn apart."""
    chosen: dict[str, Target] = {}
    before = national
    for group in groups:
        fresh = [target for target in group if target.phone != national.phone and target.phone not in chosen]
        if chosen:
            fresh = fresh[: MOST_TARGETS - 1 - len(chosen)]
        for target in fresh:
            if target.together and target.regulator != before.regulator:
                target = replace(target, together=False)  # the one it was to ring beside is rung elsewhere
            chosen[target.phone] = before = target
    return (*chosen.values(), national)


def seconds_and_year(at: datetime) -> tuple[float, int]:
    if at.tzinfo is None:
        at = at.replace(tzinfo=PARIS)
    try:
        return at.timestamp(), at.year
    except (OverflowError, ValueError):  # the first and last day of the calendar, in some zones
        return 0.0, at.year


def available(book: RuleBook, commune: str, instant: float, year: int) -> tuple[Need, ...]:
    here = {
        need
        for need in (Need.VISIT, Need.CONSULTATION)
        if any(
            _is_there(book.service(need, slug), instant, year)
            for slug in book.chain(need, commune).owners(instant)
        )
    }
    owners = book.chain(Need.VISIT, commune).owners(instant) or book.chain(Need.CONSULTATION, commune).owners(
        instant
    )
    association = book.association(owners[0]) if owners else None
    menu = tuple(Need) if association is None else association.menu
    return tuple(need for need in menu if need in here or need in ANYWHERE) or ANYWHERE


def _is_there(service: Service | None, instant: float, year: int) -> bool:
    return (
        service is not None
        and service.since <= instant < service.until
        and service.shut_at(instant) is None
        and service.schedule.rule_at(instant, year) is not None
        and bool(service.rounds)
    )
