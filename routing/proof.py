"""For every commune and need, the instants at which no association answers; by intervals, not by minutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from routing.compiled import Chain, RuleBook, Service, Shut
from routing.document_hours import Hours
from routing.hours import URGENT, Schedule
from routing.model import Need
from routing.spans import Pairs, minus, union, within

# The national pool is the answer meant for the other two needs where an association has none of its own.
PROVED = (Need.VISIT, Need.CONSULTATION)
Known = dict[tuple[tuple[Hours, ...], str, str | None], Pairs]  # what hours come to, in one period


@dataclass(frozen=True, slots=True)
class Gap:
    """Communes alike in a need: who owns them, when nobody answers, when two own them at once."""

    need: Need
    communes: tuple[str, ...]
    owners: tuple[str, ...]  # at the beginning of the period
    unanswered: Pairs
    doubly_owned: Pairs


def gaps(proof: Proof, communes: Iterable[str]) -> Iterator[Gap]:
    """Every group of communes sharing a chain, with its holes and overlaps in the proof's period."""
    book, everywhere = proof.book, list(communes)
    for need in PROVED:
        alike: dict[Chain, list[str]] = {}
        for commune in everywhere:
            alike.setdefault(book.chain(need, commune), []).append(commune)
        for chain, group in alike.items():
            periods = tuple(proof.periods(chain))
            holes = union(*(proof.unanswered(need, chain, *period) for period in periods))
            doubles = union((a, b) for a, b, owners in periods if len(owners) > 1)
            yield Gap(need, tuple(group), periods[0][2], holes, doubles)


class Proof:
    """Openings worked out once per service for the period under proof.

    `since` and `until` are whole seconds UTC, as hours are kept: within the last second of a period nobody
    would be found. `known` keeps what the same hours come to, for another book of the same period.
    """

    def __init__(self, book: RuleBook, since: float, until: float, known: Known | None = None) -> None:
        self.book, self.since, self.until = book, since, until
        self._known = {} if known is None else known
        self._openings: dict[Service, Pairs] = {}
        self._stops: dict[Service, list[tuple[Shut, Pairs]]] = {}

    def periods(self, chain: Chain) -> Iterator[tuple[float, float, tuple[str, ...]]]:
        """(since, until, owners): stretches in which the owners stay the same."""
        bounds = {bound for claim in chain.claims for bound in (claim.since, claim.until)}
        turns = sorted({self.since, self.until, *(b for b in bounds if self.since < b < self.until)})
        for since, until in pairwise(turns):
            yield since, until, chain.owners(since)

    def unanswered(
        self, need: Need, chain: Chain, since: float, until: float, owners: tuple[str, ...]
    ) -> Pairs:
        """The holes of one stretch: nobody of those whom `decide` would ask is there."""
        asked = [self.openings(need, slug) for slug in dict.fromkeys((*owners, *chain.reach))]
        if owners:
            asked += self._overflow(need, owners[0])
            asked += self._meanwhile(need, owners)
        return minus(((since, until),), union(*asked))

    def served(self, need: Need, slug: str) -> bool:
        """Whether the association could answer this need in the period, by its own dates and desks."""
        service = self.book.service(need, slug)
        return (
            service is not None
            and bool(service.rounds)
            and service.since < self.until
            and service.until > self.since
        )

    def openings(self, need: Need, slug: str) -> Pairs:
        """When this association answers this need."""
        service = self.book.service(need, slug)
        if service is None or not service.rounds:
            return ()
        known = self._openings.get(service)
        if known is None:
            open_ = within(self._hours(service.schedule), service.since, service.until)
            known = minus(open_, union(*(stopped for _, stopped in self.stops(service))))
            self._openings[service] = known
        return known

    def _hours(self, schedule: Schedule) -> Pairs:
        key = schedule.hours, schedule.zone.key, schedule.territory
        pairs = self._known.get(key)
        if pairs is None:
            spans = schedule.intervals(self.since, self.until)
            pairs = self._known[key] = union((i.since, i.until) for i in spans)
        return pairs

    def stops(self, service: Service) -> list[tuple[Shut, Pairs]]:
        """Each closure with the instants at which it is the one that stops the service."""
        known = self._stops.get(service)
        if known is None:
            known = self._stops[service] = []
            taken: Pairs = () if not service.shuts else self._urgent(service)
            for shut in service.shuts:
                span = within(((shut.since, shut.until),), self.since, self.until)
                known.append((shut, span if shut.urgent else minus(span, taken)))
        return known

    def _urgent(self, service: Service) -> Pairs:
        spans = service.schedule.intervals(self.since, self.until)
        return union((i.since, i.until) for i in spans if i.rule.startswith(URGENT))

    def _overflow(self, need: Need, slug: str) -> list[Pairs]:
        service = self.book.service(need, slug)
        pacts = service.overflow if service is not None else ()
        return [within(self.openings(need, pact.to), self.since, pact.until) for pact in pacts]

    def _meanwhile(self, need: Need, owners: tuple[str, ...]) -> list[Pairs]:
        """Who answers during the closure that is told: that of the nearest owner that has one."""
        found: list[Pairs] = []
        told: Pairs = ()
        for slug in owners:
            service = self.book.service(need, slug)
            for shut, stopped in self.stops(service) if service is not None else ():
                for since, until in minus(stopped, told):
                    found += [within(self.openings(need, m), since, until) for m in shut.meanwhile]
                told = union(told, stopped)
        return found
