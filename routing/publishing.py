"""From a draft to the book in force: proved, approved where it must be, at once or at its hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine

from config.stores import database_now, reading
from routing import drafts, number_proofs, pacts, recordings, store
from routing.checks import Report, check
from routing.compile import compile_book
from routing.coverage import Gazetteer, Terrain
from routing.differences import Difference, differences
from routing.document import Document
from routing.drafts import Draft
from routing.problem import Problem
from routing.store import EMPTY, DraftChanged, Superseded

log = structlog.get_logger()
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
    second_person: tuple[str, ...]  # names of the associations that ask for one

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """What refuses the publication."""
        return tuple(problem for problem in self.report.problems if problem.blocking)


def examine(engine: Engine, places: Gazetteer | Terrain, document: Document, based_on: int) -> Verdict:
    """Prove a document for the twelve months to come, against the version it was written on."""
    before = _version(engine, based_on)
    terrain = places if isinstance(places, Terrain) else Terrain(places)
    since = _now(engine).replace(second=0, microsecond=0)
    report = check(compile_book(document, based_on + 1, terrain), terrain.places, since, since + PROVED)
    unproved = (*_unproved(engine, before, document), *pacts.problems(engine, before, document))
    report = report.with_more((*unproved, *recordings.problems(engine, before, document)))
    found = differences(before, document)
    return Verdict(report, found, second_person(before, document, found))


def publish(
    engine: Engine,
    places: Gazetteer | Terrain,
    document: Document,
    expected: int,
    author: str,
    reason: str,
    *,
    approved_by: str | None = None,
    draft: str | None = None,
) -> int:
    """Put a document in force and return its number.

    Raises `Refused`, `SecondPersonNeeded`, `Conflict` with both differences, `DraftChanged`.
    """
    verdict = examine(engine, places, document, expected)
    if verdict.blocking:
        raise Refused(verdict.blocking)
    if verdict.second_person and not _another(approved_by, author):
        raise SecondPersonNeeded(verdict.second_person)
    try:
        return store.publish(engine, document, expected, author, reason, approved_by=approved_by, draft=draft)
    except Superseded as late:
        theirs = differences(_version(engine, late.expected), _version(engine, late.current))
        raise Conflict(late, theirs, verdict.differences) from None


def restore(
    engine: Engine, places: Gazetteer | Terrain, number: int, expected: int, author: str, reason: str
) -> int:
    """Undo: publish an older book again under a new number. Raises `KeyError`, `Refused`, `Superseded`.

    It is proved anew, since time has passed, but needs no second person: the book was agreed to once, and
    undoing must be quick. Pacts that were withdrawn since then stay withdrawn.
    """
    document = store.version(engine, number)
    if document is None:
        raise KeyError(number)
    document = pacts.without_withdrawn(engine, document)
    since = _now(engine).replace(second=0, microsecond=0)
    terrain = places if isinstance(places, Terrain) else Terrain(places)
    report = check(compile_book(document, expected + 1, terrain), terrain.places, since, since + PROVED)
    if report.blocking:
        raise Refused(tuple(problem for problem in report.problems if problem.blocking))
    return store.publish(engine, document, expected, author, reason, restores=number)


def publish_due(
    engine: Engine, places: Callable[[], Gazetteer | Terrain], *, most: int = 10
) -> tuple[int, ...]:
    """Publish every draft whose hour has come; the new numbers. For a clock that calls it every few seconds.

    `places` is only called when there is something to do. A draft that may not be published says why in
    `refused`, stays open and is not tried again. Two clocks may run: one of them publishes.
    """
    published = []
    for draft in drafts.due(engine)[:most]:
        try:
            published.append(_publish_draft(engine, places(), draft))
        except DraftChanged:
            continue
        except (Refused, SecondPersonNeeded, Superseded) as refused:
            drafts.refuse(engine, draft, in_words(refused))
            log.warning("publication_refused", draft=draft.id, fault=type(refused).__name__)
    return tuple(published)


def in_words(refused: Refused | SecondPersonNeeded | Superseded) -> str:
    """Why a publication was refused, in French."""
    if isinstance(refused, Superseded):
        since = f"La version {refused.current} a été publiée depuis la version {refused.expected}."
        if not isinstance(refused, Conflict):
            return since
        theirs, yours = (
            "\n".join(f"- {one.said}" for one in told) or "- rien" for told in (refused.theirs, refused.yours)
        )
        return f"{since}\nElle change :\n{theirs}\nVotre brouillon change :\n{yours}"
    return str(refused)


def second_person(before: Document, after: Document, found: Iterable[Difference]) -> tuple[str, ...]:
    """Names of the associations whose rules or desks change and that ask for a second person.

    As they asked before the change: taking the demand away is itself a change that needs one. A helper's
    answer to a pact needs none: who asks has agreed by asking, and who helps has its own two say so.
    """
    if pacts.only_answers(before, after):
        return ()
    touched = {one.association for one in found}
    desks = {one.rule.partition("/")[2] for one in found if one.rule.startswith("regulators/")}
    using = {
        one.slug
        for document in (before, after)
        for one in document.associations
        if desks & {*one.regulators, *one.callbacks.regulators}
    }
    return tuple(one.name for one in before.associations if one.two_person and one.slug in touched | using)


def _publish_draft(engine: Engine, places: Gazetteer | Terrain, draft: Draft) -> int:
    return publish(
        engine,
        places,
        draft.document,
        draft.based_on,
        draft.author,
        draft.reason,
        approved_by=draft.approved_by,
        draft=draft.id,
    )


def _unproved(engine: Engine, before: Document, after: Document) -> Iterator[Problem]:
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


def _another(approved_by: str | None, author: str) -> bool:
    return bool(approved_by) and (approved_by or "").strip().casefold() != author.strip().casefold()


def _version(engine: Engine, number: int) -> Document:
    return (store.version(engine, number) if number else None) or EMPTY


def _now(engine: Engine) -> datetime:
    with reading(engine).connect() as connection:
        return database_now(connection).astimezone(UTC)
