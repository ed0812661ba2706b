"""Accounts of the whole country: invited, given roles, shut, opened again, helped back in."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.accounts import Account, AccountRefused
from console.access.door import opens
from console.access.letting_back import answered, asking
from console.access.links import Sent, sent
from console.access.roles import NATIONWIDE, ROLES, Grant, Right, Role
from console.office import office, visitor
from routing.compiled import Association

bp = Blueprint("accounts", __name__, url_prefix="/federation/comptes")
Answer = str | Response | tuple[str, int]


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
        grant = _grant()
        made = here.accounts.create(
            form.get("email", ""), form.get("name", ""), (grant,), here.now(), author=visitor().name
        )
    except AccountRefused as refused:
        return _page(problem=str(refused)), 422
    account = _found(made)
    told = sent(account)
    if told.link or told.problem:
        return _page(problem=told.problem, link=told.link, invited=account)
    return redirect(url_for("accounts.listed"), 303)


@bp.get("/<account_id>")
@opens(Right.GOVERN)
def shown(account_id: str) -> Answer:
    """One account: its roles, its state, a way back."""
    return _one(_found(account_id))


@bp.post("/<account_id>/roles")
@opens(Right.GOVERN)
def give(account_id: str) -> Answer:
    """One more role; who needs a second factor from now on enters anew."""
    here, account = office(), _found(account_id)
    try:
        grant = _grant()
        given = here.accounts.give(account, grant, here.now(), visitor().name)
    except AccountRefused as refused:
        return _one(account, Sent(problem=str(refused))), 422
    flash(f"{account.name} {'a' if given else 'avait déjà'} le rôle « {ROLES[grant.role]} ».")
    return redirect(url_for("accounts.shown", account_id=account.id), 303)


@bp.post("/<account_id>/roles/retrait")
@opens(Right.GOVERN)
def take(account_id: str) -> Answer:
    """One role less, from the next request on."""
    here, account = office(), _found(account_id)
    role = request.form.get("role", "")
    held = (role, request.form.get("association") or None)
    grant = next((one for one in account.grants if (one.role.value, one.association) == held), None)
    if account.id == visitor().account and grant is not None and grant.role is Role.FEDERATION:
        flash("On ne se retire pas son propre rôle fédéral : demandez à quelqu'un d'autre de la fédération.")
    elif grant is not None and here.accounts.take(account.id, grant, visitor().name):
        flash(f"{account.name} n'a plus le rôle « {ROLES[grant.role]} ».")
    return redirect(url_for("accounts.shown", account_id=account.id), 303)


@bp.post("/<account_id>/lien")
@opens(Right.GOVERN)
def way_back(account_id: str) -> Answer:
    """All ways in anew, by a link to the address on file."""
    account = _found(account_id)
    if account.demonstration:
        abort(400)
    told = sent(account)
    if told.link or told.problem:
        return _one(account, told)
    return redirect(url_for("accounts.shown", account_id=account.id), 303)


@bp.post("/<account_id>/retour")
@opens(Right.GOVERN)
def let_back(account_id: str) -> Answer:
    """Let somebody back in who has said the code, or refuse."""
    problem = answered(_found(account_id))
    return (_page(problem=problem), 422) if problem else redirect(url_for("accounts.listed"), 303)


@bp.post("/<account_id>/etat")
@opens(Right.GOVERN)
def switch(account_id: str) -> Answer:
    """Shut, or open again."""
    here, account = office(), _found(account_id)
    if account.id == visitor().account:
        flash("On ne ferme pas son propre compte : demandez à quelqu'un d'autre de la fédération.")
        return redirect(url_for("accounts.listed"), 303)
    here.accounts.set_active(account.id, not account.active, here.now(), visitor().name)
    done = "fermé ; ses sessions sont finies" if account.active else "rouvert"
    flash(f"Le compte de {account.name} est {done}.")
    return redirect(url_for("accounts.shown", account_id=account.id), 303)


def _grant() -> Grant:
    """The role of the form."""
    role, association = request.form.get("role", ""), request.form.get("association", "")
    if role not in {known.value for known in Role}:
        raise AccountRefused("Choisissez un rôle.")
    if Role(role) in NATIONWIDE:
        return Grant(Role(role))
    if office().book.association(association) is None:
        raise AccountRefused("Choisissez l'association de ce rôle.")
    return Grant(Role(role), association)


def _found(account_id: str) -> Account:
    return office().accounts.by_id(account_id) or abort(404)


def _associations() -> list[Association]:
    return sorted(office().book.associations.values(), key=lambda one: one.city)


def _one(account: Account, told: Sent | None = None) -> str:
    return render_template(
        "federation/account.html",
        account=account,
        roles=ROLES,
        associations=_associations(),
        problem=told and told.problem,
        link=told and told.link,
        form=request.form,
    )


def _page(problem: str | None = None, link: str | None = None, invited: Account | None = None) -> str:
    here = office()
    everybody = here.accounts.listed()
    return render_template(
        "federation/accounts.html",
        accounts=everybody,
        asking=asking(everybody),
        roles=ROLES,
        associations=_associations(),
        problem=problem,
        link=link,
        invited=invited,
        form=request.form,
    )
