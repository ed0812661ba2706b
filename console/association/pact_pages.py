"""Pacts others ask of us: accepted, declined or withdrawn at once, by the helper and nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, request, url_for

from console.access.door import opens
from console.access.roles import Right
from console.association.editing import Answer
from console.association.scene import Scene, scene
from console.french import of
from console.office import office, visitor
from console.publishing import publish
from routing import pacts
from routing.changing import NotPublished
from routing.document import Document, Overflow
from routing.pacts import State

bp = Blueprint("pacts", __name__, url_prefix="/a/<association>/ententes")
_BUSY = "Rien n'a été changé : d'autres publient en ce moment. Recommencez."


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who counts on us, in the book in force."""

    slug: str
    city: str
    pact: Overflow
    word: pacts.Answer | None

    @property
    def terms(self) -> str:
        """What was read when the answer was given: the form brings it back."""
        return f"{self.pact.cap_per_hour}|{self.pact.until}"

    @property
    def half(self) -> bool:
        """Whether one person has accepted these terms and a second one is waited for."""
        word = self.word
        return word is not None and word.state is State.HALF and pacts.within(self.pact, word)

    @property
    def declined(self) -> bool:
        """Whether we said no."""
        return self.word is not None and self.word.state in (State.DECLINED, State.WITHDRAWN)


def asking_us(at: Scene) -> list[Asking]:
    """All who do, those that wait for an answer first."""
    said = {one.asks: one for one in pacts.answers(office().engine, helps=at.slug)}
    found = [
        Asking(one.slug, one.city, pact, said.get(one.slug))
        for one in at.document.associations
        for pact in one.overflow
        if pact.association == at.slug
    ]
    return sorted(found, key=lambda one: (one.pact.accepted, one.declined, one.city))


@bp.post("/<asks>")
@opens(Right.RULE)
def answer(association: str, asks: str) -> Answer:
    """Accept, decline, withdraw: the button says which."""
    at, word = scene(association), request.form.get("answer", "")
    found = next((one for one in asking_us(at) if one.slug == asks), None)
    if found is None:
        abort(404)
    if word == "accept":
        flash(_accept(at, found))
    elif word == "withdraw":
        flash(_withdraw(at, found))
    elif word == "decline" and not found.pact.accepted:
        pacts.answer(office().engine, found.slug, found.pact, State.DECLINED, visitor().person)
        flash(f"C'est refusé : {found.city} le lit sur sa page.")
    return redirect(url_for("overflow.edit", association=association), 303)


def _accept(at: Scene, found: Asking) -> str:
    engine, who = office().engine, visitor().person
    if request.form.get("terms") != found.terms:
        return f"{found.city} a changé sa demande entre-temps : relisez-la. Rien n'a été changé."
    alone = not found.half or found.word is None or found.word.answerer.same(who)
    if at.one.two_person and alone:
        pacts.answer(engine, found.slug, found.pact, State.HALF, who)
        return "C'est noté : une seconde personne de l'association doit accepter aussi."
    pacts.answer(engine, found.slug, found.pact, State.ACCEPTED, who)
    return _publish(at, found, "L'entente compte dès maintenant", accepted=True)


def _withdraw(at: Scene, found: Asking) -> str:
    pacts.answer(office().engine, found.slug, found.pact, State.WITHDRAWN, visitor().person)
    return _publish(at, found, "L'entente ne compte plus", accepted=False)


def _publish(at: Scene, found: Asking, told: str, *, accepted: bool) -> str:
    """A publication that touches this one answer."""

    def change(document: Document) -> Document | None:
        return pacts.answered(document, found.slug, at.slug, accepted)

    verb = "accepte d'aider" if accepted else "n'aide plus"
    reason = f"Entente : {at.one.city} {verb} l'association {of(found.city)}"
    try:
        return f"{told} (règles n° {publish(office(), change, visitor().person, reason)})."
    except NotPublished as refused:
        return str(refused) or _BUSY
