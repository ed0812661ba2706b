"""What publishing an association's draft would meet: problems, saved cases, and last week's calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from console.association.scene import Scene
from console.office import office
from console.past_calls import calls_between
from routing import cases, closures
from routing.cases import Failure
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.draft_publishing import Carried, examine, holes
from routing.drafts import Draft
from routing.problem import Problem
from routing.publishing import Verdict
from routing.replay import replay
from routing.replay_words import Told, told

REPLAYED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything that is known of a draft before it is published."""

    verdict: Verdict
    failing: tuple[Failure, ...]  # the association's own cases: they stop it
    others: tuple[Failure, ...]  # other associations' cases that hold now and would not: they are told
    kept: int  # how many cases of its own there are
    book: RuleBook

    @property
    def holes(self) -> tuple[Problem, ...]:
        """Where no association would answer any more: refused, unless somebody says that it is meant."""
        return holes(self.verdict.report.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is worth knowing beside that."""
        return tuple(p for p in self.verdict.report.problems if not p.blocking and p not in self.holes)

    def stops(self, *, holes_meant: bool = False) -> bool:
        """Whether it may not be published."""
        return bool(self.verdict.blocking or self.failing or (self.holes and not holes_meant))


def tried(at: Scene, one: Carried) -> Trial:
    """Prove the draft and ask its saved cases: under 300 ms."""
    here = office()
    book = compile_book(closures.public(one.document, at.now), one.version + 1, here.terrain, at.book)
    everybody = cases.kept(here.engine)
    own = tuple(case for case in everybody if case.association == at.slug)
    rest = [case for case in everybody if case.association != at.slug]
    already = {failure.case.id for failure in cases.failing(known_book(at), rest)}
    return Trial(
        verdict=examine(here.engine, here.terrain, one, at.slug),
        failing=tuple(cases.failing(book, own)),
        others=tuple(f for f in cases.failing(book, rest) if f.case.id not in already),
        kept=len(own),
        book=book,
    )


def known_book(at: Scene) -> RuleBook:
    """The book in force as an association may know it: no closure that is secret still."""
    known = closures.public(at.document, at.now)
    if known is at.document:
        return at.book
    return compile_book(known, at.book.version, office().terrain, at.book)


def replayed(at: Scene, book: RuleBook) -> Told:
    """Last week's calls under this book instead of the one in force, in words."""
    here, since = office(), at.now - REPLAYED
    found = replay(at.book, book, calls_between(here.engine, since, at.now), since, at.now)
    return told(found, at.book, book, communes())


def communes() -> dict[str, str]:
    """Names by INSEE code."""
    return {commune.insee: commune.name for commune in office().places.all()}


def second_person_waits(draft: Draft | None) -> bool:
    """Whether somebody else has to read it."""
    return draft is not None and draft.asked_by is not None and draft.approved_by is None
