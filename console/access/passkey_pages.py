"""Entering with a passkey, and one's own passkeys; the browser's part is in static/passkeys.js."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answered

from console.access.admission import admit, attempt, entrance, must_wait, welcome
from console.access.door import opens
from console.access.entering import enrol_page
from console.access.own import again
from console.access.passkeys import PasskeyRefused
from console.access.roles import Right, Stage, Way
from console.office import office, visitor

bp = Blueprint("passkeys", __name__)
Answer = str | Answered | tuple[str | Answered, int]
ASKED = "challenge"  # in the signed cookie; it serves once, which SQL sees to


@bp.post("/entrer/cle/demande")
@opens(Right.ANYONE)
def ask() -> Response:
    """What the browser is to sign; any of its keys for this console will do."""
    here = office()
    options, session[ASKED] = here.passkeys.to_enter(None, here.now())
    return Response(options, mimetype="application/json")


@bp.post("/entrer/cle")
@opens(Right.ANYONE)
def enter() -> Answer:
    """A key alone: the device has verified its owner, so it is two factors."""
    here, tried = office(), attempt("passkey")
    if problem := must_wait(tried):
        return entrance(problem=problem), 429
    try:
        proved = here.passkeys.prove(request.form.get("answer", ""), str(session.pop(ASKED, "")), here.now())
    except PasskeyRefused as refused:
        here.slowing.failed(tried, here.now())
        return entrance(problem=str(refused)), 422
    account = welcome(proved)
    if account is None:
        here.slowing.failed(tried, here.now())
        return entrance(problem="Ce compte est fermé. La fédération peut le rouvrir."), 422
    here.slowing.succeeded(tried)
    return admit(account, Stage.FULL, Way.PASSKEY)


@bp.post("/entrer/cle/nouvelle/demande")
@opens(Right.HALFWAY)
def ask_first() -> Response | Answered:
    """What a first key is to be made of, in place of an application of codes."""
    return _to_register() if visitor().stage is Stage.ENROL else redirect(url_for("entering.code"), 303)


@bp.post("/entrer/cle/nouvelle")
@opens(Right.HALFWAY)
def register_first() -> Answer:
    """The first key is the second factor; the recovery codes are shown once."""
    here, who = office(), visitor()
    account = welcome(who.account)
    if who.stage is not Stage.ENROL or account is None:
        return redirect(url_for("entering.code"), 303)
    try:
        _register()
    except PasskeyRefused as refused:
        return enrol_page(str(refused)), 422
    codes = here.second.renew_recovery(account.id)
    admit(account, Stage.FULL, who.way)
    return render_template("access/recovery.html", codes=codes)


@bp.post("/compte/cles/demande")
@opens(Right.SELF)
def ask_another() -> Response:
    """What a new key of one's own is to be made of."""
    return _to_register()


@bp.post("/compte/cles")
@opens(Right.SELF)
def register() -> Answer:
    """One more key."""
    if (page := again()) is not None:
        return page
    try:
        _register()
    except PasskeyRefused as refused:
        flash(str(refused))
        return redirect(url_for("own.account"), 303)
    flash("La clé est enregistrée : elle ouvre la console à elle seule.")
    here, account = office(), office().accounts.by_id(visitor().account)
    if account is not None and here.second.left(account.id) == 0:
        return render_template("access/recovery.html", codes=here.second.renew_recovery(account.id))
    return redirect(url_for("own.account"), 303)


@bp.post("/compte/cles/<passkey_id>/nom")
@opens(Right.SELF)
def rename(passkey_id: str) -> Answer:
    """Another name."""
    if office().passkeys.rename(visitor().account, passkey_id, request.form.get("name", "")):
        flash("La clé a changé de nom.")
    return redirect(url_for("own.account"), 303)


@bp.post("/compte/cles/<passkey_id>/retrait")
@opens(Right.SELF)
def remove(passkey_id: str) -> Answer:
    """It opens nothing any more. The last way in cannot be removed."""
    here, who = office(), visitor()
    if (page := again()) is not None:
        return page
    account = here.accounts.by_id(who.account)
    if account is not None and account.passkeys == 1 and not (account.password or account.identities):
        flash("C'est votre seule façon d'entrer : choisissez d'abord un mot de passe, ou ajoutez une clé.")
    elif here.passkeys.remove(who.account, passkey_id):
        flash("La clé est retirée.")
    return redirect(url_for("own.account"), 303)


def _to_register() -> Response:
    here, who = office(), visitor()
    options, session[ASKED] = here.passkeys.to_register(who.account, who.email, who.name, here.now())
    return Response(options, mimetype="application/json")


def _register() -> None:
    here, form = office(), request.form
    challenge = str(session.pop(ASKED, ""))
    here.passkeys.register(
        visitor().account, form.get("name", ""), form.get("answer", ""), challenge, here.now()
    )
