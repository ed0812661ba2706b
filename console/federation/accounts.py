"""Accounts of the whole country: invited, shut, opened again, helped back in."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.accounts import Account, AccountRefused
from console.access.demonstration import demonstrates
from console.access.door import opens
from console.access.roles import NATIONWIDE, ROLES, Grant, Right, Role
from console.office import office, visitor

bp = Blueprint("accounts", __name__, url_prefix="/federation/comptes")
Answer = str | Response | tuple[str, int]
_LETTER = """Bonjour {name},

{by} vous ouvre un accès à la console du 3624.
Choisissez votre mot de passe ici, dans les trois jours ; ce lien ne sert qu'une fois :

{link}

Si vous n'attendiez pas ce message, ne faites rien.
"""


@bp.get("")
@opens(Right.GOVERN)
def listed() -> Answer:
    """Everybody."""
    return _page()


@bp.post("")
@opens(Right.GOVERN)
def invite() -> Answer:
    """A new account, and its invitation by e-mail."""
    here, form = office(), request.form
    try:
        grant = _grant(form.get("role", ""), form.get("association", ""))
        made = here.accounts.create(form.get("email", ""), form.get("name", ""), (grant,), here.now())
    except AccountRefused as refused:
        return _page(problem=str(refused)), 422
    account = here.accounts.by_id(made)
    return _written(account) if account else redirect(url_for("accounts.listed"), 303)


@bp.post("/<account_id>/lien")
@opens(Right.GOVERN)
def way_back(account_id: str) -> Answer:
    """A way back in: a new password and a new second factor, by a link to the address on file."""
    account = _found(account_id)
    if account.demonstration:
        abort(400)
    return _written(account)


@bp.post("/<account_id>/etat")
@opens(Right.GOVERN)
def switch(account_id: str) -> Answer:
    """Shut, or open again."""
    here, account = office(), _found(account_id)
    if account.id == visitor().account:
        flash("On ne ferme pas son propre compte : demandez à quelqu'un d'autre de la fédération.")
        return redirect(url_for("accounts.listed"), 303)
    here.accounts.set_active(account.id, not account.active, here.now())
    done = "fermé ; ses sessions sont finies" if account.active else "rouvert"
    flash(f"Le compte de {account.name} est {done}.")
    return redirect(url_for("accounts.listed"), 303)


def _written(account: Account) -> Answer:
    """Send the link. Without a mail server it is shown only in the demonstration, never on a real service."""
    here, by = office(), visitor().name
    secret = here.invitations.make(account.id, by, here.now())
    link = here.settings.console_url + url_for("entering.invited", secret=secret)
    text = _LETTER.format(name=account.name, by=by, link=link)
    if here.letters.send(account.email, "Votre accès à la console du 3624", text):
        flash(f"Le lien est parti à {account.email}.")
        return redirect(url_for("accounts.listed"), 303)
    shown = link if not here.letters.leaves and demonstrates(here.settings) else None
    problem = None if shown else "Le message n'est pas parti : vérifiez SMTP_URL, puis renvoyez le lien."
    return _page(problem=problem, link=shown, invited=account)


def _grant(role: str, association: str) -> Grant:
    if role not in {known.value for known in Role}:
        raise AccountRefused("Choisissez un rôle.")
    if Role(role) in NATIONWIDE:
        return Grant(Role(role))
    if office().book.association(association) is None:
        raise AccountRefused("Choisissez l'association de ce rôle.")
    return Grant(Role(role), association)


def _found(account_id: str) -> Account:
    account = office().accounts.by_id(account_id)
    if account is None:
        abort(404)
    return account


def _page(problem: str | None = None, link: str | None = None, invited: Account | None = None) -> str:
    here = office()
    return render_template(
        "federation/accounts.html",
        accounts=here.accounts.listed(),
        roles=ROLES,
        nationwide=NATIONWIDE,
        associations=sorted(here.book.associations.values(), key=lambda one: one.city),
        problem=problem,
        link=link,
        invited=invited,
        form=request.form,
    )
