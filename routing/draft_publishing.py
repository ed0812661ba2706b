"""An association's draft on its way into force: brought over onto the book of the moment, and published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine

from routing import drafts, pacts, publishing, store
from routing.checks_part import check_association
from routing.checks_places import misplaced
from routing.closures import secret
from routing.coverage import Gazetteer, Terrain
from routing.differences import differences
from routing.document import Document
from routing.drafts import Draft
from routing.parts import Clash, Trespass, carry, desks, put_back
from routing.person import By
from routing.problem import Problem
from routing.proof import Known
from routing.publishing import Conflict, Refused, SecondPersonNeeded, Verdict
from routing.store import DraftChanged, Superseded

log = structlog.get_logger()
AGREED = frozenset(
    {"unproved_number", "unaccepted_pact"}
)  # proved and accepted when they were first published
REFUSALS = (Refused, SecondPersonNeeded, Superseded, Clash, Trespass)  # `in_words` says each in French
TRIES = 20  # as many others may publish between a proof and its publication


@dataclass(frozen=True, slots=True)
class Carried:
    """A draft's change over the book in force: what would be published, and what it would replace."""

    document: Document
    version: int
    current: Document


def carried(engine: Engine, draft: Draft, in_force: tuple[int, Document] | None = None) -> Carried:
    """The draft over `in_force`, else over what SQL has in force.

    An association's brings its own part alone, whatever others published since it was begun; the federation's
    stands for the whole book. Raises `Clash`, `Trespass`, for the federation's `Conflict`.
    """
    version, current = in_force or store.current(engine) or (0, store.EMPTY)
    base = current if version == draft.based_on else store.version(engine, draft.based_on) or store.EMPTY
    if draft.association is not None:
        return Carried(carry(base, draft.document, current, draft.association), version, current)
    if version != draft.based_on:
        late = Superseded(draft.based_on, version)
        raise Conflict(late, differences(base, current), differences(base, draft.document))
    return Carried(draft.document, version, current)


def examine(engine: Engine, terrain: Terrain, one: Carried, slug: str) -> Verdict:
    """Prove what this association changes, where it can make a difference.

    What is wrong already, and not its own, is left out: another's fault must not keep it from publishing.
    """
    since, until = publishing.proved_period(engine)
    hours: Known = {}
    report = check_association(one.document, slug, terrain, since, until, one.current, hours)
    report = report.with_more(misplaced(one.document, terrain.places, slug))
    was = check_association(one.current, slug, terrain, since, until, one.document, hours)
    was = was.with_more(misplaced(one.current, terrain.places, slug))
    known = {(p.kind, p.rule, p.message) for p in was.problems}
    own = _own_rules(one.document, slug)
    unheard = _unheard(one.document, slug, since)
    heard = [p for p in report.problems if p.blocking or p.rule not in unheard]
    fresh = [p for p in heard if (p.kind, p.rule, p.message) not in known]
    standing = [p for p in heard if p not in fresh and f"{p.rule}/".startswith(own)]
    stopping = [p for p in standing if p.blocking]
    unproved = publishing.unproved(engine, one.current, one.document)
    shown = report.only((*fresh, *stopping, *unproved))
    found = differences(one.current, one.document)
    second = publishing.second_person(one.current, one.document, found)
    return Verdict(shown, found, second, tuple(p for p in standing if not p.blocking))


def publish(engine: Engine, places: Gazetteer | Terrain, draft: Draft) -> int:
    """Put a draft in force and return the number; others may publish meanwhile, as long as not the same.

    Raises `Refused`, `SecondPersonNeeded`, `Clash`, `Trespass`, `Conflict`, `DraftChanged`, `Superseded`.
    """
    slug = draft.association
    if slug is None:
        given = (draft.document, draft.based_on, draft.writer, draft.reason)
        return publishing.publish(engine, *given, approved_by=draft.approver, draft=draft)
    terrain = places if isinstance(places, Terrain) else Terrain(places)
    for left in reversed(range(TRIES)):
        one = carried(engine, draft)
        verdict = examine(engine, terrain, one, slug)
        publishing.let_pass(verdict.blocking, verdict.second_person, draft.writer, draft.approver)
        try:
            return store.publish(
                engine,
                one.document,
                one.version,
                draft.writer,
                draft.reason,
                approved_by=draft.approver,
                draft=draft,
            )
        except Superseded:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def put_back_published(
    engine: Engine, terrain: Terrain, slug: str, number: int, author: By, reason: str
) -> int:
    """Undo for one association: its own part of an older version, in force at once under a new number.

    Proved anew, but by one person and as it was agreed to then: undoing must be quick.
    Raises `KeyError`, `Trespass`, `Refused`, `Superseded`.
    """
    for left in reversed(range(TRIES)):
        one = as_it_was(engine, slug, number)
        verdict = examine(engine, terrain, one, slug)
        blocking = tuple(problem for problem in verdict.blocking if problem.kind not in AGREED)
        if blocking:
            raise Refused(blocking)
        try:
            return store.publish(engine, one.document, one.version, author, reason)
        except Superseded:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def as_it_was(engine: Engine, slug: str, number: int) -> Carried:
    """The book in force with this association's own part as in an older version. Raises as `put_back`."""
    version, current = store.current(engine) or (0, store.EMPTY)
    older = store.version(engine, number)
    if older is None:
        raise KeyError(number)
    return Carried(put_back(current, pacts.without_withdrawn(engine, older), slug), version, current)


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
            published.append(publish(engine, places(), draft))
        except DraftChanged:
            continue
        except REFUSALS as refused:
            drafts.refuse(engine, draft, in_words(refused))
            log.warning("publication_refused", draft=draft.id, fault=type(refused).__name__)
    return tuple(published)


def in_words(refused: Refused | SecondPersonNeeded | Superseded | Clash | Trespass) -> str:
    """Why a publication was refused, in French."""
    if isinstance(refused, Clash):
        theirs, yours = (publishing.listed(found) for found in (refused.theirs, refused.yours))
        return (
            "Quelqu'un d'autre a changé les mêmes règles depuis que ce brouillon est commencé.\n"
            f"En vigueur maintenant :\n{theirs}\nVotre brouillon change :\n{yours}"
        )
    if isinstance(refused, Trespass):
        return (
            f"Ce brouillon touche ce qui n'est pas à cette association :\n{publishing.listed(refused.strays)}"
        )
    return publishing.in_words(refused)


def holes(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Those by which no association would answer somewhere for some time."""
    return tuple(problem for problem in problems if problem.kind == "hole")


def _unheard(document: Document, slug: str, now: datetime) -> frozenset[str]:
    """Closures whose words are not for this association: another's, and the federation's while secret."""
    return frozenset(
        f"closures/{one.id}"
        for one in document.closures
        if one.association not in (None, slug) or secret(one, now)
    )


def _own_rules(document: Document, slug: str) -> tuple[str, ...]:
    closures = (closure.id for closure in document.closures if closure.association == slug)
    return (
        f"associations/{slug}/",
        *(f"regulators/{desk}/" for desk in desks(document, slug)),
        *(f"closures/{closure}/" for closure in closures),
    )
