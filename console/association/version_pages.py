"""An association's versions: what each changed for it, and the way back, at once or through the draft."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import publishing as publishes
from console.access.door import opens
from console.access.roles import Right
from console.association import workbench
from console.association.scene import Scene, scene
from console.association.trial import communes
from console.office import office, visitor
from routing import draft_publishing, parts, store
from routing.changing import NotPublished
from routing.differences import Difference, differences
from routing.document import Document
from routing.parts import Trespass
from routing.store import Publication

bp = Blueprint("versions", __name__, url_prefix="/a/<association>/versions")
Answer = str | Response | tuple[str, int]
PAGE = 20


@bp.get("")
@opens(Right.SEE)
def listed(association: str) -> Answer:
    """The versions that changed something for it, the newest first."""
    at, before = scene(association), request.args.get("before", type=int)
    found = store.history(office().engine, limit=PAGE + 1, before=before, association=association)
    more = found[PAGE - 1].version if len(found) > PAGE else None
    return render_template("association/versions.html", at=at, found=found[:PAGE], more=more)


@bp.get("/<int(max=2147483647):version>")
@opens(Right.SEE)
def shown(association: str, version: int) -> Answer:
    """What it changed then, and what going back to it would change now."""
    return _page(scene(association), version)


@bp.post("/<int(max=2147483647):version>")
@opens(Right.RULE)
def put_back(association: str, version: int) -> Answer:
    """Its own part as it was then: in force at once, or in the draft."""
    at, here = scene(association), office()
    if request.form.get("current", type=int) != at.book.version:
        return _page(at, version, problem="D'autres règles ont été publiées entre-temps : relisez."), 409
    reason = f"{at.one.city} : retour à la version {version}"
    if request.form.get("step") == "draft":
        found = workbench.ground(at)
        back = draft_publishing.as_it_was(here.engine, association, version).document
        kept = parts.own_part_of(back, found.document, association)
        workbench.keep(at, found.stamp, lambda _: kept, reason)
        return redirect(url_for("draft.shown", association=association), 303)
    try:
        made = publishes.put_back(here, association, version, visitor().person, reason)
    except NotPublished as refused:
        return _page(at, version, problem=f"Rien n'a été changé. {refused}"), 409
    flash(f"Les règles de la version {version} sont de nouveau en vigueur pour {at.one.city} (n° {made}).")
    return redirect(url_for("versions.listed", association=association), 303)


def _page(at: Scene, version: int, problem: str | None = None) -> str:
    here = office()
    then = store.version(here.engine, version)
    about = _about(at.slug, version)
    if then is None or about is None:
        abort(404)
    before = store.version(here.engine, version - 1)
    names = communes()
    changes = None if before is None else _for_us(before, then, at.slug, names)
    try:
        back = draft_publishing.as_it_was(here.engine, at.slug, version).document
    except (KeyError, Trespass):
        back = at.document
    return render_template(
        "association/version.html",
        at=at,
        about=about,
        changes=changes,
        back=differences(at.document, back, names),
        problem=problem,
    )


def _about(slug: str, version: int) -> Publication | None:
    """A version that changed something for this association: no other is shown to it."""
    found = store.history(office().engine, limit=1, before=version + 1, association=slug)
    return found[0] if found and found[0].version == version else None


def _for_us(before: Document, then: Document, slug: str, names: dict[str, str]) -> tuple[Difference, ...]:
    """Of what a version changed, what is this association's."""
    try:
        return differences(before, parts.own_part_of(then, before, slug), names)
    except KeyError:
        return ()
