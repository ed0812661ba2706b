"""The carrier's requests during a patient's call, every one of them signed, every answer a document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import structlog
from flask import Flask, Response, g, request

from config.logs import bind_call
from voice import carrier_words, health
from voice.line import Answer, Line
from voice.signature import MAX_BODY, Door, Forged

log = structlog.get_logger(__name__)

Fields = dict[str, str]
View = Callable[[Line, Fields, str], Answer]
Raw = tuple[int, str, bytes, list[tuple[str, str]]]  # status, type, body, more headers
XML, PLAIN = "text/xml; charset=utf-8", "text/plain; charset=utf-8"
_STATUS = {code: f"{code} {HTTPStatus(code).phrase}" for code in (200, 204, 403)}


def install(app: Flask, door: Door) -> None:
    """Route a call's webhooks, and answer them before Flask's dispatch, which costs as much as a step."""
    lane = FastLane(app, app.wsgi_app, door)
    for path, view in VIEWS.items():
        app.add_url_rule(path, path, partial(lane.flask_view, path, view), methods=["POST"])
    app.wsgi_app = lane  # type: ignore[assignment, method-assign] # Flask's own way


class FastLane:
    """The Flask handlers of a call's webhooks, reached without Flask's contexts, which none of them uses.

    Taken away, the same handlers answer the same through Flask (`tests/test_voice_signature.py`).
    """

    def __init__(self, app: Flask, flask: Callable[..., Iterable[bytes]], door: Door) -> None:
        self._app, self.flask, self._door = app, flask, door

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        """One request; whatever is no webhook of a call goes on to Flask."""
        path = environ["PATH_INFO"]
        view = VIEWS.get(path)
        if view is None or environ["REQUEST_METHOD"] != "POST":
            return self.flask(environ, start)
        status, kind, body, more = self._timed(path, view, environ)
        start(_STATUS[status], [("Content-Type", kind), ("Content-Length", str(len(body))), *more])
        return [body]  # a list: the server sends it at once, anything else chunk by chunk

    def flask_view(self, path: str, view: View) -> Response:
        """The same answer as Flask's own."""
        status, kind, body, more = self._timed(path, view, request.environ)
        return Response(body, status, [("Content-Type", kind), *more])

    def _timed(self, path: str, view: View, environ: dict[str, Any]) -> Raw:
        began = time.perf_counter()
        answer = self._answer(path, view, environ)
        health.answered(path, answer[0], time.perf_counter() - began)
        return answer

    def _answer(self, path: str, view: View, environ: dict[str, Any]) -> Raw:
        try:
            fields = self._door.fields(environ, _body(environ))
        except Forged as forged:
            bind_call("")
            log.warning("forged_webhook", path=path, why=str(forged))
            return 403, PLAIN, b"signature refused\n", []
        bind_call(fields.get("CallSid", ""))
        answer = view(self._app.extensions["line"], fields, _sealed(environ))
        if answer.document is None:
            return 204, PLAIN, b"", []
        more = [("X-Decision", answer.decision)] if answer.decision else []
        return 200, XML, answer.document.encode(), more


def _body(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise Forged("body too large")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _sealed(environ: dict[str, Any]) -> str:
    """The call's state in the query, as it was sealed; empty without any."""
    for part in str(environ.get("QUERY_STRING", "")).split("&"):
        if part.startswith("s="):
            return unquote(part[2:])
    return ""


def signed_only(door: Door) -> Callable[[], Response | None]:
    """A `before_request` for a whole blueprint, so that a route added later is covered by default."""

    def judge() -> Response | None:
        bind_call("")  # threads are used again
        try:
            g.fields = door.fields(request.environ, request.get_data(cache=False))
        except Forged as forged:
            log.warning("forged_webhook", path=request.path, why=str(forged))
            return Response("signature refused\n", status=403, mimetype="text/plain")
        bind_call(g.fields.get("CallSid", ""))
        return None

    return judge


def never_drop_the_caller(view: View) -> View:
    """Whatever a handler raises, the caller is put through with what is known.

    The rescue itself touches no store; if even that fails, a document made at start rings the national desk.
    """

    @wraps(view)
    def guarded(line: Line, fields: Fields, sealed: str) -> Answer:
        try:
            return view(line, fields, sealed)
        except Exception:
            log.exception("webhook_failed", view=view.__name__)
            return line.rescue(fields, sealed)

    return guarded


@never_drop_the_caller
def incoming(line: Line, fields: Fields, sealed: str) -> Answer:
    """3624 rings."""
    del sealed
    return line.incoming(fields)


@never_drop_the_caller
def step(line: Line, fields: Fields, sealed: str) -> Answer:
    """A question was answered (or not), or a desk has stopped ringing."""
    return line.step(fields, sealed)


@never_drop_the_caller
def whisper(line: Line, fields: Fields, sealed: str) -> Answer:
    """A desk picked up: it hears who is calling, and for what."""
    return line.whisper(fields, sealed)


@never_drop_the_caller
def whisper_key(line: Line, fields: Fields, sealed: str) -> Answer:
    """The desk pressed a key, or none."""
    return line.whisper_key(fields, sealed)


@never_drop_the_caller
def proof(line: Line, fields: Fields, sealed: str) -> Answer:
    """A desk's new number picks up the test call."""
    del fields
    return line.proof(sealed)


@never_drop_the_caller
def fallback(line: Line, fields: Fields, sealed: str) -> Answer:
    """Another webhook failed; needs no Redis and no database."""
    del sealed
    failure = carrier_words.failure(fields)
    log.error("fallback_used", code=failure.code)
    return line.rescue(fields, failure.sealed)


def status(line: Line, fields: Fields, sealed: str) -> Answer:
    """A call changed state, for the records; it steers nothing."""
    del sealed
    line.status(fields)
    return Answer(None)


VIEWS: dict[str, View] = {
    "/voice/incoming": incoming,
    "/voice/step": step,
    "/voice/whisper": whisper,
    "/voice/whisper-key": whisper_key,
    "/voice/proof": proof,
    "/voice/fallback": fallback,
    "/voice/status": status,
}
