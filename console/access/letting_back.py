"""Granting a way back in: by somebody else than who asks, who types the code said on the telephone."""

from __future__ import annotations

from flask import flash, request

from console.access.accounts import Account
from console.access.admission import attempt, must_wait
from console.access.roles import Right, Way, Who
from console.access.way_back import Asking
from console.office import office, visitor


def may_let_back(who: Who, account: Account) -> bool:
    """Never oneself, nor while one is in on somebody's word; a manager only those who are wholly theirs."""
    if who.account == account.id or who.way is Way.WAY_BACK:
        return False
    return who.may(Right.GOVERN) or all(
        grant.association is not None and who.may(Right.STAFF, grant.association) for grant in account.grants
    )


def asking(people: list[Account]) -> list[Asking]:
    """Who of these asks now, of those this visitor may answer."""
    here = office()
    mine = [one.id for one in people if may_let_back(visitor(), one)]
    return here.way_backs.asking(mine, here.now())


def answered(account: Account) -> str | None:
    """Grant or refuse, as the form says; why neither was done, in French, else None."""
    here, who = office(), visitor()
    if not may_let_back(who, account):
        return "Demandez-le à un autre responsable, ou à la fédération."
    if request.form.get("step") == "refuse":
        here.way_backs.refuse(account.id, who.name, here.now())
        flash("La demande est refusée. Personne n'est entré.")
        return None
    tried = attempt("way back code", who.account, who.account)
    if problem := must_wait(tried):
        return problem
    if not here.way_backs.grant(account.id, request.form.get("code", ""), who.name, here.now()):
        here.slowing.failed(tried, here.now())
        return "Personne n'attend avec ce code. Faites-le relire ; en cas de doute, refusez."
    here.slowing.succeeded(tried)
    flash(f"{account.name} peut entrer, une fois, dans les dix minutes. C'est écrit au journal.")
    return None
