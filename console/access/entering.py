"""Entering and leaving: password, second factor, its setting up, and the invitation's link."""

from __future__ import annotations

import structlog
from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from console.access.accounts import AccountRefused, password_problem
from console.access.admission import (
    admit,
    attempt,
    entrance,
    must_wait,
    stage_after_one_factor,
    welcome,
)
from console.access.demonstration import code_for, demonstrates
from console.access.door import opens
from console.access.roles import Right, Stage, Way, needs_second_factor
from console.access.second_factor import picture
from console.office import office, visitor

bp = Blueprint("entering", __name__)
log = structlog.get_logger(__name__)
Answer = str | Response | tuple[str | Response, int]
PROPOSED = "totp"  # in the signed cookie: the sealed secret being set up
_WRONG = "Adresse ou mot de passe inconnus. Vérifiez, puis recommencez."


@bp.get("/entrer")
@opens(Right.ANYONE)
def enter() -> Answer:
    """The entrance."""
    if g.who is not None:
        return redirect(url_for("home"))
    return entrance()


@bp.post("/entrer")
@opens(Right.ANYONE)
def enter_with_password() -> Answer:
    """Address and password. The same words, as long, whether the account exists or not."""
    here, email = office(), request.form.get("email", "").strip().lower()
    known = here.accounts.by_email(email)
    tried = attempt("password", email or " ", known.id if known else None)
    if problem := must_wait(tried):
        return entrance(email, problem), 429
    proven = here.accounts.proven(email, request.form.get("password", ""))
    account = welcome(proven.id if proven else None)
    if account is None:
        here.slowing.failed(tried, here.now())
        log.info("entry_refused")
        return entrance(email, _WRONG), 422
    here.slowing.succeeded(tried)
    return admit(account, stage_after_one_factor(account), Way.PASSWORD)


@bp.get("/entrer/code")
@opens(Right.HALFWAY)
def code() -> Answer:
    """Asks for the second factor."""
    return _code_page(None)


@bp.post("/entrer/code")
@opens(Right.HALFWAY)
def enter_with_code() -> Answer:
    """The code of the telephone's application, or a recovery code."""
    here, who = office(), visitor()
    if who.stage is not Stage.CODE:
        return redirect(url_for("entering.enrol"), 303)
    tried = attempt("code", who.account, who.account)
    if problem := must_wait(tried):
        return _code_page(problem), 429
    if not here.second.proves(who.account, request.form.get("code", ""), here.now()):
        here.slowing.failed(tried, here.now())
        return _code_page("Ce code n'est pas le bon, ou a déjà servi. Attendez le suivant."), 422
    here.slowing.succeeded(tried)
    account = welcome(who.account)
    return admit(account, Stage.FULL, who.way) if account else redirect(url_for("entering.enter"), 303)


@bp.get("/entrer/second-facteur")
@opens(Right.HALFWAY)
def enrol() -> Answer:
    """Shows the secret to set up on the telephone, or takes a passkey instead."""
    if visitor().stage is not Stage.ENROL:
        return redirect(url_for("entering.code"))
    return enrol_page(None)


@bp.post("/entrer/second-facteur")
@opens(Right.HALFWAY)
def enrol_with_code() -> Answer:
    """The first code proves the telephone has the secret; the recovery codes are shown once."""
    here, who = office(), visitor()
    if who.stage is not Stage.ENROL:
        return redirect(url_for("entering.code"), 303)
    sealed = session.get(PROPOSED)
    codes = here.second.confirm(
        who.account, request.form.get("code", ""), sealed, here.now(), keep=who.session
    )
    account = welcome(who.account)
    if codes is None or account is None:
        return enrol_page("Ce code n'est pas le bon. Vérifiez l'heure du téléphone, puis recommencez."), 422
    admit(account, Stage.FULL, who.way)
    return render_template("access/recovery.html", codes=codes)


@bp.post("/sortir")
@opens(Right.SELF)
def leave() -> Answer:
    """The session ends at once, here and on the server."""
    here, who = office(), visitor()
    here.sessions.leave(who.session, here.now())
    session.clear()
    flash("Vous êtes sorti.")
    return redirect(url_for("entering.enter"), 303)


@bp.get("/invitation/<secret>")
@opens(Right.ANYONE)
def invited(secret: str) -> Answer:
    """An invitation, or a way back in."""
    return invitation(secret, None)


@bp.post("/invitation/<secret>")
@opens(Right.ANYONE)
def take_up(secret: str) -> Answer:
    """Choose a password; whoever needs a second factor sets it up next."""
    here = office()
    account = welcome(here.invitations.of(secret, here.now()))
    if account is None:
        return invitation(secret, None)
    password = request.form.get("password", "")
    problem = password_problem(password)
    if password != request.form.get("again", ""):
        problem = "Les deux mots de passe ne sont pas les mêmes."
    if problem:
        return invitation(secret, problem)
    if not here.invitations.use(secret, here.now()):
        return invitation(secret, None)
    try:
        here.accounts.set_password(account.id, password, here.now())
    except AccountRefused as refused:  # judged above already
        return invitation(secret, str(refused))
    stage = Stage.ENROL if needs_second_factor(account.grants) else Stage.FULL
    return admit(account, stage, Way.INVITATION)


def invitation(secret: str, problem: str | None) -> tuple[str, int]:
    """The invitation's page."""
    here = office()
    account = welcome(here.invitations.of(secret, here.now()))
    if account is None:
        return render_template("access/invitation.html", account=None, problem=None), 404
    page = render_template(
        "access/invitation.html",
        account=account,
        problem=problem,
        secret=secret,
        providers=here.settings.oidc_providers,
    )
    return page, 422 if problem else 200


def enrol_page(problem: str | None, action: str = "") -> str:
    """The application's secret, and the passkey that does instead of it."""
    who = visitor()
    secret, session[PROPOSED] = office().second.propose(who.account, session.get(PROPOSED))
    return render_template(
        "access/enrol.html",
        problem=problem,
        secret=secret,
        picture=picture(secret, who.email),
        action=action,
    )


def _code_page(problem: str | None) -> str:
    here, who = office(), visitor()
    account = here.accounts.by_id(who.account)
    shown = (
        code_for(here.settings.secret_keys, who.email, here.now())
        if account and account.demonstration and demonstrates(here.settings)
        else None
    )
    return render_template("access/code.html", problem=problem, demonstration=shown, account=account)
