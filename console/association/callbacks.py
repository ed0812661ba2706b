"""The work list of call-backs: who waits, since when, promised for when; rung now, taken over, marked."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import duty_pages, lost, worklist
from console.association.scene import Scene, scene
from console.office import office, visitor
from routing.words import NEEDS
from workers.callbacks.callback import Callback, Conclusion
from workers.callbacks.doctors import DoctorRefused
from workers.callbacks.figures import Figures, figures

bp = Blueprint("callbacks", __name__, url_prefix="/a/<association>/rappels")
Answer = str | Response | tuple[str, int]
AGES = {"infant": "nourrisson", "child": "enfant", "adult": "adulte", "senior": "personne âgée"}


@bp.get("")
@opens(Right.WORK)
def listed(association: str) -> Answer:
    """The list, in the order they will be rung."""
    return _page(scene(association))


@bp.post("/medecins")
@opens(Right.STAFF)
def register_doctor(association: str) -> Answer:
    """One more who rings this association's patients back."""
    at, form = scene(association), request.form
    label = form.get("label", "").strip()[:80]
    try:
        duty_pages.register(at.slug, label, form.get("number", "").strip(), form.get("pin", "").strip())
    except DoctorRefused as refused:
        return _page(at, f"Rien n'a été inscrit : {refused}."), 422
    flash(f"{label} est inscrit. Depuis ce téléphone, la ligne des médecins le dit disponible.")
    return redirect(url_for("callbacks.listed", association=at.slug, _anchor="duty"), 303)


@bp.get("/liste")
@opens(Right.WORK)
def rows(association: str) -> Answer:
    """The part of the page that keeps itself up to date."""
    return render_template("association/callbacks_list.html", **_list(scene(association)))


@bp.post("/<callback_id>/prendre")
@opens(Right.WORK)
def claim(association: str, callback_id: str) -> Answer:
    """Take one over."""
    taken = worklist.claim(office(), _found(association, callback_id), visitor().account, visitor().name)
    flash(
        "Ce rappel est à vous : le numéro est affiché." if taken else "Trop tard : il est pris, ou en cours."
    )
    return _back(association)


@bp.post("/<callback_id>/sonner")
@opens(Right.WORK)
def ring_now(association: str, callback_id: str) -> Answer:
    """The service rings a doctor for this one now."""
    rung = worklist.ring_now(office(), _found(association, callback_id), visitor().name)
    flash(
        "Un médecin est appelé, puis le patient." if rung else "Trop tard : il est pris, en cours, ou réglé."
    )
    return _back(association)


@bp.post("/perdus/<call>")
@opens(Right.WORK)
def ring_back(association: str, call: str) -> Answer:
    """A call-back for somebody who was lost: due at once."""
    at = scene(association)
    told = lost.ring_back(office(), at.slug, at.zone, call, visitor().name)
    if told is None:
        abort(404)
    flash(told)
    return _back(association)


@bp.post("/<callback_id>/issue")
@opens(Right.WORK)
def conclude(association: str, callback_id: str) -> Answer:
    """Mark what came of it, whoever rang the patient; or give one's own back to the service."""
    one, said = _found(association, callback_id), request.form.get("conclusion", "")
    if said == "again":
        done = worklist.give_back(office(), one, visitor().account, visitor().name)
        flash("Le service rappelle ce patient." if done else "Ce rappel n'est plus à vous.")
        return _back(association)
    if said not in {known.value for known in worklist.CONCLUSIONS}:
        abort(400)
    done = worklist.conclude(office(), one, visitor().account, visitor().name, Conclusion(said))
    flash("C'est noté." if done else "Rien n'est noté : un autre l'a pris, ou il est en cours.")
    return _back(association)


def _found(association: str, callback_id: str) -> Callback:
    one = worklist.found(office(), association, callback_id)
    if one is None:
        abort(404)
    return one


def _back(association: str) -> Response:
    return redirect(url_for("callbacks.listed", association=association), 303)


def _page(at: Scene, problem: str = "") -> str:
    return render_template(
        "association/callbacks.html",
        **_list(at),
        figures=_figures(at),
        **duty_pages.shown(at),
        problem=problem,
        form=request.form,
    )


def _list(at: Scene) -> dict[str, object]:
    return {
        "at": at,
        "waiting": worklist.waiting(office(), at.slug, visitor().account),
        "needs": NEEDS,
        "ages": AGES,
        "conclusions": worklist.CONCLUSIONS,
    }


def _figures(at: Scene) -> dict[str, Figures]:
    """Of the call-backs asked for since midnight, and in the last seven days."""
    midnight = at.now.astimezone(at.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    until = at.now + timedelta(seconds=1)
    return {
        "Aujourd'hui": figures(office().engine, midnight, until, at.slug),
        "7 jours": figures(office().engine, at.now - timedelta(days=7), until, at.slug),
    }
