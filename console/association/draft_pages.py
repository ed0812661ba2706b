"""An association's draft: what it changes in words, tried, published now or at an hour, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import publishing as publishes
from console.access.door import opens
from console.access.roles import Right
from console.association import workbench
from console.association.scene import Scene, scene
from console.association.trial import Trial, communes, replayed, second_person_waits, tried
from console.association.workbench import Ground, Moved
from console.french import moment, read_clock, read_day
from console.office import office, visitor
from routing import drafts, parts, store
from routing.changing import NotPublished
from routing.differences import differences
from routing.draft_publishing import Carried, in_words
from routing.drafts import Draft
from routing.parts import Clash, Trespass
from routing.publishing import another
from workers import rehearsal

bp = Blueprint("draft", __name__, url_prefix="/a/<association>/brouillon")
Answer = str | Response | tuple[str, int]
_CHANGED = "Le brouillon a changé entre-temps : relisez-le. Rien n'a été publié."


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft under somebody's eyes."""

    at: Scene
    draft: Draft | None
    ground: Ground

    @property
    def carried(self) -> Carried:
        """As it would be published."""
        return Carried(self.ground.document, self.at.book.version, self.at.document)


@bp.get("")
@opens(Right.RULE)
def shown(association: str) -> Answer:
    """What the draft changes, and what can be done with it."""
    return _page(_desk(association))


@bp.get("/essai")
@opens(Right.RULE)
def tested(association: str) -> Answer:
    """Problems, saved cases and last week's calls: a part of the page, or without a script the whole."""
    desk = _desk(association)
    if desk.draft is None or desk.ground.refused:
        return _to(association)
    trial = tried(desk.at, desk.carried)
    told = replayed(desk.at, trial.book)
    if request.headers.get("HX-Request"):
        return render_template(
            "association/draft_trial.html", at=desk.at, trial=trial, replay=told, names=_names(desk)
        )
    return _page(desk, trial, replay=told)


@bp.post("/publier")
@opens(Right.RULE)
def publish(association: str) -> Answer:
    """Now or at an hour; where a second person is wanted, that person is asked first."""
    desk, draft = _desk(association), workbench.open_draft(association)
    if draft is None or desk.ground.refused or request.form.get("stamp") != desk.ground.stamp:
        return _changed(association)
    reason = request.form.get("reason", "").strip()
    try:
        hour = _hour(desk.at)
    except ValueError as unclear:
        return _page(desk, problem=str(unclear)), 422
    if not reason:
        return _page(desk, problem="Dites pourquoi, en une phrase : cela reste au journal."), 422
    trial = tried(desk.at, desk.carried)
    if trial.stops(holes_meant=request.form.get("holes") == "meant"):
        return _page(desk, trial, problem="Ce n'est pas publié : voyez ce qui l'arrête."), 422
    second = bool(trial.verdict.second_person) and not another(draft.approver, visitor().person)
    if not drafts.plan(office().engine, draft, visitor().person, reason[:400], hour, second=second):
        return _changed(association)
    if second:
        flash("Une seconde personne doit le lire et l'approuver : elle le voit à son accueil.")
    elif hour is not None:
        flash(f"Ce sera publié {moment(hour, desk.at.zone)}. Vous pouvez l'annuler jusque-là.")
    else:
        return _published(association, draft.id)
    return _to(association)


@bp.post("/approuver")
@opens(Right.RULE)
def approve(association: str) -> Answer:
    """A second person has read this very text: it is published, or will be at its hour."""
    desk, draft = _desk(association), workbench.open_draft(association)
    if draft is None or not draft.asked_by or request.form.get("stamp") != desk.ground.stamp:
        return _changed(association)
    if visitor().person.same(draft.asker):
        return _page(desk, problem="Une autre personne que vous doit l'approuver."), 403
    if tried(desk.at, desk.carried).failing:
        return _page(
            desk, tried(desk.at, desk.carried), problem="Un cas enregistré ne serait plus vrai."
        ), 422
    if not drafts.approve(office().engine, draft, visitor().person):
        return _changed(association)
    if draft.publish_at is None:
        return _published(association, draft.id)
    flash("C'est approuvé : il sera publié à son heure.")
    return _to(association)


@bp.post("/annuler")
@opens(Right.RULE)
def unplan(association: str) -> Answer:
    """No more at that hour, and no more asked of a second person; the draft stays."""
    draft = workbench.open_draft(association)
    if draft is not None and drafts.unplan(office().engine, draft, visitor().person):
        flash("C'est annulé : le brouillon reste, il ne sera pas publié.")
    return _to(association)


