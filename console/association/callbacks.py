"""The work list of call-backs: who waits, since when, promised for when; taken over, then marked."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import worklist
from console.association.scene import scene
from console.office import office, visitor
from routing.words import NEEDS
from workers.callbacks.callback import Callback, Conclusion

bp = Blueprint("callbacks", __name__, url_prefix="/a/<association>/rappels")
Answer = str | Response | tuple[str, int]
AGES = {"infant": "nourrisson", "child": "enfant", "adult": "adulte", "senior": "personne âgée"}


@bp.get("")
@opens(Right.WORK)
def listed(association: str) -> Answer:
    """The list, in the order they will be rung."""
    return _list("association/callbacks.html", association)


@bp.get("/liste")
@opens(Right.WORK)
def rows(association: str) -> Answer:
    """The part of the page that keeps itself up to date."""
    return _list("association/callbacks_list.html", association)


@bp.post("/<callback_id>/prendre")
@opens(Right.WORK)
def claim(association: str, callback_id: str) -> Answer:
    """Take one over."""
    taken = worklist.claim(office(), _found(association, callback_id), visitor().account, visitor().name)
    flash(
        "Ce rappel est à vous : le numéro est affiché." if taken else "Trop tard : il est pris, ou en cours."
    )
    return _back(association)


@bp.post("/<callback_id>/issue")
@opens(Right.WORK)
def conclude(association: str, callback_id: str) -> Answer:
    """Mark what came of it, or give it back to the service."""
    one, said = _found(association, callback_id), request.form.get("conclusion", "")
    if said == "again":
        done = worklist.give_back(office(), one, visitor().account, visitor().name)
        flash("Le service rappelle ce patient." if done else "Ce rappel n'est plus à vous.")
        return _back(association)
    if said not in {known.value for known in worklist.CONCLUSIONS}:
        abort(400)
    done = worklist.conclude(office(), one, visitor().account, visitor().name, Conclusion(said))
    flash("C'est noté." if done else "Ce rappel n'est plus à vous.")
    return _back(association)


def _found(association: str, callback_id: str) -> Callback:
    one = worklist.found(office(), association, callback_id)
    if one is None:
        abort(404)
    return one


def _back(association: str) -> Response:
    return redirect(url_for("callbacks.listed", association=association), 303)


def _list(template: str, association: str) -> str:
    at = scene(association)
    return render_template(
        template,
        at=at,
        waiting=worklist.waiting(office(), at.slug, visitor().account),
        needs=NEEDS,
        ages=AGES,
        conclusions=worklist.CONCLUSIONS,
    )
