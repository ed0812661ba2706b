"""Serves `/api/v1`: the bearer's scope is judged here, once, before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped] # has no types
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from config.stores import reading
from console.access import door
from console.access.roles import Right
from console.api.asked import Asked
from console.api.errors import CODES, ErrorOut, Refusal
from console.api.openapi import description
from console.api.resources import RESOURCES, Answer, Desk, Resource
from console.api.tokens import Token, Tokens
from console.office import office

PREFIX = "/api/v1"
VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def install(app: Flask) -> None:
    """Put the API under this application; before the console's door is installed."""
    bp = Blueprint("api", __name__, url_prefix=PREFIX)
    for one in RESOURCES:
        bp.add_url_rule(one.path, one.path.strip("/"), _view(one))
    bp.add_url_rule("/", "documented", _documented)
    bp.add_url_rule("/openapi.json", "openapi", _described)
    bp.add_url_rule("/<path:rest>", "nothing", _nothing, methods=VERBS)
    bp.register_error_handler(Refusal, _refused)
    bp.register_error_handler(CSRFError, lambda _: _told("read_only"))
    bp.register_error_handler(HTTPException, lambda _: _told("malformed"))
    bp.register_error_handler(SQLAlchemyError, lambda _: _told("unavailable"))
    bp.register_error_handler(Exception, _broken)
    app.register_blueprint(bp)


def _view(one: Resource) -> Callable[[], Response]:
    # The console's door looks for a person; a program brings a token, which is judged below.
    @door.opens(Right.ANYONE)
    def view() -> Response:
        bearer = _bearer()
        asked = _asked(one)
        scope = _scope(bearer, asked.association)
        with reading(office().engine).begin() as connection:
            return _json(one.draw(Desk(connection, office().now(), scope), asked))

    return view


@door.opens(Right.ANYONE)
def _described() -> Response:
    """Public: it tells nothing but what may be asked."""
    return Response(
        TypeAdapter(dict).dump_json(description(office().settings.console_url + PREFIX)),
        mimetype="application/json",
    )


@door.opens(Right.ANYONE)
def _documented() -> str:
    """The same, for people."""
    url = office().settings.console_url + PREFIX
    return render_template("api.html", told=description(url), url=url, codes=CODES)


@door.opens(Right.ANYONE)
def _nothing(rest: str) -> Response:
    del rest
    raise Refusal("not_found" if request.method in {"GET", "HEAD"} else "read_only")


def _bearer() -> Token:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    found = Tokens(office().engine).bearer(text.strip(), office().now()) if kind.lower() == "bearer" else None
    if found is None:
        raise Refusal("no_token")
    return found


def _asked(one: Resource) -> Asked:
    if any(len(values) > 1 for values in request.args.to_dict(flat=False).values()):
        raise Refusal("malformed", "un paramètre est répété")
    try:
        return one.asked.model_validate(request.args.to_dict())
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        raise Refusal("malformed", ".".join(map(str, first["loc"])) or str(first["msg"])) from None


def _scope(bearer: Token, wanted: str | None) -> str | None:
    """Whose figures are drawn. An association's token knows no other, whether it exists or not."""
    if bearer.association is not None:
        if wanted not in (None, bearer.association):
            raise Refusal("not_yours", "association")
        return bearer.association
    if wanted is not None and office().book.association(wanted) is None:
        raise Refusal("unknown_association", "association")
    return wanted


def _json(answer: Answer) -> Response:
    body = (
        answer.model_dump_json().encode()
        if isinstance(answer, BaseModel)
        else b"[" + b",".join(one.model_dump_json().encode() for one in answer) + b"]"
    )
    return Response(body, mimetype="application/json")


def _refused(refusal: Refusal) -> Response:
    return _told(refusal.code, refusal.detail)


def _broken(fault: Exception) -> Response:
    current_app.logger.error("api_fault", exc_info=fault, extra={"endpoint": request.endpoint})
    return _told("fault")


def _told(code: str, detail: str | None = None) -> Response:
    body = ErrorOut.of(code, detail).model_dump_json()
    answer = Response(body, CODES[code].status, mimetype="application/json")
    if code == "no_token":
        answer.headers["WWW-Authenticate"] = 'Bearer realm="3624"'
    return answer
