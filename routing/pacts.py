"""What the other side of a mutual-aid pact has answered: without its word no pact comes into force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Engine

from config import journal
from config.stores import database_now, reading
from routing.document import Association, Document, Overflow
from routing.person import By, Person, person
from routing.problem import Problem
from routing.tables import aware
from routing.tables import pacts as _pacts


class State(StrEnum):
    """What the helping side has said last."""

    HALF = "half"  # one person has accepted, and the association asks for two
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


SAID = {  # as the journal says it
    State.HALF: "une première personne accepte",
    State.ACCEPTED: "acceptée",
    State.DECLINED: "refusée",
    State.WITHDRAWN: "retirée",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The helping side's last word, and the terms it was given for."""

    asks: str  # slug of who overflows
    helps: str  # slug of who is rung
    state: State
    cap_per_hour: int | None
    until: date | None
    answered_by: str
    answered_at: datetime
    answered_by_id: str | None = None  # the account behind the name

    @property
    def answerer(self) -> Person:
        """Who said so."""
        return Person(self.answered_by, self.answered_by_id)


def answer(engine: Engine, asks: str, pact: Overflow, state: State, by: By) -> None:
    """Write down what `pact.association` answers to `asks`, for these very terms."""
    who = person(by)
    mine = (_pacts.c.asks == asks) & (_pacts.c.helps == pact.association)
    with engine.begin() as connection:
        said = {
            "state": state,
            "cap_per_hour": pact.cap_per_hour,
            "until": pact.until,
            "answered_by": who.name,
            "answered_by_id": who.account,
            "answered_at": database_now(connection),
        }
        if not connection.execute(_pacts.update().where(mine).values(**said)).rowcount:
            connection.execute(_pacts.insert().values(asks=asks, helps=pact.association, **said))
        told = f"Entente : {pact.association} répond à {asks}"
        journal.append(
            connection,
            who.name,
            [
                journal.Change(slug, "pact_answered", told, after=SAID[state])
                for slug in (asks, pact.association)
            ],
        )


def answers(engine: Engine, *, asks: str | None = None, helps: str | None = None) -> tuple[Answer, ...]:
    """The last words said to an association, or by it; all of them without either."""
    query = sa.select(_pacts)
    for column, slug in ((_pacts.c.asks, asks), (_pacts.c.helps, helps)):
        query = query if slug is None else query.where(column == slug)
    with reading(engine).connect() as connection:
        return tuple(
            Answer(**{**row._mapping, "state": State(row.state), "answered_at": aware(row.answered_at)})
            for row in connection.execute(query)
        )


def within(pact: Overflow, terms: Overflow | Answer) -> bool:
    """Whether a pact asks no more of the helper than what it agreed to."""
    cap = terms.cap_per_hour is None or (pact.cap_per_hour or 10**9) <= terms.cap_per_hour
    return cap and (terms.until is None or (pact.until or date.max) <= terms.until)


def problems(engine: Engine, before: Document, after: Document) -> Iterator[Problem]:
    """Pacts said to be accepted which the other side never accepted, or not for so much.

    An association new in `after` has had nobody who could answer: whoever brings it in answers for it.
    """
    known = {(one.slug, pact.association): pact for one, pact in _accepted(before)}
    cities = {one.slug: one.city for one in before.associations}
    fresh = [
        (one, pact)
        for one, pact in _accepted(after)
        if pact.association in cities
        and not ((held := known.get((one.slug, pact.association))) and within(pact, held))
    ]
    said = {(one.asks, one.helps): one for one in answers(engine)} if fresh else {}
    for one, pact in fresh:
        word = said.get((one.slug, pact.association))
        if word is None or word.state is not State.ACCEPTED or not within(pact, word):
            told = f"{one.city} : {cities[pact.association]} n'a pas accepté de l'aider dans ces termes."
            yield Problem("unaccepted_pact", True, told, rule=f"associations/{one.slug}/overflow")


def answered(document: Document, asks: str, helps: str, accepted: bool) -> Document | None:
    """The document with this one answer changed; None where nothing would change."""
    one = next((a for a in document.associations if a.slug == asks), None)
    pact = next((p for p in one.overflow if p.association == helps), None) if one else None
    if one is None or pact is None or pact.accepted == accepted:
        return None
    return _with_answers(document, {(asks, helps): accepted})


def only_answers(before: Document, after: Document) -> bool:
    """Whether all that changes is what helpers answered: the asking side agreed when it asked."""
    told = {
        (one.slug, pact.association): pact.accepted for one in before.associations for pact in one.overflow
    }
    return before != after and _with_answers(after, told) == before


def without_withdrawn(engine: Engine, document: Document) -> Document:
    """An older document put back in force does not bind those who have taken their word back since."""
    gone = {
        (one.asks, one.helps): False
        for one in answers(engine)
        if one.state in (State.WITHDRAWN, State.DECLINED)
    }
    return _with_answers(document, gone) if gone else document


def _accepted(document: Document) -> Iterator[tuple[Association, Overflow]]:
    yield from ((one, pact) for one in document.associations for pact in one.overflow if pact.accepted)


def _with_answers(document: Document, told: dict[tuple[str, str], bool]) -> Document:
    def changed(one: Association) -> Association:
        overflow = tuple(
            pact.model_copy(update={"accepted": told.get((one.slug, pact.association), pact.accepted)})
            for pact in one.overflow
        )
        return one if overflow == one.overflow else one.model_copy(update={"overflow": overflow})

    return document.model_copy(update={"associations": tuple(map(changed, document.associations))})
