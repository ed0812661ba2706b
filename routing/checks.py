"""What is wrong with a rule book before it goes live: holes, overlaps, loops, dead numbers, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil, floor
from zoneinfo import ZoneInfo

from routing import checks_calendar, checks_document
from routing.compiled import RuleBook
from routing.coverage import Gazetteer
from routing.document import Document
from routing.geography.places import Commune, parent, time_zone
from routing.model import Need
from routing.problem import Problem
from routing.proof import Gap, Known, Proof, gaps
from routing.spans import Pairs, total
from routing.words import NEEDS, moment


@dataclass(frozen=True, slots=True)
class Report:
    """The counts of `sos3624 check` and what they stand for.

    A hole and an overlap are counted once per commune and need, however long they last.
    """

    communes: int
    holes: int
    overlaps: int
    loops: int
    dead_numbers: int
    problems: tuple[Problem, ...]

    @property
    def blocking(self) -> bool:
        """True when this book must not be published."""
        return any(problem.blocking for problem in self.problems)

    def with_more(self, problems: Iterable[Problem]) -> Report:
        """The same with what others found."""
        return self.only((*self.problems, *problems))

    def only(self, problems: Iterable[Problem]) -> Report:
        """The same with these problems alone."""
        return replace(self, problems=_gravest_first(problems))


def check(
    book: RuleBook, places: Gazetteer, since: datetime, until: datetime, known: Known | None = None
) -> Report:
    """Prove a book over a period (aware). The blocking problems come first.

    `known` is filled for another book to be proved over the same period, which has most hours in common.
    """
    communes = {commune.insee: commune for commune in _inhabited(places)}
    proof = Proof(book, floor(since.timestamp()), ceil(until.timestamp()), known)
    found = list(gaps(proof, communes))
    written = list(_written(proof))
    kinds = [problem.kind for problem in written]
    problems = [*written, *_gap_problems(book, found, communes)]
    return Report(
        communes=len(communes),
        holes=sum(len(gap.communes) for gap in found if gap.unanswered),
        overlaps=sum(len(gap.communes) for gap in found if gap.doubly_owned),
        loops=kinds.count("loop"),
        dead_numbers=kinds.count("dead_number"),
        problems=_gravest_first(problems),
    )


def refusals(document: Document) -> Iterator[Problem]:
    """What blocks a document, as `check` finds it: that shows in the text alone.

    Holes, overlaps and hours in which nobody is there are warnings, however many: to publish needs no proof.
    """
    found = (*checks_document.problems(document), *checks_calendar.endless(document))
    return (problem for problem in found if problem.blocking)


def gravity(problem: Problem) -> tuple[bool, str, int]:
    """What puts the gravest problems first."""
    return not problem.blocking, problem.kind, -(problem.inhabitants or 0)


def _gravest_first(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=gravity))


def _written(proof: Proof) -> Iterator[Problem]:
    document = proof.book.document
    if document is not None:
        yield from checks_document.problems(document)
        yield from checks_calendar.problems(proof, document)


def _inhabited(places: Gazetteer) -> Iterable[Commune]:
    """Every commune once: Paris, Lyon and Marseille by their arrondissements."""
    communes = list(places.all())
    cities = {parent(commune.insee) for commune in communes}
    return (commune for commune in communes if commune.insee not in cities)


def _gap_problems(book: RuleBook, found: list[Gap], communes: Mapping[str, Commune]) -> Iterator[Problem]:
    """Holes and overlaps, told together where need, owners, département and times are the same."""
    holes: dict[tuple[Need, tuple[str, ...], str, Pairs], list[Commune]] = defaultdict(list)
    doubles: dict[tuple[Need, tuple[str, ...]], list[tuple[Gap, Commune]]] = defaultdict(list)
    for gap in found:
        for insee in gap.communes:
            commune = communes[insee]
            if gap.unanswered:
                holes[gap.need, gap.owners, commune.departement, gap.unanswered].append(commune)
            if gap.doubly_owned:
                doubles[gap.need, gap.owners].append((gap, commune))
    for (need, owners, departement, when), touched in holes.items():
        yield _hole(book, need, owners, departement, when, touched)
    for (need, owners), pairs in doubles.items():
        yield _overlap(book, need, owners, pairs)


def _hole(
    book: RuleBook,
    need: Need,
    owners: tuple[str, ...],
    departement: str,
    when: Pairs,
    touched: list[Commune],
) -> Problem:
    largest = max(touched, key=lambda commune: commune.population)
    if owners:
        hours = f"{total(when) / 3600:,.0f}".replace(",", "\u202f")
        how = f"{hours} h sur la période, dès {_minute(when[0][0], largest)}"
        message = f"{_count(touched)} de {_name(book, owners[0])} ({departement}) sans {NEEDS[need]} : {how}"
    else:
        message = f"{_count(touched)} du département {departement} hors de tout secteur ({NEEDS[need]})"
    return Problem(
        kind="hole",
        blocking=False,
        message=f"{message} ; la régulation nationale répond.",
        commune=largest.insee,
        inhabitants=sum(commune.population for commune in touched),
        first_minute=datetime.fromtimestamp(when[0][0], UTC),
        rule=f"associations/{owners[0]}/hours" if owners else "areas",
    )


def _overlap(
    book: RuleBook, need: Need, owners: tuple[str, ...], pairs: list[tuple[Gap, Commune]]
) -> Problem:
    touched = [commune for _, commune in pairs]
    names = " et ".join(_name(book, slug) for slug in owners)
    first = min(gap.doubly_owned[0][0] for gap, _ in pairs)
    return Problem(
        kind="overlap",
        blocking=False,
        message=f"{_count(touched)} à la fois dans les secteurs de {names} ({NEEDS[need]}) : "
        "la plus proche répond d'abord.",
        commune=max(touched, key=lambda commune: commune.population).insee,
        inhabitants=sum(commune.population for commune in touched),
        first_minute=datetime.fromtimestamp(first, UTC),
        rule=f"associations/{owners[0]}/areas" if owners else "areas",
    )


def _count(communes: list[Commune]) -> str:
    return f"{len(communes)} communes" if len(communes) > 1 else f"la commune {communes[0].name}"


def _name(book: RuleBook, slug: str) -> str:
    association = book.association(slug)
    return association.name if association is not None else slug


def _minute(instant: float, commune: Commune) -> str:
    """On the commune's own clock: « le 23/11/2026 à 20 h »."""
    return f"le {moment(datetime.fromtimestamp(instant, ZoneInfo(time_zone(commune))))}"
