"""The carrier's requests during a patient's call, every one of them signed, every answer a document."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request

from config.logs import bind_call
from voice import carrier_words, health
from voice.line import Answer, Line
from voice.signature import Door, Forged

bp = Blueprint("voice", __name__, url_prefix="/voice")
log = structlog.get_logger(__name__)

Fields = dict[str, str]


def install(app: Flask, door: Door) -> None:
    """Put every route of the blueprint behind the door, and count it."""
    app.before_request_funcs.setdefault(bp.name, []).append(signed_only(door))
    app.after_request_funcs.setdefault(bp.name, []).append(_count)
    app.register_blueprint(bp)


def _count(response: Response) -> Response:
    return health.answered(g.began, response)


def signed_only(door: Door) -> Callable[[], Response | None]:
    """A `before_request` for a whole blueprint, so that a route added later is covered by default."""

    def judge() -> Response | None:
        g.began = health.started()
        structlog.contextvars.clear_contextvars()  # threads are used again
        try:
            g.fields = door.fields(request)
        except Forged as forged:
            log.warning("forged_webhook", path=request.path, why=str(forged))
            return Response("signature refused\n", status=403, mimetype="text/plain")
        bind_call(g.fields.get("CallSid", ""))
        return None

    return judge


def never_drop_the_caller(view: Callable[[Line, Fields], Answer]) -> Callable[[], Response]:
    """Whatever a handler raises, the caller is put through with what is known.

    The rescue itself touches no store; if even that fails, a document made at start rings the national desk.
    """

    @wraps(view)
    def guarded() -> Response:
        line: Line = current_app.extensions["line"]
        try:
            answer = view(line, g.fields)
        except Exception:
            log.exception("webhook_failed", path=request.path)
            answer = line.rescue(g.fields, request.args.get("s", ""))
        response = Response(answer.document, mimetype="text/xml")
        if answer.decision:
            response.headers["X-Decision"] = answer.decision
        return response

    return guarded


@bp.post("/incoming")
@never_drop_the_caller
def incoming(line: Line, fields: Fields) -> Answer:
    """3624 rings."""
    return line.incoming(fields)


@bp.post("/step")
@never_drop_the_caller
def step(line: Line, fields: Fields) -> Answer:
    """A question was answered (or not), or a desk has stopped ringing."""
    return line.step(fields, request.args["s"])


@bp.post("/whisper")
@never_drop_the_caller
def whisper(line: Line, fields: Fields) -> Answer:
    """A desk picked up: it hears who is calling, and for what."""
    return line.whisper(fields, request.args["s"])


@bp.post("/whisper-key")
@never_drop_the_caller
def whisper_key(line: Line, fields: Fields) -> Answer:
    """The desk pressed a key, or none."""
    return line.whisper_key(fields, request.args["s"])


@bp.post("/proof")
@never_drop_the_caller
def proof(line: Line, fields: Fields) -> Answer:
    """A desk's new number picks up the test call."""
    del fields
    return line.proof(request.args.get("s", ""))


@bp.post("/fallback")
@never_drop_the_caller
def fallback(line: Line, fields: Fields) -> Answer:
    """Another webhook failed; needs no Redis and no database."""
    failure = carrier_words.failure(fields)
    log.error("fallback_used", code=failure.code)
    return line.rescue(fields, failure.sealed)


@bp.post("/status")
def status() -> Response:
    """A call changed state, for the records; it steers nothing."""
    line: Line = current_app.extensions["line"]
    line.status(g.fields)
    return Response(status=204)
