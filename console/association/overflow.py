"""« Débordement » as its form writes it: who is rung next, in which order, on which terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.association.editing import Unreadable, maybe_day, maybe_whole
from console.association.scene import Scene
from console.french import day, of
from routing.document import Association, Document, Overflow
from routing.geography.grid import distance_km
from routing.geography.places import Commune
from routing.pacts import Answer, State, within


@dataclass(frozen=True, slots=True)
class Row:
    """One helper's line, as typed."""

    slug: str
    city: str
    cap: str
    until: str
    state: str = ""  # what its answer is, in words
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form, as typed."""

    after: str  # seconds of ringing before the first helper
    rows: tuple[Row, ...]


def form_of(document: Document, one: Association) -> Form:
    """The form of the overflow as it is."""
    cities = {a.slug: a.city for a in document.associations}
    after = next((str(pact.after_seconds) for pact in one.overflow if pact.after_seconds), "")
    rows = tuple(
        Row(
            pact.association,
            cities.get(pact.association, pact.association),
            str(pact.cap_per_hour or ""),
            pact.until.isoformat() if pact.until else "",
        )
        for pact in one.overflow
    )
    return Form(after, rows)


def asked(form: Mapping[str, str], order: Sequence[str], document: Document) -> Form:
    """What was sent, helpers the book does not know left out."""
    cities = {a.slug: a.city for a in document.associations}
    rows = tuple(
        Row(slug, cities[slug], form.get(f"cap-{slug}", ""), form.get(f"until-{slug}", ""))
        for slug in order
        if slug in cities
    )
    return Form(form.get("after", ""), rows)


def read(
    form: Form, at: Scene, known: Mapping[str, Overflow], said: Mapping[str, Answer]
) -> tuple[Overflow, ...]:
    """The pacts this form writes. Raises `Unreadable`.

    A pact stays accepted only where `known` has it accepted, or the helper's word in `said` is a yes, and
    for no more than was agreed to: nobody says yes for another.
    """
    after = maybe_whole("after", form.after, 5, 120, "Délai")
    pacts = []
    for row in form.rows:
        pact = Overflow(
            association=row.slug,
            after_seconds=after,  # the first that counts decides, whoever that is: all say the same
            cap_per_hour=maybe_whole(f"cap-{row.slug}", row.cap, 1, 10_000, "Appels par heure"),
            until=maybe_day(f"until-{row.slug}", row.until, at),
        )
        if pact.until is not None and pact.until < at.now.astimezone(at.zone).date():
            raise Unreadable(f"until-{row.slug}", f"{row.city} : ce dernier jour est passé.")
        pacts.append(pact.model_copy(update={"accepted": _agreed(pact, known, said)}))
    return tuple(pacts)


def _agreed(pact: Overflow, known: Mapping[str, Overflow], said: Mapping[str, Answer]) -> bool:
    held, word = known.get(pact.association), said.get(pact.association)
    if held is not None and held.accepted and within(pact, held):
        return True
    return word is not None and word.state is State.ACCEPTED and within(pact, word)


def told(pact: Overflow, offered: Overflow | None, word: Answer | None, at: Scene) -> str:
    """What the helper has answered, in words. `offered` is the pact as the book in force has it."""
    if pact.accepted:
        return "acceptée"
    if offered is None:
        return "sera proposée quand le brouillon sera publié"
    if offered.accepted:
        return "à accepter de nouveau : vous demandez plus qu'avant, et d'ici là elle ne compte pas"
    when = f" le {day(word.answered_at, at.zone)}" if word else ""
    words = {State.DECLINED: f"refusée{when}", State.WITHDRAWN: f"retirée{when}"}
    return words.get(word.state, "en attente de sa réponse") if word else "en attente de sa réponse"


def sentence(one: Association, pacts: Sequence[Overflow], cities: Mapping[str, str], ring: int) -> str:
    """« Sans réponse chez nous après 25 s : Bayonne, puis Dax, puis … »"""
    counting = [cities[pact.association] for pact in pacts if pact.accepted]
    after = next((p.after_seconds for p in pacts if p.accepted and p.after_seconds), None)
    first = f"Sans réponse {of(one.city)} après {min(after or ring, ring)} s : "
    return (
        first
        + ", puis ".join([*counting, "les autres à portée s'il y en a", "la régulation nationale"])
        + "."
    )


def candidates(document: Document, one: Association, taken: Sequence[str]) -> list[tuple[str, str]]:
    """(slug, city) of who could be asked for help, the nearest seat first."""
    seat = _seat(one)
    others = [a for a in document.associations if a.slug != one.slug and a.slug not in taken]
    return [(a.slug, a.city) for a in sorted(others, key=lambda a: (distance_km(seat, _seat(a)), a.slug))]


def _seat(one: Association) -> Commune:
    return Commune(one.insee, one.city, one.insee[:2], 0, one.lon, one.lat, ())
