"""Entering by an OpenID Connect provider, linking one's identity there, taking up an invitation with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.sealing import Sealer, Unsealable
from console.access.admission import (
    attempt,
    begin,
    inside,
    must_wait,
    stage_after_one_factor,
    welcome,
)
from console.access.door import opens
from console.access.oidc import Client, Errand, Recognised, Refusal, errand
from console.access.own import again
from console.access.roles import Right, Stage, Way, needs_second_factor
from console.office import office, visitor

bp = Blueprint("oidc", __name__)
Answer = str | Response | tuple[str | Response, int]
LASTING = timedelta(minutes=10)  # at the provider


@bp.get("/entrer/avec/<provider>")
@opens(Right.ANYONE)
def depart(provider: str) -> Answer:
    """To the provider, and back to where one wanted to go."""
    return _sent(provider, "enter", after=request.args.get("suite", ""))


@bp.get("/invitation/<secret>/avec/<provider>")
@opens(Right.ANYONE)
def take_up(secret: str, provider: str) -> Answer:
    """An invitation is taken up by an identity instead of a password."""
    here = office()
    if here.invitations.of(secret, here.now()) is None:
        return redirect(url_for("entering.invited", secret=secret))
    return _sent(provider, "invitation", token=secret)


@bp.get("/compte/identites/<provider>/lier")
@opens(Right.SELF)
def link(provider: str) -> Answer:
    """One's own identity is linked to one's own account. The cookie is strict: no other site can ask this."""
    if (page := again()) is not None:
        return page
    return _sent(provider, "link", token=visitor().session + visitor().account)


@bp.post("/compte/identites/<provider>/delier")
@opens(Right.SELF)
def unlink(provider: str) -> Answer:
    """It opens the account no more. The last way in cannot be removed."""
    here, who = office(), visitor()
    if (page := again()) is not None:
        return page
    account = here.accounts.by_id(who.account)
    if account is not None and account.identities == 1 and not (account.password or account.passkeys):
        flash("C'est votre seule façon d'entrer : choisissez d'abord un mot de passe, ou ajoutez une clé.")
    elif here.identities.unlink(who.account, provider):
        flash("Cette identité n'ouvre plus votre compte.")
    return redirect(url_for("own.account"), 303)


@bp.get("/entrer/retour/<provider>")
@opens(Right.ANYONE)
def arrive(provider: str) -> Answer:
    """Back from the provider. Nothing is believed before it is checked, and nothing is opened otherwise."""
    here, tried = office(), attempt("oidc")
    if problem := must_wait(tried):
        return _forgetting(make_response(_refused(problem), 429))
    try:
        asked = _errand(provider)
        known = _client(provider).arrival(asked, request.args.to_dict(), here.now())
        answer = make_response(_RECEIVED[asked.purpose](asked, known))
    except Refusal as refused:
        here.slowing.failed(tried, here.now())
        answer = make_response(_refused(str(refused)), 422)
    else:
        here.slowing.succeeded(tried)
    return _forgetting(answer)


def _entered(asked: Errand, known: Recognised) -> str:
    here = office()
    account = welcome(here.identities.account_of(asked.provider, known.subject, here.now()))
    if account is None:
        raise Refusal(
            "Aucun compte n'est lié à cette identité. Entrez avec votre mot de passe, puis liez-la sous "
            "« Mon compte » ; sans compte, demandez une invitation."
        )
    stage = Stage.FULL if known.strong else stage_after_one_factor(account)
    return _onward(begin(account, stage, Way.IDENTITY, asked.after))


def _linked(asked: Errand, known: Recognised) -> str:
    here, session_id, account_id = office(), asked.token[:36], asked.token[36:]
    if not here.sessions.lives(session_id, here.now()):
        raise Refusal("Votre session est finie. Entrez, puis recommencez.")
    if not here.identities.link(account_id, asked.provider, known.subject, here.now()):
        raise Refusal("Cette identité est déjà liée à un compte. Rien n'a été changé.")
    return _onward(url_for("own.account"))


def _invited(asked: Errand, known: Recognised) -> str:
    here = office()
    account = welcome(here.invitations.of(asked.token, here.now()))
    taken = here.identities.account_of(asked.provider, known.subject, here.now())
    if account is None or taken not in (None, account.id):
        raise Refusal("Ce lien ne sert plus, ou cette identité ouvre déjà un autre compte.")
    if not here.invitations.use(asked.token, here.now()):
        raise Refusal("Ce lien ne sert plus. Demandez-en un autre à qui vous l'a envoyé.")
    here.identities.link(account.id, asked.provider, known.subject, here.now())
    weak = needs_second_factor(account.grants) and not known.strong
    return _onward(begin(account, Stage.ENROL if weak else Stage.FULL, Way.INVITATION))


_RECEIVED = {"enter": _entered, "link": _linked, "invitation": _invited}


def _refused(problem: str) -> str:
    """Without a form: its token would write a new cookie over that of whoever is in already."""
    return render_template("access/refused.html", problem=problem)


def _onward(where: str) -> str:
    """A page of ours that goes on by itself: the strict cookie does not travel on another site's redirect."""
    return render_template("access/onward.html", where=inside(where))


def _sent(provider: str, purpose: str, token: str = "", after: str = "") -> Answer:
    here = office()
    asked = errand(provider, here.now(), purpose, token, after)
    try:
        answer = redirect(_client(provider).departure(asked), 303)
    except Refusal as refused:
        return _refused(str(refused)), 503
    text = json.dumps(asdict(asked), separators=(",", ":")).encode()
    secure = here.settings.console_url.startswith("https://")
    # Lax, unlike the session's: it must come back with the provider's redirect. It opens nothing by itself.
    answer.set_cookie(
        _cookie(),
        _sealer().seal(text),
        max_age=LASTING,
        secure=secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


def _errand(provider: str) -> Errand:
    here, stale = office(), Refusal("Cette demande est trop ancienne. Recommencez depuis l'entrée.")
    try:
        found = Errand(**json.loads(_sealer().unseal(request.cookies.get(_cookie(), ""))))
    except Unsealable:
        raise stale from None
    if found.provider != provider or here.now().timestamp() - found.began_at > LASTING.total_seconds():
        raise stale
    return found


def _forgetting(answer: Response) -> Response:
    """What was kept for the way there serves once."""
    secure = office().settings.console_url.startswith("https://")
    answer.delete_cookie(_cookie(), path="/", secure=secure, httponly=True, samesite="Lax")
    return answer


def _client(name: str) -> Client:
    return office().providers.get(name) or abort(404)


def _cookie() -> str:
    return ("__Host-" if office().settings.console_url.startswith("https://") else "") + "3624-aller"


def _sealer() -> Sealer:
    return Sealer(office().settings.secret_keys, "console oidc")
