"""An association's first page, and the switch that closes it for a while."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import closing, exceptions, lost, sentence, workbench, worklist
from console.association.closing import Asked, Unclear
from console.association.scene import Scene, scene
from console.federation import told
from console.french import soon
from console.live import stream
from console.office import office, visitor
from console.publishing import publish
from routing import closures, drafts
from routing.changing import NotPublished
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.document import Closure, Document
from routing.model import Load
from routing.words import NEEDS
from workers.records import live

bp = Blueprint("association", __name__, url_prefix="/a/<association>")
Answer = str | Response | tuple[str, int]
_BUSY = "Rien n'a été changé : d'autres publient en ce moment. Recommencez."


@bp.get("/")
@opens(Right.SEE)
def home(association: str) -> Answer:
    """What happens to a call now, what waits, what is closed."""
    at = scene(association)
    coming = exceptions.undecided(workbench.ground(at).one, at.now.astimezone(at.zone).date())
    unpublished = drafts.headline(office().engine, association)
    return render_template("association/home.html", **_now(at), holidays=coming[:2], unpublished=unpublished)


@bp.get("/maintenant")
@opens(Right.SEE)
def now(association: str) -> Answer:
    """The part of the first page that keeps itself true."""
    return render_template("association/now.html", **_now(scene(association)))


@bp.get("/fermeture")
@opens(Right.RULE)
def close(association: str) -> Answer:
    """The switch."""
    return _form(scene(association), Asked((), closing.REASONS[0], "", "6", "", "", ""))


@bp.post("/fermeture")
@opens(Right.RULE)
def closed(association: str) -> Answer:
    """First what would happen, then, on « Fermer maintenant », it does."""
    at, asked = scene(association), _asked()
    try:
        wanted = closing.closure(asked, at.slug, at.one.menu, at.now, at.zone)
    except Unclear as unclear:
        return _form(at, asked, unclear), 422
    step = request.form.get("step")
    if step == "edit":
        return _form(at, asked)
    if step != "close":
        return _preview(at, asked, wanted)
    try:
        version = _publish(at, wanted)
    except NotPublished as refused:
        return _form(at, asked, Unclear("", str(refused) or _BUSY)), 409
    flash(f"C'est fermé jusqu'à {soon(wanted.ends, at.now, at.zone)} (règles n° {version}).")
    return redirect(url_for("association.home", association=association), 303)


@bp.post("/reouverture")
@opens(Right.RULE)
def reopen(association: str) -> Answer:
    """End a closure before its time."""
    at, closure_id = scene(association), request.form.get("closure", "")
    if closures.reopened(at.document, at.slug, closure_id, at.now) is None:
        flash("Cette fermeture était déjà finie.")
        return redirect(url_for("association.home", association=association), 303)
    try:
        publish(
            office(),
            lambda document: closures.reopened(document, at.slug, closure_id, at.now),
            visitor().person,
            f"Réouverture de {at.one.city}",
        )
    except NotPublished:
        abort(409)
    told.reopened(office(), at, visitor().name)
    holding = {one.id for one in closures.in_force(office().book.document, at.slug, at.now)}
    others = holding - {closure_id}
    flash("Cette fermeture est finie ; une autre tient encore." if others else "C'est rouvert.")
    return redirect(url_for("association.home", association=association), 303)


def _publish(at: Scene, wanted: Closure) -> int:
    """The version in which it is closed; pressed twice, it closes once, and is told once."""
    added: list[Closure] = []

    def change(document: Document) -> Document | None:
        added[:] = [] if closing.held(document, wanted) else [wanted]
        return closures.with_closure(document, wanted, at.now) if added else None

    reason = f"Fermeture d'urgence de {at.one.city} : {wanted.reason}"
    version = publish(office(), change, visitor().person, reason)
    if added:
        told.closed(office(), at, wanted, visitor().name)
    return version


def _now(at: Scene) -> dict[str, object]:
    here = office()
    lines, load = here.lines(), here.load()
    with here.engine.connect().execution_options(reading=True) as connection:
        situation = live.picture(connection, at.now).of(at.slug)
    return {
        "at": at,
        "first": sentence.first_need(at.book, at.slug),
        "headline": sentence.headline(at.book, at.slug, at.one.insee, at.now, load, lines),
        "states": _states(at, at.book, load),
        "situation": situation,
        "waiting": worklist.waiting(here, at.slug)[:5],
        "lost": lost.lines(here, at.slug) if visitor().may(Right.WORK, at.slug) else [],
        "needs": NEEDS,
        "feed": stream(here, at.slug),
    }


def _states(at: Scene, book: RuleBook, load: Load) -> list[sentence.State]:
    return [sentence.state(book, at.slug, at.one.insee, need, at.now, load) for need in at.one.menu]


def _asked() -> Asked:
    form = request.form
    return Asked(
        needs=tuple(form.getlist("needs")),
        reason=form.get("reason", ""),
        other=form.get("other", ""),
        end=form.get("end", ""),
        end_clock=form.get("end_clock", ""),
        end_day=form.get("end_day", ""),
        message=form.get("message", ""),
    )


def _form(at: Scene, asked: Asked, unclear: Unclear | None = None) -> str:
    return render_template(
        "association/close.html",
        at=at,
        asked=asked,
        unclear=unclear,
        needs=NEEDS,
        reasons=closing.REASONS,
        ends=closing.ends(at.now, at.zone),
    )


def _preview(at: Scene, asked: Asked, wanted: Closure) -> str:
    """The sentences as they would be, decided by the book that would be in force."""
    here = office()
    tried = closures.with_closure(at.document, wanted, at.now)
    book = compile_book(tried, at.book.version + 1, here.terrain)
    shut = wanted.needs or at.one.menu
    load = here.load()
    before, after = _states(at, at.book, load), _states(at, book, load)
    rows = list(zip(before, after, strict=True))
    return render_template(
        "association/close_preview.html",
        at=at,
        asked=asked,
        wanted=wanted,
        shut=shut,
        needs=NEEDS,
        rows=[(one, other) for one, other in rows if one.sentence != other.sentence],
        same=[one.need for one, other in rows if one.sentence == other.sentence],
    )
