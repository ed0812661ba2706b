"""Past calls under two books: how many would ring elsewhere, from whom to whom, from where, at what hours.

A call is a place, a need and an instant; no number, no person. Calls are not decided one by one: between two
instants at which anything opens, closes or changes hands for a place, every call meets the same answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from routing.compiled import Chain, RuleBook, Service
from routing.decision import decide
from routing.document import Document
from routing.model import Decision, Located, Need, PlaceSource
from routing.search import PARIS, TITLES

HOUR = 3600
PastCall = tuple[str, Need | None, float]
"""INSEE code ("" when it was never known), need (None: not said), seconds UTC."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who rings first: the desk, and for whom it answers (None: the nation)."""

    association: str | None
    regulator: str


@dataclass(frozen=True, slots=True)
class Move:
    """Calls that would ring first at `after` instead of `before`."""

    before: Answer
    after: Answer
    need: Need | None
    calls: int
    communes: tuple[tuple[str, int], ...]  # INSEE code and its calls, the most first
    hours: tuple[int, ...]  # calls by hour of the day in Paris, 24 of them


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the calls of a period, and what each desk would have more or less of them."""

    calls: int
    moved: int
    moves: tuple[Move, ...]  # the most calls first
    days: float

    def load(self) -> dict[str, tuple[float, ...]]:
        """By desk, the calls it would have more (or fewer) in a day, hour by hour."""
        found: dict[str, list[int]] = defaultdict(lambda: [0] * 24)
        for move in self.moves:
            for hour, calls in enumerate(move.hours):
                found[move.before.regulator][hour] -= calls
                found[move.after.regulator][hour] += calls
        days = self.days or 1.0
        return {desk: tuple(n / days for n in hours) for desk, hours in found.items()}


def replay(
    before: RuleBook, after: RuleBook, calls: Iterable[PastCall], since: datetime, until: datetime
) -> Replay:
    """Ring every call of [since, until) (aware) under both books; calls outside are left out."""
    start, end = since.timestamp(), until.timestamp()
    both = _Both(before, after, start, end)
    hours = _Hours()
    count = 0
    places: Counter[tuple[_Moved, str]] = Counter()
    times: Counter[tuple[_Moved, int]] = Counter()
    by_need: dict[Need | None, dict[str, _Alike | None]] = {need: {} for need in (*Need, None)}
    for place, need, instant in calls:  # millions of times: nothing is called that need not be
        if not start <= instant < end:
            continue
        count += 1
        known = by_need[need]
        alike = known[place] if place in known else known.setdefault(place, both.alike(place, need))
        if alike is not None:
            segment = bisect_right(alike.changes, instant)
            moved = alike.moves[segment] if segment in alike.moves else alike.decide(segment, instant, place)
            if moved is not None:
                places[moved, place] += 1
                times[moved, hours[int(instant) // HOUR]] += 1
    return Replay(count, sum(times.values()), tuple(_moves(places, times)), (end - start) / 86400)


_Moved = tuple[Answer, Answer, Need | None]


class _Hours(dict[int, int]):
    """The hour of the day in Paris of an hour since 1970."""

    def __missing__(self, hour: int) -> int:
        found = self[hour] = datetime.fromtimestamp(hour * HOUR, UTC).astimezone(PARIS).hour
        return found


class _Alike:
    """Places whose calls for a need meet the same answers under both books, stretch by stretch."""

    def __init__(self, before: RuleBook, after: RuleBook, need: Need | None, changes: list[float]) -> None:
        self.changes = changes
        self.moves: dict[int, _Moved | None] = {}
        self._books, self._need = (before, after), need

    def decide(self, segment: int, instant: float, place: str) -> _Moved | None:
        """What this stretch's first call meets, which then holds for the whole stretch."""
        at = datetime.fromtimestamp(instant, UTC)
        where = Located(place, 1.0, PlaceSource.MEMORY) if place else None
        one, other = (_first(decide(book, where, self._need, at)) for book in self._books)
        moved = None if one.regulator == other.regulator else (one, other, self._need)
        self.moves[segment] = moved
        return moved


def _first(decision: Decision) -> Answer:
    first = decision.targets[0]
    return Answer(first.association, first.regulator)


