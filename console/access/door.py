"""The one door: every page names the right it asks for, and nobody goes past without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, flash, g, redirect, request, session, url_for

from console.access.demonstration import demonstrates
from console.access.roles import OF_AN_ASSOCIATION, Right, Stage, Who
from console.office import office

KEY = "key"  # in the signed cookie: the session's key, whose hash is the row in SQL
_P = ParamSpec("_P")
_T = TypeVar("_T")


def opens(right: Right) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Name the right a view asks for."""

    def mark(view: Callable[_P, _T]) -> Callable[_P, _T]:
        view.right = right  # type: ignore[attr-defined] # read by `rights`
        return view

    return mark


def rights(app: Flask) -> dict[str, Right]:
    """What each endpoint asks for. Raises for a page that names nothing, or names an association's right
    without an association in its address."""
    found: dict[str, Right] = {"static": Right.ANYONE}
    for rule in app.url_map.iter_rules():
        right = found.get(rule.endpoint) or getattr(app.view_functions[rule.endpoint], "right", None)
        if right is None:
            raise LookupError(f"{rule.endpoint} names no right")
        if (right in OF_AN_ASSOCIATION) != ("association" in rule.arguments):
            raise LookupError(f"{rule.endpoint}: {right} and its address do not agree")
        found[rule.endpoint] = right
    return found


def install(app: Flask) -> None:
    """Put the door before every view; call it once all pages are there."""
    asked = rights(app)

    @app.before_request
    def guard() -> Response | None:
        g.who = _who()
        if request.endpoint is None:
            return None  # no such page: flask says 404
        right = asked[request.endpoint]
        if right is Right.ANYONE:
            return None
        if g.who is None:
            return _to_the_entrance()
        return _judge(g.who, right)


def _judge(who: Who, right: Right) -> Response | None:
    slug = (request.view_args or {}).get("association")
    if who.stage is not Stage.FULL and right is not Right.HALFWAY:
        return _onward(who.stage)
    if right is Right.HALFWAY and who.stage is Stage.FULL:
        return redirect(url_for("home"))  # type: ignore[return-value] # werkzeug's own Response
    if slug is not None and office().book.document is None:
        abort(503)  # the rules could not be read yet, neither from SQL nor from the file
    if slug is not None and (office().book.association(slug) is None or not who.knows(slug)):
        abort(404)  # another's association does not exist
    if not who.may(right, slug):
        abort(403)
    return None


def _who() -> Who | None:
    key = session.get(KEY)
    if not isinstance(key, str) or request.endpoint == "static":
        return None
    here = office()
    return here.sessions.who(key, here.now(), demonstrates=demonstrates(here.settings))


def _to_the_entrance() -> Response:
    if request.method == "POST" and KEY in session:
        flash("Votre session était finie : rien n'a été envoyé. Entrez de nouveau pour reprendre.")
    back = page()
    return _sent(url_for("entering.enter", suite=back if back not in (None, "/") else None))


def page() -> str | None:
    """The page to come back to: the one asked for, or the one that holds the form or the part."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.full_path.rstrip("?")
    before = urlsplit(request.referrer or "")
    return f"{before.path}?{before.query}".rstrip("?") if before.netloc == request.host else None


def _onward(stage: Stage) -> Response:
    return _sent(url_for("entering.code" if stage is Stage.CODE else "entering.enrol"))


def _sent(where: str) -> Response:
    """To another page, whole: a part of a page asked for by htmx must not hold the entrance."""
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": where})
    return redirect(where, 303)  # type: ignore[return-value] # werkzeug's own Response
