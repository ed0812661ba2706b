"""The federation's closures and messages: what holds, comes and is over, and a closure prepared in words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from config.stores import reading
from console.access.door import opens
from console.access.roles import Right
from console.association.closing import Unclear
from console.federation import announced
from console.french import alphabetical
from console.office import Office, office, visitor
from console.publishing import publish
from routing.changing import NotPublished
from routing.closures import begins, with_closure
from routing.compile import compile_book
from routing.document import Closure, Document, Message
from routing.words import NEEDS
from workers.records.tables import records

bp = Blueprint("closures", __name__, url_prefix="/federation/fermetures")
Answer = str | Response | tuple[str, int]
BUSY = "Rien n'a été changé : d'autres publient en ce moment. Recommencez."


@bp.get("")
@opens(Right.WATCH)
def listed() -> Answer:
    """Present, coming, over."""
    return _list(office())


@bp.get("/nouvelle")
@opens(Right.GOVERN)
def prepare() -> Answer:
    """The form."""
    return _form(office())


@bp.post("/nouvelle")
@opens(Right.GOVERN)
def publish_closure() -> Answer:
    """First what would happen, then, on « Publier », it does."""
    here, form = office(), request.form
    requisitioned = tuple(slug for slug in form.getlist("requisitioned") if here.book.association(slug))
    try:
        if form.get("scope") and here.book.association(form["scope"]) is None:
            raise Unclear("scope", "Choisissez une association de la liste.")
        wanted = announced.closure(form, tuple(form.getlist("needs")), requisitioned, here.now())
    except Unclear as unclear:
        return _form(here, unclear), 422
    if form.get("step") != "publish":
        return _form(here) if form.get("step") == "edit" else _preview(here, wanted)
    where = names_of(document_of(here)).get(wanted.association or "", "France entière")
    said = f"Fermeture ({where}) : {wanted.reason}"
    try:
        version = publish(here, lambda d: with_closure(d, wanted, here.now()), visitor().person, said)
    except NotPublished as refused:
        return _form(here, Unclear("", str(refused) or BUSY)), 409
    flash(f"C'est publié (règles n° {version}). La réouverture est automatique.")
    return redirect(url_for("closures.listed"), 303)


@bp.post("/<name>/fin")
@opens(Right.GOVERN)
def end(name: str) -> Answer:
    """End a closure or a message now, give it another end, or withdraw what has not begun."""
    here = office()
    try:
        at = announced.new_end(request.form, here.now())
        if announced.ended(document_of(here), name, at, here.now()) is None:
            flash("C'était déjà fini.")
            return redirect(url_for("closures.listed"), 303)
        publish(
            here,
            lambda d: announced.ended(d, name, at, here.now()),
            visitor().person,
            f"Nouvelle fin : {name}",
        )
    except Unclear as unclear:
        return _list(here, str(unclear)), 422
    except NotPublished as refused:
        return _list(here, str(refused) or BUSY), 409
    flash("C'est fini." if at is None else "La nouvelle fin est publiée.")
    return redirect(url_for("closures.listed"), 303)


def document_of(here: Office) -> Document:
    """The text in force; 503 where there is none yet."""
    if here.book.document is None:
        abort(503)
    return here.book.document


def names_of(document: Document) -> dict[str, str]:
    """The towns by slug."""
    return {one.slug: one.city for one in document.associations}


def estimated(
    here: Office, one: Closure | Message, slugs: tuple[str, ...], but: tuple[str, ...] = ()
) -> int | None:
    """Calls it would touch, by last week's; None where nothing was counted then."""
    since, until, factor = announced.last_week(one.starts, one.ends, here.now())
    query: Select[Any] = select(func.count()).select_from(records)
    query = query.where(records.c.began_at >= since, records.c.began_at < until)
    with reading(here.engine).connect() as connection:
        if not connection.scalar(query):
            return None
        if slugs:
            query = query.where(records.c.association.in_(slugs))
        if but:
            query = query.where(records.c.association.not_in(but))
        needs = one.needs if isinstance(one, Closure) else ()
        if needs:
            query = query.where(records.c.need.in_([need.value for need in needs]))
        return round((connection.scalar(query) or 0) * factor)


def _preview(here: Office, wanted: Closure) -> str:
    """The answers as they would be, decided by the book that would be in force."""
    tried = with_closure(document_of(here), wanted, here.now())
    book = compile_book(tried, here.book.version + 1, here.terrain, here.book)
    slugs = (wanted.association,) if wanted.association else ()
    return render_template(
        "federation/closure_preview.html",
        wanted=wanted,
        meanwhile=announced.meanwhile(book, wanted),
        touched=estimated(here, wanted, slugs, wanted.requisitioned),
        names=names_of(tried),
        needs=NEEDS,
        now=here.now(),
        form=request.form,
    )


def _form(here: Office, unclear: Unclear | None = None) -> str:
    document = document_of(here)
    return render_template(
        "federation/closure_form.html",
        unclear=unclear,
        form=request.form,
        needs=NEEDS,
        towns=sorted(names_of(document).items(), key=lambda pair: alphabetical(pair[1])),
    )


def _list(here: Office, problem: str = "") -> str:
    document, now = document_of(here), here.now()
    parts: list[Closure | Message] = [*document.closures, *document.messages]
    rows = sorted(
        ((one, begins(one) if isinstance(one, Closure) else one.starts) for one in parts),
        key=lambda row: row[0].ends,
    )
    return render_template(
        "federation/closures.html",
        holding=[row for row in rows if row[1] <= now < row[0].ends],
        coming=[row for row in rows if row[1] > now],
        over=[row for row in reversed(rows) if row[0].ends <= now],
        names=names_of(document),
        needs=NEEDS,
        now=now,
        problem=problem,
    )
