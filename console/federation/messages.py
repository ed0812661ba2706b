"""A campaign message: a sentence for every caller, or for some associations', with its end."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.closing import Unclear
from console.federation import announced
from console.federation.closures import BUSY, document_of, estimated, names_of
from console.french import alphabetical
from console.office import Office, office, visitor
from console.publishing import publish
from routing.changing import NotPublished
from routing.checks_document import LONG_MESSAGE, SPOKEN_A_SECOND
from routing.document import Message

bp = Blueprint("messages", __name__, url_prefix="/federation/messages")
Answer = str | Response | tuple[str, int]


@bp.get("/nouveau")
@opens(Right.GOVERN)
def prepare() -> Answer:
    """The form."""
    return _form(office())


@bp.post("/nouveau")
@opens(Right.GOVERN)
def publish_message() -> Answer:
    """First what would be heard, by whom; then, on « Publier », it is."""
    here, form = office(), request.form
    slugs = tuple(slug for slug in form.getlist("associations") if here.book.association(slug))
    try:
        wanted = announced.message(form, slugs, here.now())
    except Unclear as unclear:
        return _form(here, unclear), 422
    if form.get("step") != "publish":
        return _form(here) if form.get("step") == "edit" else _preview(here, wanted)
    try:
        version = publish(
            here,
            lambda document: announced.with_message(document, wanted, here.now()),
            visitor().person,
            f"Message de campagne : {wanted.reason}",
        )
    except NotPublished as refused:
        return _form(here, Unclear("", str(refused) or BUSY)), 409
    flash(f"C'est publié (règles n° {version}). Le message s'arrêtera de lui-même.")
    return redirect(url_for("closures.listed"), 303)


def _preview(here: Office, wanted: Message) -> str:
    return render_template(
        "federation/message_preview.html",
        wanted=wanted,
        touched=estimated(here, wanted, wanted.associations),
        seconds=max(1, round(len(wanted.text) / SPOKEN_A_SECOND)),
        long=len(wanted.text) > LONG_MESSAGE,
        names=names_of(document_of(here)),
        now=here.now(),
        form=request.form,
    )


def _form(here: Office, unclear: Unclear | None = None) -> str:
    towns = sorted(names_of(document_of(here)).items(), key=lambda pair: alphabetical(pair[1]))
    return render_template(
        "federation/message_form.html", unclear=unclear, form=request.form, towns=towns, long=LONG_MESSAGE
    )
