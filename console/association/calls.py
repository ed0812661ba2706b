"""An association's calls: the list, one call's course, « Pourquoi cet appel a-t-il sonné chez vous ? »."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy import ColumnElement, Row, func, or_, select, union_all
from werkzeug.wrappers import Response

from config.stores import reading
from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.french import read_day
from console.office import Office, office
from routing import store, words
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.geography.places import Places
from routing.model import Decision, Need, Outcome, TraceLine
from workers.records.tables import records

bp = Blueprint("calls", __name__, url_prefix="/a/<association>/appels")
Answer = str | Response | tuple[str, int]
PAGE = 50
OUTCOMES = {
    "answered": "décroché",
    "callback": "rappel promis",
    "abandoned": "perdu",
    "early": "raccroché avant 5 s",
    "last_resort": "perdu, personne n'a répondu",
    "missed": "perdu, jamais reçu",
}
DISPOSITIONS = {
    "busy": "c'est occupé",
    "no_answer": "personne ne répond",
    "failed": "la ligne ne passe pas",
    "canceled": "l'appelant a raccroché, ou un autre poste a pris l'appel",
    "machine": "un répondeur",
}
SOURCES = {
    "postcode": "code postal tapé",
    "landline": "numéro fixe",
    "spoken": "commune dite",
    "chosen": "commune choisie",
    "memory": "appel précédent",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One call of the list."""

    call: str
    began_at: datetime
    place: str
    need: str
    outcome: str
    lost: bool
    waited: int | None  # seconds from the first ring to the answer


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a call."""

    after: int  # milliseconds from its beginning
    what: str


@bp.get("")
@opens(Right.CALLS)
def listed(association: str) -> Answer:
    """The calls, the newest first; by day, place and outcome."""
    at = scene(association)
    rows = _rows(office(), at.slug, _wanted(at))
    return render_template(
        "association/calls.html",
        at=at,
        lines=[_line(row, office().places) for row in rows[:PAGE]],
        more=rows[PAGE - 1].began_at.isoformat() if len(rows) > PAGE else None,
        asked=request.args,
        outcomes=OUTCOMES,
    )


@bp.get("/<call>")
@opens(Right.CALLS)
def one(association: str, call: str) -> Answer:
    """One call."""
    here, at = office(), scene(association)
    with reading(here.engine).connect() as connection:
        row = connection.execute(select(records).where(records.c.call == call, _theirs(at.slug))).first()
    if row is None:
        abort(404)
    return render_template(
        "association/call.html",
        at=at,
        row=row,
        line=_line(row, here.places),
        steps=_steps(row, at.book),
        why=_why(here, at, row),
        source=SOURCES.get(row.source),
        rang_here=any(ring[1] == at.slug for ring in json.loads(row.rings)),
    )


def _theirs(slug: str) -> ColumnElement[bool]:
    """Calls of its own places, and those its desk took for others."""
    return or_(records.c.association == slug, records.c.answered_for == slug, records.c.regulator == slug)


def _wanted(at: Scene) -> list[ColumnElement[bool]]:
    """What the form asks for; what cannot be read is as if it had not been asked."""
    asked = request.args
    found: list[ColumnElement[bool]] = []
    day = read_day(asked.get("day", ""), at.now - timedelta(days=364), at.zone)
    if day is not None:
        found.append(records.c.began_at.between(day, day + timedelta(days=1)))
    place = asked.get("place", "").strip()
    if place:
        found.append(records.c.place.in_(_insee(office().places, place)))
    if asked.get("outcome") in OUTCOMES:
        found.append(records.c.outcome == asked["outcome"])
    before = _instant(asked.get("before", ""))
    return [*found, records.c.began_at < before] if before else found


def _insee(places: Places, typed: str) -> list[str]:
    """Communes of a postcode, or whose name begins so."""
    if typed.isdecimal():
        return [commune.insee for commune in places.by_postcode(typed)]
    plain = typed.casefold()
    return [c.insee for c in places.all() if c.name.casefold().startswith(plain)][:200]


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _rows(here: Office, slug: str, wanted: list[ColumnElement[bool]]) -> list[Row[Any]]:
    """The newest of `_theirs`: of each of its three kinds, through that kind's own index, then of all."""
    c = records.c
    kinds = (
        [c.association == slug],
        [c.answered_for == slug, c.answered_for != c.association],
        [c.regulator == slug, c.regulator != c.association, func.coalesce(c.answered_for, "") != slug],
    )
    parts = [
        select(records).where(*kind, *wanted).order_by(c.began_at.desc()).limit(PAGE + 1).subquery()
        for kind in kinds
    ]
    found = union_all(*(select(part) for part in parts)).subquery()
    query = select(found).order_by(found.c.began_at.desc()).limit(PAGE + 1)
    with reading(here.engine).connect() as connection:
        return list(connection.execute(query))


def _line(row: Row[Any], places: Places) -> Line:
    commune = places.commune(row.place) if row.place else None
    waited = None if row.taken_after is None or row.rang_after is None else row.taken_after - row.rang_after
    return Line(
        row.call,
        row.began_at,
        commune.name if commune else "lieu inconnu",
        words.NEEDS[Need(row.need)] if row.need else "non dite",
        OUTCOMES.get(row.outcome, row.outcome),
        row.outcome in ("abandoned", "last_resort", "missed"),
        None if waited is None else waited // 1000,
    )


def _steps(row: Row[Any], book: RuleBook) -> list[Step]:
    steps = [Step(0, "Le 3624 sonne.")]
    for desk, _association, after, disposition in json.loads(row.rings):
        known = book.desks.get(desk)
        name = known.name if known else desk
        told = DISPOSITIONS.get(disposition)
        steps.append(Step(after or 0, f"{name} sonne{f' : {told}' if told else ''}."))
    if row.taken_after is not None:
        steps.append(Step(row.taken_after, f"Décroché ; {row.talked // 1000} s de communication."))
    if row.joined_after is not None:
        steps.append(Step(row.joined_after, "Rappel : un médecin et le patient sont en ligne."))
    ending = {"caller": "L'appelant raccroche.", "desk": "La régulation raccroche."}
    steps.append(Step(row.ended_after, ending.get(row.ended_by or "", "Fin de l'appel.")))
    return sorted(steps, key=lambda step: step.after)


def _why(here: Office, at: Scene, row: Row[Any]) -> str | None:
    """The decision's own trace, in words, under the book that was in force then."""
    if not row.trace or row.decided is None:
        return None
    pairs = (part.partition("=") for part in row.trace.split(" ; "))
    decision = Decision(
        outcome=Outcome(row.decided),
        association=row.association or None,
        commune=row.place or None,
        confidence=1.0,
        targets=(),
        rulebook=row.rulebook or 0,
        trace=tuple(TraceLine(rule, result) for rule, _, result in pairs),
    )
    commune = here.places.commune(row.place) if row.place else None
    return words.why(decision, _book(here, at, row.rulebook), commune.name if commune else None)


def _book(here: Office, at: Scene, version: int | None) -> RuleBook:
    """Names as they were; the book in force where that one is gone."""
    if version is None or version == at.book.version:
        return at.book
    document = store.version(here.engine, version)
    return at.book if document is None else compile_book(document, version, here.terrain)
