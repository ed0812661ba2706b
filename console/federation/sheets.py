"""The sheets of paper, on the screen: to be looked at, and printed."""

from __future__ import annotations

from flask import Blueprint, abort, current_app

from console import paper
from console.access.door import opens
from console.access.roles import Right
from console.office import office

bp = Blueprint("sheets", __name__)


@bp.get("/a/<association>/feuille")
@opens(Right.SEE)
def association(association: str) -> str:
    """One association's."""
    here = office()
    try:
        return paper.association(current_app.jinja_env, here.book, here.places, association, here.now())
    except KeyError:
        abort(404)


@bp.get("/federation/feuille")
@opens(Right.WATCH)
def federation() -> str:
    """The whole country's."""
    here = office()
    try:
        return paper.federation(current_app.jinja_env, here.book, here.now())
    except KeyError:
        abort(503)