@bp.post("/abandonner")
@opens(Right.RULE)
def abandon(association: str) -> Answer:
    """Give it up: the rules in force are the ground again."""
    draft = workbench.open_draft(association)
    if draft is not None:
        drafts.abandon(office().engine, draft.id, visitor().name)
        flash("Le brouillon est abandonné. Les règles en vigueur n'ont pas changé.")
    return _to(association)


@bp.post("/garder")
@opens(Right.RULE)
def insist(association: str) -> Answer:
    """Ours is put in the place of what others published of the same rules; it is still to be published."""
    here, desk = office(), _desk(association)
    if desk.draft is not None and isinstance(desk.ground.refused, Clash):
        base = store.version(here.engine, desk.draft.based_on) or store.EMPTY
        text = parts.insist(base, desk.draft.document, desk.at.document, association)
        try:
            drafts.save(
                here.engine, text, desk.at.book.version, visitor().person, desk.draft.reason,
                association=association, draft_id=desk.draft.id, over=desk.draft.document,
                told="la version en vigueur, avec ses propres changements", communes=communes(),
            )  # fmt: skip
        except drafts.Overtaken:
            return _changed(association)
        flash("Le brouillon repart de la version en vigueur, avec vos changements. Relisez-le.")
    return _to(association)


@bp.app_errorhandler(Moved)
def moved(both: Moved) -> Answer:
    """An editor's form was late: both changes, side by side."""
    at = scene(str((request.view_args or {}).get("association", "")))
    return render_template("association/draft_moved.html", at=at, theirs=both.theirs, yours=both.yours), 409


@bp.app_errorhandler(Trespass)
def trespassed(stray: Trespass) -> Answer:
    """A change of what belongs to others."""
    at = scene(str((request.view_args or {}).get("association", "")))
    return render_template("association/draft_moved.html", at=at, strays=stray.strays), 403


def _published(association: str, draft_id: str) -> Answer:
    try:
        made = publishes.publish_draft(office(), draft_id)
    except NotPublished as refused:
        return _page(_desk(association), problem=f"Rien n'a été publié. {refused}"), 409
    flash(f"C'est publié : règles n° {made}. « Versions » permet de revenir en arrière.")
    return _to(association)


def _hour(at: Scene) -> datetime | None:
    if request.form.get("when") != "at":
        return None
    day, clock = (
        read_day(request.form.get("day", ""), at.now, at.zone),
        read_clock(request.form.get("clock", "")),
    )
    if day is None or clock is None:
        raise ValueError("Écrivez le jour (25/12) et l'heure (6h30) de la publication.")
    hour = datetime.combine(day.date(), clock, at.zone)
    if hour <= at.now:
        raise ValueError("Cette heure est déjà passée.")
    return hour


def _desk(association: str) -> Desk:
    at = scene(association)
    draft = workbench.open_draft(association)
    ground = workbench.ground(at) if draft is None else workbench.standing(at, draft)
    return Desk(at, draft, ground)


def _names(desk: Desk) -> dict[str, str]:
    """Desks and communes by their codes."""
    return communes() | {one.id: one.name for one in desk.ground.document.regulators}


def _page(desk: Desk, trial: Trial | None = None, problem: str | None = None, **more: object) -> str:
    at, refused, names = desk.at, desk.ground.refused, _names(desk)
    clash = refused if isinstance(refused, Clash) else None
    changes = () if refused else differences(at.document, desk.ground.document, names)
    held = parts.shared(at.document, at.slug)
    cities = {one.slug: one.city for one in at.document.associations}
    return render_template(
        "association/draft.html",
        at=at,
        draft=desk.draft,
        stamp=desk.ground.stamp,
        changes=changes,
        shared=[
            (names.get(one, one), [cities[slug] for slug in others])
            for one, others in held.items()
            if any(change.rule == f"regulators/{one}" for change in changes)
        ],
        clash=clash,
        trespass=in_words(refused) if isinstance(refused, Trespass) else None,
        trial=trial,
        names=names,
        problem=problem,
        waits=second_person_waits(desk.draft),
        telephone=_telephone(desk.draft),
        form=request.form,
        **more,
    )


def _telephone(draft: Draft | None) -> str | None:
    """The browser's telephone, which rings this draft; only where the stand-in is the carrier."""
    here = office()
    if draft is None or not here.settings.simulated:
        return None
    keys = here.settings.secret_keys
    ticket = rehearsal.ticket(keys, draft.id, here.now().timestamp())
    return f"{here.settings.carrier_url}/#essai={ticket}.{rehearsal.signing_key(keys, ticket)}"


def _changed(association: str) -> Response:
    flash(_CHANGED)
    return _to(association)


def _to(association: str) -> Response:
    return redirect(url_for("draft.shown", association=association), 303)
