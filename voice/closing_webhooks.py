"""The line on which an association closes itself at night: registered telephone, code, choice, read-back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy import Engine

from config.sealing import Sealer, Unsealable
from config.settings import Settings
from config.stores import engine
from routing import changing
from routing.book import LiveBook
from routing.document import Association, Document
from routing.model import Need
from voice import carrier_words, closing, twiml
from voice import closing_prompts as prompts
from voice.closing import Question, Said, Wish
from voice.signature import Door
from voice.webhooks import signed_only
from workers.callbacks.vault import Vault
from workers.closers import Closer, Closers

bp = Blueprint("closing", __name__, url_prefix="/voice/closing")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """What the routes need, made once a process."""

    closers: Closers
    sql: Engine
    book: LiveBook
    sealer: Sealer
    root: str
    clock: Callable[[], datetime]


def install(
    app: Flask, door: Door, settings: Settings, book: LiveBook, clock: Callable[[], datetime]
) -> None:
    """Put the routes behind the door."""
    sql = engine(settings)
    app.extensions["closing"] = ClosingLine(
        Closers(sql, Vault.of(settings.secret_keys)),
        sql,
        book,
        Sealer(settings.secret_keys, "closing line"),
        settings.public_url + "/voice/closing",
        clock,
    )
    app.before_request_funcs.setdefault(bp.name, []).append(signed_only(door))
    app.register_blueprint(bp)


@bp.post("")
def rings() -> Response:
    """The line rings: a registered telephone is asked for its code."""
    line, caller = _line(), carrier_words.arrived(g.fields).caller
    found = line.closers.recognised(caller) if caller else None
    if found is None:
        return _xml(twiml.end((prompts.UNKNOWN,)))
    return _xml(twiml.ask_code((prompts.PIN,), _url(line, "pin", found.id, Wish())))


@bp.post("/pin")
def pin() -> Response:
    """The code; then what is closed, and the first question."""
    line, closer, _ = _known("pin")
    if closer is None or not line.closers.proves(closer.id, g.fields.get("Digits", "")):
        log.warning("closing_refused", closer=closer and closer.id)
        return _xml(twiml.end((prompts.WRONG,)))
    found = _association(line, closer)
    if found is None:
        return _xml(twiml.end((prompts.UNKNOWN,)))
    one, document = found
    return _answer(line, closer, closing.first(one, document, line.clock()))


@bp.post("/key")
def key() -> Response:
    """A key, or none; after the confirmation it is done, and only then said to be."""
    line, closer, wish = _known("key")
    found = _association(line, closer) if closer else None
    if closer is None or found is None:
        return _xml(twiml.end((prompts.NOTHING_DONE,)))
    said = closing.pressed(wish, g.fields.get("Digits", ""), found[0], line.clock())
    if said.do is None:
        return _answer(line, closer, said)
    return _xml(twiml.end((_done(line, closer, said.do, found[0]),)))


@bp.errorhandler(Exception)
def failed(fault: Exception) -> Response:
    """Whatever failed, nobody may believe it closed."""
    log.error("closing_failed", exc_info=fault)
    return _xml(twiml.end((prompts.REFUSED,)))


def _done(line: ClosingLine, closer: Closer, wish: Wish, one: Association) -> str:
    now, reopens = line.clock(), wish.question is Question.REOPEN
    closure_id = f"{one.slug[:40]}-{g.fields['CallSid'][-12:].lower()}"
    told = f"{'Réouverture' if reopens else 'Fermeture'} de {one.city}, par téléphone"
    changing.put_in_force(
        line.sql,
        lambda document: closing.done(wish, one, document, now, closure_id),
        f"{closer.label} (par téléphone)"[:120],
        told,
    )
    line.book.refresh()
    log.info("closed_by_phone", closer=closer.id, association=one.slug, reopens=reopens)
    return prompts.REOPENED if reopens else prompts.CLOSED


def _answer(line: ClosingLine, closer: Closer, said: Said) -> Response:
    if said.wish is None:
        return _xml(twiml.end((said.text,)))
    return _xml(twiml.ask_desk((said.text,), _url(line, "key", closer.id, said.wish)))


def _association(line: ClosingLine, closer: Closer) -> tuple[Association, Document] | None:
    document = line.book.current.document
    one = next((a for a in document.associations if a.slug == closer.association), None) if document else None
    return (one, document) if one and document else None


def _url(line: ClosingLine, step: str, closer_id: str, wish: Wish) -> str:
    ends = wish.ends.isoformat() if wish.ends else None
    told = json.dumps([closer_id, wish.question, wish.needs, ends])
    sealed = line.sealer.seal(told.encode(), f"{step}/{g.fields['CallSid']}".encode())
    return f"{line.root}/{step}?a={sealed}"


def _known(step: str) -> tuple[ClosingLine, Closer | None, Wish]:
    """Who is speaking and what they have said: sealed in the URL for this call and this step alone."""
    line = _line()
    try:
        context = f"{step}/{g.fields.get('CallSid', '')}".encode()
        told = json.loads(line.sealer.unseal(request.args.get("a", ""), context))
    except Unsealable:
        return line, None, Wish()
    closer_id, question, needs, ends = told
    wish = Wish(Question(question), tuple(map(Need, needs)), datetime.fromisoformat(ends) if ends else None)
    return line, line.closers.get(closer_id), wish


def _line() -> ClosingLine:
    line: ClosingLine = current_app.extensions["closing"]
    return line


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
