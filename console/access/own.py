"""One's own account: sessions, password, application of codes, recovery codes; keys have their own pages."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from console.access.accounts import AccountRefused
from console.access.admission import attempt, must_wait
from console.access.door import opens
from console.access.entering import PROPOSED, enrol_page
from console.access.roles import ROLES, Right, Way
from console.office import office, visitor

bp = Blueprint("own", __name__, url_prefix="/compte")
Answer = str | Response | tuple[str | Response, int]
WAYS = {
    Way.PASSWORD: "mot de passe",
    Way.INVITATION: "lien d'invitation",
    Way.PASSKEY: "clé d'accès",
    Way.IDENTITY: "identité liée",
    Way.WAY_BACK: "accord d'un responsable",
}


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
    ended = here.sessions.end_others(who.account, who.session, here.now())
    flash(f"Autres sessions finies : {ended}.")
    return redirect(url_for("own.account"), 303)


@bp.post("/mot-de-passe")
@opens(Right.SELF)
def change_password() -> Answer:
    """Another password; the old one is asked for where there is one, and the other sessions end."""
    here, who = office(), visitor()
    if (page := _unproven()) is not None:
        return page
    try:
        here.accounts.set_password(
            who.account, request.form.get("password", ""), here.now(), keep=who.session
        )
    except AccountRefused as refused:
        return _page(problem=str(refused)), 422
    flash("Mot de passe changé ; vos autres sessions sont finies.")
    return redirect(url_for("own.account"), 303)


@bp.get("/second-facteur")
@opens(Right.SELF)
def second_factor() -> Answer:
    """Set an application of codes up, or another in its place, which holds until the new one is proved."""
    return again() or enrol_page(None, url_for("own.set_second_factor"))


@bp.post("/second-facteur")
@opens(Right.SELF)
def set_second_factor() -> Answer:
    """The first code."""
    here, who = office(), visitor()
    if (page := again()) is not None:
        return page
    sealed, action = session.get(PROPOSED), url_for("own.set_second_factor")
    codes = here.second.confirm(
        who.account, request.form.get("code", ""), sealed, here.now(), keep=who.session
    )
    if codes is None:
        return enrol_page("Ce code n'est pas le bon. Vérifiez l'heure du téléphone.", action), 422
    del session[PROPOSED]
    return render_template("access/recovery.html", codes=codes)


@bp.post("/codes-de-secours")
@opens(Right.SELF)
def renew_recovery() -> Answer:
    """Ten new recovery codes."""
    if (page := again()) is not None:
        return page
    return render_template("access/recovery.html", codes=office().second.renew_recovery(visitor().account))


@bp.post("/entrer-de-nouveau")
@opens(Right.SELF)
def enter_again() -> Answer:
    """Out, and back to this page through the entrance."""
    here, who = office(), visitor()
    here.sessions.leave(who.session, here.now())
    session.clear()
    return redirect(url_for("entering.enter", suite=url_for("own.account")), 303)


def again() -> Answer | None:
    """A stolen session must not become a stolen account: what guards it is changed just after entering.

    None when that was a moment ago; else the page that says so.
    """
    return None if visitor().fresh else (render_template("access/again.html"), 403)


def _unproven() -> Answer | None:
    """Who has a password gives it, unless somebody just let them back in; the others enter anew."""
    here, who = office(), visitor()
    mine = here.accounts.by_id(who.account)
    if mine is None or not mine.password or who.way is Way.WAY_BACK:
        return again()
    tried = attempt("own password", who.account, who.account)
    if problem := must_wait(tried):
        return _page(problem=problem), 429
    if here.accounts.proven(who.email, request.form.get("old", "")) is None:
        here.slowing.failed(tried, here.now())
        return _page(problem="Ce n'est pas votre mot de passe actuel."), 422
    return None


def _page(problem: str | None = None) -> str:
    here, who = office(), visitor()
    return render_template(
        "access/account.html",
        account=here.accounts.by_id(who.account),
        sessions=here.sessions.listed(who.account, here.now()),
        left=here.second.left(who.account),
        passkeys=here.passkeys.of(who.account),
        identities={one.provider: one for one in here.identities.of(who.account)},
        providers=here.settings.oidc_providers,
        back=who.way is Way.WAY_BACK,
        ways=WAYS,
        roles=ROLES,
        problem=problem,
    )