class _Both:
    """The two books side by side: which places are alike, and for which of them anything can differ."""

    def __init__(self, before: RuleBook, after: RuleBook, start: float, end: float) -> None:
        self._books = (before, after)
        self._period = (start, end)
        self._changed = changed_slugs(before, after)
        self._alike: dict[tuple[object, ...], _Alike | None] = {}
        self._keys: dict[int, tuple[object, ...]] = {}
        self._bounds: dict[tuple[int, Need | None, str], frozenset[float]] = {}

    def alike(self, place: str, need: Need | None) -> _Alike | None:
        """The group of this place; None where nothing can differ."""
        chains = [[book.chain(title, place) for title, _ in TITLES[need]] for book in self._books]
        key = (need, bool(place), *(self._key(chain) for found in chains for chain in found))
        if key not in self._alike:
            self._alike[key] = self._made(need, *chains)
        return self._alike[key]

    def _made(self, need: Need | None, old: list[Chain], new: list[Chain]) -> _Alike | None:
        same = [self._key(chain) for chain in old] == [self._key(chain) for chain in new]
        slugs = [
            self._asked(book, need, chains) for book, chains in zip(self._books, (old, new), strict=True)
        ]
        if same and self._changed is not None and not (slugs[0] | slugs[1]) & self._changed:
            return None
        start, end = self._period
        bounds = {b for chain in (*old, *new) for claim in chain.claims for b in (claim.since, claim.until)}
        for place, book in enumerate(self._books):
            for slug in slugs[place]:
                bounds |= self._bounds_of(place, book, need, slug)
        return _Alike(*self._books, need, sorted(bound for bound in bounds if start < bound < end))

    def _asked(self, book: RuleBook, need: Need | None, chains: list[Chain]) -> set[str]:
        """Everyone a decision may look at from here."""
        own = {claim.association for chain in chains for claim in chain.claims}
        own.update(slug for chain in chains for slug in chain.reach)
        further = set(own)
        for slug in own:
            service = book.service(need, slug)
            if service is not None:
                further.update(pact.to for pact in service.overflow)
                further.update(slug for shut in service.shuts for slug in shut.meanwhile)
        return further

    def _bounds_of(self, place: int, book: RuleBook, need: Need | None, slug: str) -> frozenset[float]:
        known = self._bounds.get((place, need, slug))
        if known is None:
            services = (book.service(one, slug) for one in {need, None})
            found = {b for one in services if one is not None for b in _bounds(one, *self._period)}
            known = self._bounds[place, need, slug] = frozenset(found)
        return known

    def _key(self, chain: Chain) -> tuple[object, ...]:
        known = self._keys.get(id(chain))
        if known is None:
            claims = tuple((c.association, c.since, c.until, c.nearest) for c in chain.claims)
            known = self._keys[id(chain)] = (claims, chain.reach)
        return known


def _bounds(service: Service, start: float, end: float) -> Iterator[float]:
    """Every instant at which this service may begin or cease to answer."""
    yield from (service.since, service.until)
    for shut in service.shuts:
        yield from (shut.since, shut.until)
    yield from (pact.until for pact in service.overflow)
    for since, until in service.schedule.bounds(start, end):
        yield from (since, until)


def changed_slugs(before: RuleBook, after: RuleBook) -> frozenset[str] | None:
    """Associations for which any rule differs; None when any may, because the federation's rules do."""
    one, other = before.document, after.document
    if (
        one is None
        or other is None
        or (one.national, _national_desks(one))
        != (
            other.national,
            _national_desks(other),
        )
    ):
        return None
    old, new = _rules(one), _rules(other)
    return frozenset(slug for slug in old.keys() | new.keys() if old.get(slug) != new.get(slug))


def _national_desks(document: Document) -> list[object]:
    named = {document.national.regulator, *document.national.teleconsultation}
    return [desk for desk in document.regulators if desk.id in named]


def _rules(document: Document) -> dict[str, object]:
    desks = {desk.id: desk for desk in document.regulators}
    closures = document.closures
    return {
        one.slug: (
            one,
            [desks.get(name) for name in (*one.regulators, *one.callbacks.regulators)],
            [closure for closure in closures if closure.association in (None, one.slug)],
        )
        for one in document.associations
    }


def _moves(places: Counter[tuple[_Moved, str]], times: Counter[tuple[_Moved, int]]) -> Iterator[Move]:
    communes: dict[_Moved, list[tuple[str, int]]] = defaultdict(list)
    hours: dict[_Moved, list[int]] = defaultdict(lambda: [0] * 24)
    for (moved, place), calls in places.items():
        communes[moved].append((place, calls))
    for (moved, hour), calls in times.items():
        hours[moved][hour] = calls
    for moved in sorted(hours, key=lambda one: -sum(hours[one])):
        ranked = sorted(communes[moved], key=lambda one: (-one[1], one[0]))
        yield Move(*moved, sum(hours[moved]), tuple(ranked), tuple(hours[moved]))
