"""Letting somebody in: a new session's key at each stage, and the page they came for."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from console.access.accounts import Account
from console.access.demonstration import demonstrates, people
from console.access.door import KEY
from console.access.roles import Stage, Way, needs_second_factor
from console.access.slowing import Attempt
from console.french import lasting
from console.office import office

log = structlog.get_logger(__name__)
FARTHEST = (
    1000  # characters of an address gone back to: browsers drop a cookie of 4 kB, and one's entry with it
)


def stage_after_one_factor(account: Account) -> Stage:
    """What is still asked of whoever gave a password, or came from a provider that vouches for no more."""
    if account.second_factor:
        return Stage.CODE
    return Stage.ENROL if needs_second_factor(account.grants) else Stage.FULL


def admit(account: Account, stage: Stage, way: Way, after: object = "") -> Response:
    """A new key at each stage: one overheard before the password is worth nothing after it."""
    where = begin(account, stage, way, after or request.form.get("suite") or session.get("after"))
    return redirect(where, 303)


def begin(account: Account, stage: Stage, way: Way, after: object = "") -> str:
    """Begin the session; the address to go on to."""
    here = office()
    key = here.sessions.begin(
        account,
        stage,
        here.slowing.address(request.remote_addr or ""),
        _browser(),
        here.now(),
        instead=str(session.get(KEY, "")),
        way=way,
    )
    session.clear()
    session[KEY] = key
    if stage is not Stage.FULL:
        session["after"] = inside(after)
        return url_for("entering.code" if stage is Stage.CODE else "entering.enrol")
    log.info("entered", account=account.id, way=way.value)
    return inside(after)


def welcome(account_id: str | None) -> Account | None:
    """The account, while it may enter: a demonstration's only where the carrier is on this machine."""
    here = office()
    account = here.accounts.by_id(account_id) if account_id else None
    if account is None or not account.active:
        return None
    return None if account.demonstration and not demonstrates(here.settings) else account


def attempt(what: str, name: str = "", account_id: str | None = None) -> Attempt:
    """What is tried from this address. Without a name only the address counts: strangers delay nobody."""
    here = office()
    address = here.slowing.address(request.remote_addr or "")
    if not name:
        return Attempt(what, address, address, known=True)
    known = account_id is not None and here.sessions.knows(account_id, address, here.now())
    return Attempt(what, name, address, known)


def must_wait(tried: Attempt) -> str | None:
    """Why this may not be judged yet, in French; None when it may."""
    here = office()
    wait = here.slowing.wait(tried, here.now())
    if wait.total_seconds() <= 0:
        return None
    return f"Trop d'essais d'ici. Attendez {lasting(wait)}, puis recommencez."


def inside(asked: object) -> str:
    """Only an address of our own is gone back to."""
    text = str(asked or "")
    parts = urlsplit(text)
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text if ours and len(text) <= FARTHEST else url_for("home")


def entrance(email: str = "", problem: str | None = None) -> str:
    """The first page."""
    here = office()
    return render_template(
        "access/enter.html",
        email=email,
        problem=problem,
        demonstration=people(here.settings.secret_keys) if demonstrates(here.settings) else (),
        providers=here.settings.oidc_providers,
        suite=request.values.get("suite", ""),
    )


def _browser() -> str:
    """What the owner of a session recognises it by."""
    said = request.user_agent.string
    names = ("Edg", "Firefox", "Chrome", "Safari")
    systems = ("iPhone", "Android", "Windows", "Mac OS", "Linux")
    browser = next((name for name in names if name in said), "Navigateur")
    system = next((name for name in systems if name in said), "appareil inconnu")
    return f"{browser.replace('Edg', 'Edge')} sur {system}"
