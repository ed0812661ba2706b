"""« Menu et annonces »: which needs in which order, the age, the announcement, and what a patient hears."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from console.access.door import opens
from console.access.roles import Right
from console.association import menu, workbench
from console.association.editing import Answer, Unreadable, keep, reordered
from console.association.menu import Form
from console.association.scene import Scene, scene
from console.association.workbench import Ground
from console.office import office
from routing import recordings
from routing.model import Need
from routing.words import NEEDS

bp = Blueprint("menu", __name__, url_prefix="/a/<association>/menu")


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """The menu as the draft has it."""
    at = scene(association)
    now = workbench.ground(at)
    return _form(at, now, menu.form_of(now.one))


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """A need moved, the preview made anew, or the whole kept in the draft."""
    at, step = scene(association), request.form.get("step", "")
    now, form = workbench.ground(at), _asked(step)
    if step != "keep":
        return _form(at, now, form, moved=step)
    try:
        read = menu.read(form, now.one)
    except Unreadable as wrong:
        return _form(at, now, form, wrong), 422
    return keep(at, lambda document: workbench.with_association(document, read), "menu et annonces")


def _asked(step: str) -> Form:
    sent = request.form
    order = [Need(n) for n in reordered(sent.getlist("order"), step) if n in set(Need)]
    return Form(
        tuple(dict.fromkeys((*order, *Need))),
        frozenset(Need(n) for n in sent.getlist("offered") if n in set(Need)),
        "asks_age" in sent,
        sent.get("announcement", ""),
        sent.get("red_flags", ""),
    )


def _form(at: Scene, now: Ground, form: Form, wrong: Unreadable | None = None, moved: str = "") -> str:
    try:
        tried = menu.read(form, now.one)
    except Unreadable:
        tried = now.one
    name = tried.announcement_audio
    found = recordings.find(office().engine, name) if name else None
    campaign = at.book.campaign(at.one.insee, at.now.timestamp())
    lines = menu.heard(tried, campaign, found.seconds if found else None)
    return render_template(
        "association/menu.html",
        at=at,
        ground=now,
        form=form,
        wrong=wrong,
        moved=moved,
        lines=lines,
        total=sum(line.seconds for line in lines),
        recorded=tried.announcement_audio,
        needs=NEEDS,
    )
