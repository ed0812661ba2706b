"""From a document to the book in force: proved, approved where it must be, compared and set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from config.stores import database_now, reading
from routing import number_proofs, pacts, recordings, store
from routing.checks import Report, check, gravity, refusals
from routing.checks_places import misplaced
from routing.closures import only_urgent
from routing.compile import compile_book
from routing.coverage import Gazetteer, Terrain
from routing.differences import Difference, differences
from routing.document import Document
from routing.drafts import Draft
from routing.person import By, person
from routing.problem import Problem
from routing.store import Superseded

PROVED = timedelta(days=365)


class Refused(Exception):
    """The checks found something that must not be live; nobody may override it. `problems` says what."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems


class SecondPersonNeeded(Exception):
    """These associations ask that another person than the author approves what touches their rules."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(names)} : la publication demande une seconde personne.")
        self.names = names


class Conflict(Superseded):
    """Someone published in the meantime: what they changed since then, and what the draft changes."""

    def __init__(
        self, late: Superseded, theirs: tuple[Difference, ...], yours: tuple[Difference, ...]
    ) -> None:
        super().__init__(late.expected, late.current)
        self.theirs, self.yours = theirs, yours


@dataclass(frozen=True, slots=True)
class Verdict:
    """What publishing this document would meet."""

    report: Report
    differences: tuple[Difference, ...]
    second_person: tuple[str, ...]  # names of the associations, or the federation, that ask for one
    standing: tuple[Problem, ...] = ()  # warnings that hold already, and that it does not change

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """What refuses the publication."""
        return tuple(problem for problem in self.report.problems if problem.blocking)


def examine(engine: Engine, places: Gazetteer | Terrain, document: Document, based_on: int) -> Verdict:
    """Prove a document for the twelve months to come, against the version it was written on."""
    before = _version(engine, based_on)
    terrain = places if isinstance(places, Terrain) else Terrain(places)
    report = check(compile_book(document, based_on + 1, terrain), terrain.places, *proved_period(engine))
    report = report.with_more((*unproved(engine, before, document), *misplaced(document, terrain.places)))
    found = differences(before, document)
    return Verdict(report, found, second_person(before, document, found))


def publish(
    engine: Engine,
    document: Document,
    expected: int,
    author: By,
    reason: str,
    *,
    approved_by: By | None = None,
    draft: Draft | None = None,
) -> int:
    """Put a document in force and return its number.

    What `examine` proves beside what refuses a document are warnings, for eyes: they are not worked out here.
    Raises `Refused`, `SecondPersonNeeded`, `Conflict` with both differences, `DraftChanged`.
    """
    before = _version(engine, expected)
    found = differences(before, document)
    blocking = refused(engine, before, document)
    let_pass(blocking, second_person(before, document, found), author, approved_by)
    try:
        return store.publish(engine, document, expected, author, reason, approved_by=approved_by, draft=draft)
    except Superseded as late:
        theirs = differences(_version(engine, late.expected), _version(engine, late.current))
        raise Conflict(late, theirs, found) from None


def restore(engine: Engine, number: int, expected: int, author: By, reason: str) -> int:
    """Undo: publish an older book again under a new number. Raises `KeyError`, `Refused`, `Superseded`.

    What blocks is looked for anew, but no second person is needed: the book was agreed to once, and
    undoing must be quick. Pacts that were withdrawn since then stay withdrawn.
    """
    document = store.version(engine, number)
    if document is None:
        raise KeyError(number)
    document = pacts.without_withdrawn(engine, document)
    if blocking := tuple(refusals(document)):
        raise Refused(blocking)
    return store.publish(engine, document, expected, author, reason, restores=number)


def refused(engine: Engine, before: Document, after: Document) -> tuple[Problem, ...]:
    """What blocks this document in the place of the one before it: just what `examine` finds to block it."""
    found = (*refusals(after), *unproved(engine, before, after))
    return tuple(sorted((p for p in found if p.blocking), key=gravity))


def let_pass(
    blocking: tuple[Problem, ...], wanted: tuple[str, ...], author: By, approved_by: By | None
) -> None:
    """Raises `Refused` for what blocks, `SecondPersonNeeded` where these ask for one who is not there."""
    if blocking:
        raise Refused(blocking)
    if wanted and not another(approved_by, author):
        raise SecondPersonNeeded(wanted)


def in_words(refused: Refused | SecondPersonNeeded | Superseded) -> str:
    """Why a publication was refused, in French."""
    if isinstance(refused, Superseded):
        since = f"La version {refused.current} a été publiée depuis la version {refused.expected}."
        if not isinstance(refused, Conflict):
            return since
        theirs, yours = listed(refused.theirs), listed(refused.yours)
        return f"{since}\nElle change :\n{theirs}\nVotre brouillon change :\n{yours}"
    return str(refused)


def listed(found: Iterable[Difference]) -> str:
    """One line each."""
    return "\n".join(f"- {one.said}" for one in found) or "- rien"


def second_person(before: Document, after: Document, found: Iterable[Difference]) -> tuple[str, ...]:
    """Names of the associations whose rules or desks change and that ask for a second person, and the
    federation's where it asks for one and the nation's desks, the reach or the emergency numbers change.

    As they asked before the change: taking the demand away is itself a change that needs one. National
    closures and messages never do: they end by themselves, and a strike does not wait. Nor does a helper's
    answer to a pact: who asks has agreed by asking, and who helps has its own two say so (`routing.pacts`).
    Nor does an emergency closure, which one person at night must be able to make.
    """
    if pacts.only_answers(before, after) or only_urgent(before, after):
        return ()
    rules = {one.rule for one in found}
    touched = {one.association for one in found}
    desks = {rule.partition("/")[2] for rule in rules if rule.startswith("regulators/")}
    using = {
        one.slug
        for document in (before, after)
        for one in document.associations
        if desks & {*one.regulators, *one.callbacks.regulators}
    }
    nation = {before.national.regulator, *before.national.teleconsultation}
    of_all = bool(desks & nation) or not rules.isdisjoint(("national", "reach", "emergency"))
    asking = [one.name for one in before.associations if one.two_person and one.slug in touched | using]
    return (*asking, *(["La fédération"] if of_all and before.national.two_person else []))


def unproved(engine: Engine, before: Document, after: Document) -> Iterator[Problem]:
    """What a document claims and nobody has ever shown: numbers, the other side's word, recordings."""
    yield from _unproved_numbers(engine, before, after)
    yield from pacts.problems(engine, before, after)
    yield from recordings.problems(engine, before, after)


