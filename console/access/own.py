"""One's own account: sessions, password, second factor, recovery codes."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.accounts import AccountRefused
from console.access.door import opens
from console.access.roles import ROLES, Right
from console.access.second_factor import picture
from console.access.slowing import Attempt
from console.office import office, visitor

bp = Blueprint("own", __name__, url_prefix="/compte")
Answer = str | Response | tuple[str | Response, int]


@bp.get("")
@opens(Right.SELF)
def account() -> Answer:
    """The account."""
    return _page()


@bp.post("/sessions/<session_id>/fin")
@opens(Right.SELF)
def end_session(session_id: str) -> Answer:
    """End one of one's own sessions, wherever it is."""
    here, who = office(), visitor()
    if here.sessions.end(who.account, session_id, here.now()):
        flash("Cette session est finie.")
    return redirect(url_for("own.account"), 303)


@bp.post("/sessions/fin")
@opens(Right.SELF)
def end_others() -> Answer:
    """End all sessions but this one."""
    here, who = office(), visitor()
    ended = here.sessions.end_all(who.account, here.now(), but=who.session)
    flash(f"{ended} autre(s) session(s) finie(s).")
    return redirect(url_for("own.account"), 303)


@bp.post("/mot-de-passe")
@opens(Right.SELF)
def change_password() -> Answer:
    """Another password; the old one is asked for, and the other sessions end."""
    here, who = office(), visitor()
    if not _knows_password(request.form.get("old", "")):
        return _page(problem="Ce n'est pas votre mot de passe actuel."), 422
    try:
        here.accounts.set_password(who.account, request.form.get("password", ""))
    except AccountRefused as refused:
        return _page(problem=str(refused)), 422
    here.sessions.end_all(who.account, here.now(), but=who.session)
    flash("Mot de passe changé ; vos autres sessions sont finies.")
    return redirect(url_for("own.account"), 303)


@bp.get("/second-facteur")
@opens(Right.SELF)
def second_factor() -> Answer:
    """Set a second factor up of one's own will."""
    return _second_factor(None)


@bp.post("/second-facteur")
@opens(Right.SELF)
def set_second_factor() -> Answer:
    """The first code."""
    here, who = office(), visitor()
    mine = here.accounts.by_id(who.account)
    if mine is None or mine.second_factor:
        return redirect(url_for("own.account"), 303)
    codes = here.second.confirm(who.account, request.form.get("code", "").replace(" ", ""), here.now())
    if codes is None:
        return _second_factor("Ce code n'est pas le bon. Vérifiez l'heure du téléphone."), 422
    return render_template("access/recovery.html", codes=codes)


@bp.post("/codes-de-secours")
@opens(Right.SELF)
def renew_recovery() -> Answer:
    """Ten new recovery codes; the password is asked for."""
    if not _knows_password(request.form.get("old", "")):
        return _page(problem="Ce n'est pas votre mot de passe actuel."), 422
    return render_template("access/recovery.html", codes=office().second.renew_recovery(visitor().account))


def _knows_password(password: str) -> bool:
    """A stolen session must not become a stolen account: guesses are slowed here too."""
    here, who = office(), visitor()
    attempt = Attempt("password", who.email, here.slowing.address(request.remote_addr or ""), known=True)
    if here.slowing.wait(attempt, here.now()).total_seconds() > 0:
        return False
    if here.accounts.proven(who.email, password) is None:
        here.slowing.failed(attempt, here.now())
        return False
    return True


def _page(problem: str | None = None) -> str:
    here, who = office(), visitor()
    return render_template(
        "access/account.html",
        account=here.accounts.by_id(who.account),
        sessions=here.sessions.listed(who.account, here.now()),
        left=here.second.left(who.account),
        roles=ROLES,
        problem=problem,
    )


def _second_factor(problem: str | None) -> str | Response:
    here, who = office(), visitor()
    mine = here.accounts.by_id(who.account)
    if mine is None or mine.second_factor:
        return redirect(url_for("own.account"))
    secret = here.second.propose(who.account)
    return render_template(
        "access/enrol.html",
        problem=problem,
        secret=secret,
        picture=picture(secret, who.email),
        action=url_for("own.set_second_factor"),
    )
