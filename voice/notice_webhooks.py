"""What a patient who waits is told, and answers: a short call to a landline whose promise will be missed
(the new time, a key to cancel, one to speak to someone), and « NON » by SMS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Blueprint, Response, current_app, g, request
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from routing.model import Located, PlaceSource
from voice import leg_prompts as prompts
from voice import twiml
from voice.call import Call, Stage
from workers.callbacks.attempts import ZoneOf
from workers.callbacks.callback import WAITING, Callback
from workers.callbacks.links import CONNECTION, Links
from workers.callbacks.outcomes import renounced
from workers.callbacks.promise import NOT_CANCELLED, again, cancels
from workers.callbacks.store import Callbacks

notice_bp = Blueprint("notices", __name__, url_prefix="/voice/legs")
message_bp = Blueprint("messages", __name__, url_prefix="/voice")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """What the routes need, made once a process.

    `go_on` is where a patient's call goes on to a desk; `clock` is the one that call's flow reads.
    """

    callbacks: Callbacks
    links: Links
    zone_of: ZoneOf
    go_on: Callable[[Call], str]
    clock: Callable[[], datetime]


@notice_bp.post("/notice")
def notice() -> Response:
    """Picked up, by whom or what is not known: not a word says what the call was about."""
    line, callback = _line(), _waiting()
    if callback is None:
        return _xml(twiml.end((prompts.NOTICE_VOID,)))
    when = again(line.callbacks.expected(callback), line.clock(), line.zone_of(callback.commune))
    key = line.links.notice("notice-key", callback.id) + CONNECTION
    return _xml(twiml.ask_desk((prompts.late(when),), key))


@notice_bp.post("/notice-key")
def notice_key() -> Response:
    """1 cancels, 2 speaks to someone; silence and a machine keep the call-back."""
    line, digits = _line(), g.fields.get("Digits", "")
    try:
        callback = _waiting()
    except SQLAlchemyError:
        if digits != "2":
            raise
        log.exception("notice_failed", path=request.path)
        return _xml(twiml.go_on(line.go_on(_call_of(line, None))))
    if callback is None:
        return _xml(twiml.end((prompts.NOTICE_VOID,)))
    if digits == "1":
        done = line.callbacks.cancel(callback.id, beside=renounced(callback, "au téléphone"))
        return _xml(twiml.end((prompts.NOTICE_CANCELLED if done else prompts.NOTICE_VOID,)))
    if digits == "2":
        return _xml(twiml.go_on(line.go_on(_call_of(line, callback))))
    return _xml(twiml.end((prompts.NOTICE_KEPT,)))


@notice_bp.post("/notice-sorry")
def notice_sorry() -> Response:
    """Another route failed: needs nothing, and knows that the call-back stands."""
    log.error("notice_fallback_used", code=g.fields.get("ErrorCode"))
    return _xml(twiml.end((prompts.NOTICE_FAILED,)))


@notice_bp.errorhandler(SQLAlchemyError)
def failed(fault: SQLAlchemyError) -> Response:
    """Nothing could be read or changed: whoever picked up is no doctor of ours."""
    log.error("notice_failed", exc_info=fault)
    return _xml(twiml.end((prompts.NOTICE_FAILED,)))


@message_bp.post("/message")
def message() -> Response:
    """A patient's reply by SMS. « NON » cancels the open call-back of the number that writes."""
    callbacks = _line().callbacks
    if cancels(g.fields.get("Body", "")):
        found = callbacks.open_for(g.fields.get("From", ""))
        if found and callbacks.cancel(found.id, beside=renounced(found, "par SMS")):
            log.info("callback_cancelled_by_sms", callback_id=found.id)
    return _xml(twiml.bridge(()))


@message_bp.errorhandler(SQLAlchemyError)
def unheard(fault: SQLAlchemyError) -> Response:
    """The patient believes that it is cancelled: told, by the carrier alone, that it is not."""
    log.error("message_failed", exc_info=fault)
    return _xml(twiml.written_back(NOT_CANCELLED))


def _call_of(line: NoticeLine, callback: Callback | None) -> Call:
    """The call as the flow knows that of a patient who waits and wants someone: silence rings the desk.

    Without the database nothing is known but whom we rang: the national desk is.
    """
    call = Call(
        sid=g.fields["CallSid"],
        stage=Stage.OPEN,
        caller=g.fields.get("To"),
        began=int(line.clock().timestamp()),
    )
    if callback is None:
        return call
    place = Located(callback.commune, 1.0, PlaceSource.CHOSEN) if callback.commune else None
    return replace(
        call,
        caller=callback.number,
        place=place,
        need=callback.need,
        age=callback.age,
        association=callback.association,
        callback=callback.id,
    )


def _waiting() -> Callback | None:
    line = _line()
    callback_id = line.links.noticed(request.args.get("n", ""))
    callback = line.callbacks.get(callback_id) if callback_id else None
    still = callback is not None and (callback.state in WAITING or callback.with_a_person)
    return callback if still else None


def _line() -> NoticeLine:
    line: NoticeLine = current_app.extensions["notices"]
    return line


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
