"""« Régulations »: an association's desks, their numbers, and the call that proves a new one."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from console.access.door import opens
from console.access.roles import Right
from console.association import desks, workbench
from console.association.editing import Answer, Unreadable, keep, reordered
from console.association.scene import Scene, scene
from console.association.workbench import Ground
from console.office import office, visitor
from routing import number_proofs
from routing.document import Regulator
from routing.number_proofs import TooSoon
from workers import number_calls

bp = Blueprint("desks", __name__, url_prefix="/a/<association>/regulations")


@bp.get("")
@opens(Right.RULE)
def listed(association: str) -> Answer:
    """All of them, in the order they ring."""
    return _list(scene(association))


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """Their order, or one more."""
    at, step = scene(association), request.form.get("step", "")
    if step == "new":
        try:
            desks.with_new(workbench.ground(at).document, at.slug, request.form.get("name", ""))
        except Unreadable as wrong:
            return _list(at, str(wrong)), 422
        name = request.form["name"].strip()
        return keep(
            at,
            lambda document: desks.with_new(document, at.slug, name)[0],
            f"régulation « {name} » ajoutée",
            "desks.listed",
        )
    now = workbench.ground(at)
    order = reordered(now.one.regulators, step)
    told = "ordre des régulations"
    return keep(at, lambda document: desks.with_order(document, now.one, order), told, "desks.listed")


@bp.get("/<desk>")
@opens(Right.RULE)
def edit(association: str, desk: str) -> Answer:
    """One desk's form."""
    at = scene(association)
    now, found = _desk(at, desk)
    return _form(at, now, found, desks.form_of(found))


@bp.post("/<desk>")
@opens(Right.RULE)
def save(association: str, desk: str) -> Answer:
    """Numbers moved, added, taken away; then the whole desk kept in the draft."""
    at, step = scene(association), request.form.get("step", "")
    now, found = _desk(at, desk)
    asked = desks.asked(request.form, request.form.getlist("order"))
    if step != "keep":
        asked = replace(asked, numbers=tuple(reordered(asked.numbers, step)))
        if step != "add":
            return _form(at, now, found, asked, moved=step)
    try:
        proved = number_proofs.proved(office().engine, asked.numbers)
        read = desks.read(asked, found, proved)
    except Unreadable as wrong:
        return _form(at, now, found, asked, wrong), 422
    if step == "add":
        numbers = tuple(phone.number for phone in read.phones)
        return _form(at, now, found, replace(asked, numbers=numbers, added=""))
    if desks.sharing(now.document, found.id, at.slug) and "told" not in request.form:
        unsaid = Unreadable("told", "Confirmez que les autres associations sont prévenues.")
        return _form(at, now, found, asked, unsaid), 422
    to = "desks.listed" if any(not phone.verified for phone in read.phones) else "draft.shown"
    return keep(at, lambda document: desks.with_desk(document, read), f"régulation « {read.name} »", to)


@bp.post("/verification")
@opens(Right.RULE)
def verify(association: str) -> Answer:
    """Ring a number of the draft to speak it a code; then take the code that was heard there."""
    at = scene(association)
    now, number = workbench.ground(at), request.form.get("number", "")
    waiting = {p.number for d in desks.held(now.document, now.one) for p in d.phones if not p.verified}
    if number not in waiting:  # nobody has the service ring whom they like
        abort(404)
    here, code = office(), request.form.get("code", "").replace(" ", "")
    if not code:
        return _call(at, number)
    said = number_calls.read_back(here.settings, here.engine, number, code, visitor().name)
    if said is number_proofs.Answer.PROVED:
        return keep(
            at,
            lambda document: desks.with_verified(document, at.slug, number),
            "un numéro vérifié par un appel d'essai",
            "desks.listed",
        )
    wrong = "Ce n'est pas le code." if said is number_proofs.Answer.WRONG else "Ce code ne vaut plus."
    return _code(at, number, f"{wrong} Écoutez bien, ou demandez un autre appel dans une minute."), 422


def _call(at: Scene, number: str) -> Answer:
    try:
        if number_calls.call(office().settings, office().engine, number, visitor().name):
            return _code(at, number)
    except TooSoon:
        return _code(
            at, number, "Ce numéro vient d'être appelé : attendez une minute entre deux appels."
        ), 409
    flash("L'opérateur n'a pas pris l'appel d'essai : réessayez dans une minute.")
    return redirect(url_for("desks.listed", association=at.slug), 303)


def _code(at: Scene, number: str, wrong: str = "") -> str:
    stamp = workbench.ground(at).stamp
    return render_template("association/desk_code.html", at=at, number=number, wrong=wrong, stamp=stamp)


def _desk(at: Scene, name: str) -> tuple[Ground, Regulator]:
    now = workbench.ground(at)
    found = next((desk for desk in desks.held(now.document, now.one) if desk.id == name), None)
    if found is None:
        abort(404)
    return now, found


def _list(at: Scene, wrong: str = "") -> str:
    now = workbench.ground(at)
    rows = [
        (desk, desk.id in now.one.regulators, desks.sharing(now.document, desk.id, at.slug))
        for desk in desks.held(now.document, now.one)
    ]
    others = [desk for desk in now.document.regulators if desk.id in now.one.regulators]
    return render_template(
        "association/desks.html",
        at=at,
        ground=now,
        rows=rows,
        strategies=desks.STRATEGIES,
        several=len(others) > 1,
        wrong=wrong,
        moved=request.args.get("moved", ""),
    )


def _form(
    at: Scene,
    now: Ground,
    desk: Regulator,
    form: desks.Form,
    wrong: Unreadable | None = None,
    moved: str = "",
) -> str:
    verified = {p.number for p in desk.phones if p.verified}
    return render_template(
        "association/desk.html",
        at=at,
        ground=now,
        desk=desk,
        form=form,
        wrong=wrong,
        moved=moved,
        verified=verified | number_proofs.proved(office().engine, form.numbers),
        shared=desks.sharing(now.document, desk.id, at.slug),
        strategies=desks.STRATEGIES,
    )
