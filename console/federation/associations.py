"""The associations of the federation: their dates, what each still lacks before going live, and new ones."""

from __future__ import annotations

import time
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.journal import Change, append
from console.access.door import opens
from console.access.roles import Right
from console.association.closing import Unclear
from console.federation import members
from console.federation.checklist import checklist, facts
from console.federation.closures import BUSY, document_of
from console.french import PARIS, alphabetical
from console.office import Office, office, visitor
from console.publishing import publish
from routing.calendar import KNOWN_TERRITORIES
from routing.changing import NotPublished
from routing.document import Association
from workers import synthetic_calls
from workers.records.heralds import Route, Routes
from workers.synthetic import place_call

bp = Blueprint("associations", __name__, url_prefix="/federation/associations")
Answer = str | Response | tuple[str, int]


@bp.get("")
@opens(Right.WATCH)
def listed() -> Answer:
    """Everybody, those who lack something told."""
    here = office()
    document, known, today = document_of(here), facts(here), here.now().astimezone(PARIS).date()
    rows = [
        (one, _state(one, today), [item for item in checklist(document, one, known) if not item.done])
        for one in sorted(document.associations, key=lambda one: alphabetical(one.city))
    ]
    return render_template("federation/associations.html", rows=rows)


@bp.get("/nouvelle")
@opens(Right.GOVERN)
def begin() -> Answer:
    """The form of a new one."""
    return _new_form(office())


@bp.post("/nouvelle")
@opens(Right.GOVERN)
def add() -> Answer:
    """Publish it, not open yet."""
    here = office()
    try:
        one = members.new(document_of(here), request.form, here.places, here.now())
        _put(here, one, f"Nouvelle association : {one.name}")
    except Unclear as unclear:
        return _new_form(here, unclear), 422
    flash(
        f"{one.name} est dans les règles, et n'ouvre que le {one.opened:%d/%m/%Y}. Voici ce qui lui manque."
    )
    return redirect(url_for("associations.edit", slug=one.slug), 303)


@bp.get("/<slug>")
@opens(Right.WATCH)
def edit(slug: str) -> Answer:
    """Its dates and its list."""
    return _edit_form(office(), _found(office(), slug))


@bp.post("/<slug>")
@opens(Right.GOVERN)
def change(slug: str) -> Answer:
    """Publish its dates, name, seat, clock."""
    here = office()
    one = _found(here, slug)
    try:
        wanted = members.changed(one, request.form, here.places, here.now())
        _put(here, wanted, f"Fiche de {one.city}")
    except Unclear as unclear:
        return _edit_form(here, one, unclear), 422
    flash("C'est publié.")
    return redirect(url_for("associations.edit", slug=slug), 303)


@bp.post("/<slug>/essai")
@opens(Right.GOVERN)
def call(slug: str) -> Answer:
    """A test call to its desk, which nothing rings."""
    here = office()
    done = place_call(
        here.settings, here.book, here.places, "hand", int(time.time()), _found(here, slug).slug
    )
    synthetic_calls.keep(here.engine, done)
    flash(f"Appel d'essai : {done.said}")
    return redirect(url_for("associations.edit", slug=slug), 303)


@bp.post("/<slug>/adresse")
@opens(Right.GOVERN)
def address(slug: str) -> Answer:
    """Where its alerts go from now on."""
    here, email = office(), request.form.get("email", "").strip()
    one = _found(here, slug)
    if "@" not in email[1:-1] or len(email) > 254 or any(char.isspace() for char in email):
        return _edit_form(
            here, one, Unclear("email", "L'adresse n'est pas complète : alerte@exemple.fr.")
        ), 422
    with here.engine.begin() as connection:
        Routes(here.settings.secret_keys).add(connection, Route("email", email, slug))
        append(connection, visitor().name, [Change(slug, "alerts_to", "Adresse des alertes", after=email)])
    flash(f"Les alertes de {one.city} partiront à cette adresse.")
    return redirect(url_for("associations.edit", slug=slug), 303)


def _put(here: Office, one: Association, reason: str) -> None:
    try:
        publish(here, lambda document: members.replaced(document, one), visitor().person, reason)
    except NotPublished as refused:
        raise Unclear("", str(refused) or BUSY) from None


def _found(here: Office, slug: str) -> Association:
    one = next((one for one in document_of(here).associations if one.slug == slug), None)
    if one is None:
        abort(404)
    return one


def _state(one: Association, today: date) -> str:
    if one.opened and one.opened > today:
        return f"ouvre le {one.opened:%d/%m/%Y}"
    if one.closed:
        return f"ferme le {one.closed:%d/%m/%Y}" if one.closed >= today else "fermée"
    return "ouverte"


def _edit_form(here: Office, one: Association, unclear: Unclear | None = None) -> str:
    return render_template(
        "federation/association.html",
        one=one,
        unclear=unclear,
        items=checklist(document_of(here), one, facts(here)),
        territories=sorted(KNOWN_TERRITORIES),
        last=next(iter(synthetic_calls.latest(here.engine, 1, one.slug)), None),
        now=here.now(),
        form=request.form if unclear and unclear.field != "email" else None,
    )


def _new_form(here: Office, unclear: Unclear | None = None) -> str:
    desks = sorted((desk.name, desk.id) for desk in document_of(here).regulators)
    return render_template("federation/association_new.html", unclear=unclear, form=request.form, desks=desks)
