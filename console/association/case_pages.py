"""The cases an association keeps: listed, added from a call or typed, taken away by name."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.association.trial import known_book
from console.french import alphabetical, moment, read_clock, read_day
from console.office import office, visitor
from routing import cases
from routing.geography import names
from routing.geography.places import Commune
from routing.model import Need

bp = Blueprint("cases", __name__, url_prefix="/a/<association>/brouillon/cas")
Answer = str | Response | tuple[str, int]
LIKE = 0.8  # of a commune's name, as on the telephone


@bp.get("")
@opens(Right.RULE)
def listed(association: str) -> Answer:
    """All of them, and whether the rules in force keep them."""
    return _page(scene(association))


@bp.post("")
@opens(Right.RULE)
def keep(association: str) -> Answer:
    """One more: typed, or what a call of the list asked."""
    at, form = scene(association), request.form
    place = _commune(form.get("place", "").strip())
    if place is None:
        return _page(at, "Ce lieu n'est pas connu : écrivez un code postal ou une commune."), 422
    day, clock = read_day(form.get("day", ""), at.now, at.zone), read_clock(form.get("clock", ""))
    if day is None or clock is None:
        return _page(at, "Écrivez le jour (25/12/2026) et l'heure (3h)."), 422
    when = datetime.combine(day.date(), clock, at.zone)
    need = next((one for one in Need if one.value == form.get("need")), None)
    regulator = form.get("regulator") or cases.answering(known_book(at), place.insee, need, when)
    if regulator not in at.book.desks:
        return _page(at, "Ce poste n'est pas connu."), 422
    name = cases.named(place.name, need, moment(when, at.zone))
    cases.keep(office().engine, at.slug, name, place.insee, need, when, regulator, visitor().name)
    flash(f"C'est enregistré : {name} → {at.book.desks[regulator].name}.")
    return redirect(url_for("cases.listed", association=association), 303)


@bp.post("/<case>/retirer")
@opens(Right.RULE)
def drop(association: str, case: str) -> Answer:
    """It need not stay true any more."""
    cases.drop(office().engine, association, case, visitor().name)
    flash("Le cas est retiré.")
    return redirect(url_for("cases.listed", association=association), 303)


def _commune(typed: str) -> Commune | None:
    places = office().places
    known = places.commune(typed) or next(iter(places.by_postcode(typed)), None)
    if known is None and typed:
        found = names.find(places, typed)
        known = found[0].commune if found and found[0].score >= LIKE else None
    return known


def _page(at: Scene, problem: str | None = None) -> str:
    kept = cases.kept(office().engine, at.slug)
    wrong = {failure.case.id: failure.instead for failure in cases.failing(known_book(at), kept)}
    desks = {desk.id: desk.name for desk in at.book.desks.values()}
    return render_template(
        "association/cases.html",
        at=at,
        found=[(one, wrong.get(one.id)) for one in kept],
        desks=desks,
        choices=sorted(desks.items(), key=lambda one: alphabetical(one[1])),
        needs=at.one.menu,
        form=request.form or request.args,
        problem=problem,
    )
