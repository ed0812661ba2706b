"""Entering and leaving: password, second factor, its setting up, and the invitation's link."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from console.access.accounts import Account, AccountRefused
from console.access.demonstration import code_for, demonstrates, people
from console.access.door import KEY, opens
from console.access.roles import Right, Stage, needs_second_factor
from console.access.second_factor import picture
from console.access.slowing import Attempt
from console.french import lasting
from console.office import office, visitor

bp = Blueprint("entering", __name__)
log = structlog.get_logger(__name__)
Answer = str | Response | tuple[str | Response, int]
_WRONG = "Adresse ou mot de passe inconnus. Vérifiez, puis recommencez."


@bp.get("/entrer")
@opens(Right.ANYONE)
def enter() -> Answer:
    """The entrance."""
    if g.who is not None:
        return redirect(url_for("home"))
    return _entrance("", None)


@bp.post("/entrer")
@opens(Right.ANYONE)
def enter_with_password() -> Answer:
    """Address and password. The same words, as long, whether the account exists or not."""
    here, email = office(), request.form.get("email", "").strip().lower()
    known = here.accounts.by_email(email)
    address = here.slowing.address(request.remote_addr or "")
    trusted = known is not None and here.sessions.knows(known.id, address, here.now())
    attempt = Attempt("password", email, address, trusted)
    wait = here.slowing.wait(attempt, here.now())
    if wait.total_seconds() > 0:
        return _entrance(email, f"Trop d'essais d'ici. Attendez {lasting(wait)}, puis recommencez."), 429
    account = here.accounts.proven(email, request.form.get("password", ""))
    if account is None or (account.demonstration and not demonstrates(here.settings)):
        here.slowing.failed(attempt, here.now())
        log.info("entry_refused")
        return _entrance(email, _WRONG), 422
    here.slowing.succeeded(attempt)
    return _admit(account, _stage_after_password(account))


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
    address = here.slowing.address(request.remote_addr or "")
    trusted = here.sessions.knows(who.account, address, here.now())
    attempt = Attempt("code", who.account, address, trusted)
    wait = here.slowing.wait(attempt, here.now())
    if wait.total_seconds() > 0:
        return _code_page(f"Trop d'essais. Attendez {lasting(wait)}, puis recommencez."), 429
    if not here.second.proves(who.account, request.form.get("code", ""), here.now()):
        here.slowing.failed(attempt, here.now())
        return _code_page("Ce code n'est pas le bon, ou a déjà servi. Attendez le suivant."), 422
    here.slowing.succeeded(attempt)
    account = here.accounts.by_id(who.account)
    return _admit(account, Stage.FULL) if account else redirect(url_for("entering.enter"), 303)


@bp.get("/entrer/second-facteur")
@opens(Right.HALFWAY)
def enrol() -> Answer:
    """Shows the secret to set up on the telephone."""
    if visitor().stage is not Stage.ENROL:
        return redirect(url_for("entering.code"))
    return _enrol_page(None)


@bp.post("/entrer/second-facteur")
@opens(Right.HALFWAY)
def enrol_with_code() -> Answer:
    """The first code proves the telephone has the secret; the recovery codes are shown once."""
    here, who = office(), visitor()
    if who.stage is not Stage.ENROL:
        return redirect(url_for("entering.code"), 303)
    codes = here.second.confirm(who.account, request.form.get("code", "").replace(" ", ""), here.now())
    account = here.accounts.by_id(who.account)
    if codes is None or account is None:
        return _enrol_page("Ce code n'est pas le bon. Vérifiez l'heure du téléphone, puis recommencez."), 422
    _admit(account, Stage.FULL)
    return render_template("access/recovery.html", codes=codes)


@bp.post("/sortir")
@opens(Right.SELF)
def leave() -> Answer:
    """The session ends at once, here and on the server."""
    here, who = office(), visitor()
    here.sessions.end(who.account, who.session, here.now())
    session.clear()
    flash("Vous êtes sorti.")
    return redirect(url_for("entering.enter"), 303)


@bp.get("/invitation/<secret>")
@opens(Right.ANYONE)
def invited(secret: str) -> Answer:
    """An invitation, or a way back in."""
    return _invitation(secret, None)


@bp.post("/invitation/<secret>")
@opens(Right.ANYONE)
def take_up(secret: str) -> Answer:
    """Choose a password; whoever needs a second factor sets it up next."""
    here = office()
    account_id = here.invitations.of(secret, here.now())
    account = here.accounts.by_id(account_id) if account_id else None
    if account is None:
        return _invitation(secret, None)
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return _invitation(secret, "Les deux mots de passe ne sont pas les mêmes.")
    try:
        here.accounts.set_password(account.id, password)
    except AccountRefused as refused:
        return _invitation(secret, str(refused))
    if not here.invitations.use(secret, here.now()):
        return _invitation(secret, None)
    here.second.forget(account.id)
    here.sessions.end_all(account.id, here.now())
    return _admit(account, Stage.ENROL if needs_second_factor(account.grants) else Stage.FULL)


def _stage_after_password(account: Account) -> Stage:
    if account.second_factor:
        return Stage.CODE
    return Stage.ENROL if needs_second_factor(account.grants) else Stage.FULL


def _admit(account: Account, stage: Stage) -> Response:
    """A new key at each stage: one overheard before the password is worth nothing after it."""
    here, after = office(), session.get("after")
    asked = request.form.get("suite") or after
    key = here.sessions.begin(
        account,
        stage,
        here.slowing.address(request.remote_addr or ""),
        _browser(),
        here.now(),
        instead=str(session.get(KEY, "")),
    )
    session.clear()
    session[KEY] = key
    if stage is not Stage.FULL:
        session["after"] = asked
        return redirect(url_for("entering.code" if stage is Stage.CODE else "entering.enrol"), 303)
    log.info("entered", account=account.id)
    return redirect(_inside(asked), 303)


def _inside(asked: object) -> str:
    """Only an address of our own is gone back to."""
    text = str(asked or "")
    parts = urlsplit(text)
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text if ours else url_for("home")


def _browser() -> str:
    """What the owner of a session recognises it by."""
    said = request.user_agent.string
    names = ("Edg", "Firefox", "Chrome", "Safari")
    systems = ("iPhone", "Android", "Windows", "Mac OS", "Linux")
    browser = next((name for name in names if name in said), "Navigateur")
    system = next((name for name in systems if name in said), "appareil inconnu")
    return f"{browser.replace('Edg', 'Edge')} sur {system}"


def _entrance(email: str, problem: str | None) -> str:
    here = office()
    shown = people(here.settings.secret_keys) if demonstrates(here.settings) else ()
    suite = request.values.get("suite", "")
    return render_template(
        "access/enter.html", email=email, problem=problem, demonstration=shown, suite=suite
    )


def _code_page(problem: str | None) -> str:
    here, who = office(), visitor()
    account = here.accounts.by_id(who.account)
    shown = (
        code_for(here.settings.secret_keys, who.email, here.now())
        if account and account.demonstration and demonstrates(here.settings)
        else None
    )
    return render_template("access/code.html", problem=problem, demonstration=shown)


def _enrol_page(problem: str | None) -> str:
    who = visitor()
    secret = office().second.propose(who.account)
    return render_template(
        "access/enrol.html", problem=problem, secret=secret, picture=picture(secret, who.email)
    )


def _invitation(secret: str, problem: str | None) -> tuple[str, int]:
    here = office()
    account_id = here.invitations.of(secret, here.now())
    account = here.accounts.by_id(account_id) if account_id else None
    if account is None:
        return render_template("access/invitation.html", account=None, problem=None), 404
    page = render_template("access/invitation.html", account=account, problem=problem)
    return page, 422 if problem else 200
