"""People of one association: its manager gives and takes members' and doctors' roles, and lets them back."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.accounts import Account, AccountRefused
from console.access.door import opens
from console.access.letting_back import answered, asking
from console.access.links import sent
from console.access.roles import LOCAL, ROLES, Grant, Right, Role
from console.association.scene import scene
from console.office import office, visitor

bp = Blueprint("people", __name__, url_prefix="/a/<association>/comptes")
Answer = str | Response | tuple[str, int]


@bp.get("")
@opens(Right.STAFF)
def listed(association: str) -> Answer:
    """Everybody who has a role here."""
    return _page(association)


@bp.post("")
@opens(Right.STAFF)
def add(association: str) -> Answer:
    """A role for somebody: who has no account yet is invited, who has one keeps it."""
    here, form = office(), request.form
    try:
        grant = _local(association, form.get("role", ""))
        known = here.accounts.by_email(form.get("email", ""))
        if known is not None:
            given = here.accounts.give(known, grant, here.now(), visitor().name)
            done = "a ce rôle ici" if given else "avait déjà ce rôle ici"
            flash(f"{known.name} {done}. Son compte et son mot de passe restent les mêmes.")
            return redirect(url_for("people.listed", association=association), 303)
        made = here.accounts.create(
            form.get("email", ""), form.get("name", ""), (grant,), here.now(), author=visitor().name
        )
    except AccountRefused as refused:
        return _page(association, problem=str(refused)), 422
    account = here.accounts.by_id(made) or abort(404)
    told = sent(account)
    if told.problem or told.link:
        return _page(association, problem=told.problem, link=told.link, invited=account)
    return redirect(url_for("people.listed", association=association), 303)


@bp.post("/<account_id>/retrait")
@opens(Right.STAFF)
def take(association: str, account_id: str) -> Answer:
    """A role less, from the next request on. A manager's role is the federation's to take."""
    account = _known(association, account_id)
    try:
        grant = _local(association, request.form.get("role", ""))
    except AccountRefused:
        abort(403)
    if office().accounts.take(account.id, grant, visitor().name):
        flash(f"{account.name} n'a plus ici le rôle « {ROLES[grant.role]} ».")
    return redirect(url_for("people.listed", association=association), 303)


@bp.post("/<account_id>/retour")
@opens(Right.STAFF)
def let_back(association: str, account_id: str) -> Answer:
    """Let somebody back in who has said the code, or refuse."""
    problem = answered(_known(association, account_id))
    if problem:
        return _page(association, problem=problem), 422
    return redirect(url_for("people.listed", association=association), 303)


def _local(association: str, role: str) -> Grant:
    if role not in {one.value for one in LOCAL}:
        raise AccountRefused("Choisissez membre ou médecin : la fédération donne les autres rôles.")
    return Grant(Role(role), association)


def _known(association: str, account_id: str) -> Account:
    account = office().accounts.by_id(account_id)
    if account is None or all(grant.association != association for grant in account.grants):
        abort(404)
    return account


def _page(
    association: str, problem: str | None = None, link: str | None = None, invited: Account | None = None
) -> str:
    people = office().accounts.listed(association)
    return render_template(
        "access/people.html",
        at=scene(association),
        people=people,
        asking=asking(people),
        roles=ROLES,
        local=LOCAL,
        problem=problem,
        link=link,
        invited=invited,
        form=request.form,
    )
