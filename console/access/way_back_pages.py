"""« Je n'ai plus mon téléphone »: asking at the entrance, waiting, entering once somebody has granted it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answered

from console.access.admission import admit, attempt, entrance, must_wait, welcome
from console.access.door import opens
from console.access.roles import Right, Stage, Way
from console.office import office

bp = Blueprint("way_back", __name__, url_prefix="/entrer/secours")
Answer = str | Answered | tuple[str | Answered, int]
SECRET, CODE = "way back", "way back code"  # in the signed cookie of whoever asks


@bp.get("")
@opens(Right.ANYONE)
def form() -> Answer:
    """Who asks?"""
    return _form(g.who.email if g.who else "")


@bp.post("")
@opens(Right.ANYONE)
def ask() -> Answer:
    """A code to be said on the telephone; the same whether there is such an account or not."""
    here, email = office(), request.form.get("email", "").strip().lower()
    account = here.accounts.by_email(email)
    mine = welcome(account.id if account else None)
    tried = attempt("way back", email or " ", mine.id if mine else None)
    if problem := must_wait(tried):
        return _form(email, problem), 429
    here.slowing.failed(tried, here.now())  # each asking counts, until one is granted
    able = mine if mine is not None and mine.ready and not mine.demonstration else None
    session[SECRET], session[CODE] = here.way_backs.ask(able.id if able else None, tried.known, here.now())
    return redirect(url_for("way_back.wait"), 303)


@bp.get("/attente")
@opens(Right.ANYONE)
def wait() -> Answer:
    """The code, and whether somebody has granted."""
    if SECRET not in session:
        return redirect(url_for("way_back.form"), 303)
    return render_template("access/way_back_wait.html", **_state())


@bp.get("/etat")
@opens(Right.ANYONE)
def state() -> Answer:
    """The part of the page that keeps itself true."""
    if SECRET not in session:
        return Response(status=204, headers={"HX-Redirect": url_for("way_back.form")})
    return render_template("access/way_back_state.html", **_state())


@bp.post("/entrer")
@opens(Right.ANYONE)
def enter() -> Answer:
    """Once, soon after it was granted; the session is shorter than others."""
    here, tried = office(), attempt("way back taken")
    if problem := must_wait(tried):
        return entrance(problem=problem), 429
    granted_by = here.way_backs.granted_by(str(session.get(SECRET, "")), here.now())
    account = welcome(here.way_backs.take(str(session.get(SECRET, "")), here.now()))
    if account is None:
        here.slowing.failed(tried, here.now())
        return _form("", "Ce n'est pas accordé, ou c'est passé. Demandez de nouveau."), 422
    here.slowing.succeeded(attempt("way back", account.email, account.id))
    answer = admit(account, Stage.FULL, Way.WAY_BACK, url_for("own.account"))
    flash(
        f"Vous êtes entré grâce à {granted_by}. Avant de sortir, réglez ici un nouveau téléphone, une clé "
        "ou un nouveau mot de passe."
    )
    return answer


def _form(email: str, problem: str | None = None) -> str:
    return render_template("access/way_back.html", email=email, problem=problem)


def _state() -> dict[str, object]:
    here = office()
    return {
        "code": session[CODE],
        "granted_by": here.way_backs.granted_by(session[SECRET], here.now()),
    }
