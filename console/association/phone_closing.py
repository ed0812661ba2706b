"""The telephones from which an association may be closed when nobody is at a screen."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.office import office, visitor
from routing.numbers import normalise
from workers.callbacks.vault import Vault
from workers.closers import CloserRefused, Closers

bp = Blueprint("phone_closing", __name__, url_prefix="/a/<association>/fermeture/telephone")
Answer = str | Response | tuple[str, int]


@bp.get("")
@opens(Right.RULE)
def listed(association: str) -> Answer:
    """Whose telephones, and the form for one more."""
    return _page(scene(association))


@bp.post("")
@opens(Right.RULE)
def added(association: str) -> Answer:
    """One telephone more, with the code its owner will type."""
    at, form = scene(association), request.form
    label, number, pin = (form.get(name, "").strip() for name in ("label", "number", "pin"))
    try:
        if pin != form.get("again", "").strip():
            raise CloserRefused("les deux codes ne sont pas les mêmes")
        _closers().register(at.slug, label, normalise(number) or "", pin, visitor().name)
    except CloserRefused as refused:
        return _page(at, problem=f"Rien n'a été changé : {refused}.", label=label, number=number), 422
    flash(f"Le téléphone de {label} peut fermer {at.one.city}.")
    return redirect(url_for("phone_closing.listed", association=at.slug), 303)


@bp.post("/<closer>/retrait")
@opens(Right.RULE)
def removed(association: str, closer: str) -> Answer:
    """One telephone less, at once."""
    gone = _closers().remove(closer, scene(association).slug, visitor().name)
    flash("Ce téléphone ne peut plus rien fermer." if gone else "Ce téléphone n'était déjà plus inscrit.")
    return redirect(url_for("phone_closing.listed", association=association), 303)


def _closers() -> Closers:
    here = office()
    return Closers(here.engine, Vault.of(here.settings.secret_keys))


def _page(at: Scene, *, problem: str | None = None, label: str = "", number: str = "") -> str:
    return render_template(
        "association/phone_closing.html",
        at=at,
        telephones=_closers().of(at.slug),
        problem=problem,
        label=label,
        number=number,
    )