def _unproved_numbers(engine: Engine, before: Document, after: Document) -> Iterator[Problem]:
    """Numbers said to be verified, to which no test call ever spoke a code (ASVS 2.3.5, toll fraud)."""
    known = _verified(before)
    fresh = _verified(after) - known
    for number in sorted(fresh - number_proofs.proved(engine, fresh)):
        desk = next(d for d in after.regulators if any(p.number == number for p in d.phones))
        yield Problem(
            "unproved_number",
            True,
            f"{desk.name} : le {number} est dit vérifié, mais aucun appel d'essai n'y a dit de code.",
            rule=f"regulators/{desk.id}/phones",
        )


def _verified(document: Document) -> frozenset[str]:
    return frozenset(p.number for desk in document.regulators for p in desk.phones if p.verified)


def another(approved_by: By | None, author: By) -> bool:
    """Whether somebody else than the author has approved: another account, else another name."""
    if not approved_by:
        return False
    return not person(approved_by).same(person(author))


def _version(engine: Engine, number: int) -> Document:
    return (store.version(engine, number) if number else None) or store.EMPTY


def proved_period(engine: Engine) -> tuple[datetime, datetime]:
    """The twelve months to come, from this minute on by the database's clock."""
    with reading(engine).connect() as connection:
        since = database_now(connection).astimezone(UTC).replace(second=0, microsecond=0)
    return since, since + PROVED
