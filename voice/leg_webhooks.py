"""The carrier's requests on a call-back's legs, on a doctor's duty line, and a patient's SMS: all signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, wraps

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from config.sealing import Sealer
from config.settings import Settings
from config.stores import engine
from routing.geography.places import Places
from voice import leg_prompts as prompts
from voice import legs, notice_webhooks, twiml
from voice.duty_webhooks import duty_bp, register
from voice.legs import Ask, Conclude, End, Join, Machine, Pass, RingPatient, Step
from voice.line import Links as StepLinks
from voice.signature import Door
from voice.webhooks import signed_only
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import Callback, Disposition, State
from workers.callbacks.fence import Link
from workers.callbacks.joined import Joined
from workers.callbacks.links import Links
from workers.callbacks.store import Callbacks
from workers.callbacks.timing import Timing
from workers.callbacks.vault import Vault
from workers.callbacks.zones import zones_of

bp = Blueprint("legs", __name__, url_prefix="/voice/legs")
log = structlog.get_logger(__name__)
PATIENCE_MS = 2500  # a doctor may wait that long for SQL; the fence needs it before anyone is rung
PATIENT_RINGS = 25  # seconds
MISSED = {
    "busy": Disposition.BUSY,
    "failed": Disposition.FAILED,
    "canceled": Disposition.CANCELED,
}
NOW = partial(datetime.now, UTC)
Said = Ask | End | Join | RingPatient


@dataclass(frozen=True, slots=True)
class Legs:
    """What the routes need, made once a process."""

    attempts: Attempts
    links: Links
    places: Places
    joined: Joined


def install(
    app: Flask,
    door: Door,
    settings: Settings,
    places: Places,
    attempts: Attempts | None = None,
    clock: Callable[[], datetime] = NOW,
) -> None:
    """Put the routes behind the door; `attempts` where a test has its own leases."""
    sql, vault = engine(settings, patience_ms=PATIENCE_MS), Vault.of(settings.secret_keys)
    attempts = attempts or Attempts(sql, vault, Timing(), zones_of(places))
    links = Links(settings.public_url, settings.secret_keys)
    app.extensions["legs"] = Legs(attempts, links, places, Joined(settings.var_dir / "joined"))
    register(app, sql, vault, settings)
    onward = StepLinks(settings.public_url, Sealer(settings.secret_keys, "call state")).step
    notices = notice_webhooks.NoticeLine(Callbacks(sql, vault), links, zones_of(places), onward, clock)
    app.extensions["notices"] = notices
    for blueprint in (bp, duty_bp, notice_webhooks.notice_bp, notice_webhooks.message_bp):
        app.before_request_funcs.setdefault(blueprint.name, []).append(signed_only(door))
        app.register_blueprint(blueprint)


def speaking(in_doubt: Said) -> Callable[[Callable[..., Said]], Callable[..., Response]]:
    """The route's answer as a document; `in_doubt` is what is done when anything raises."""

    def decorate(view: Callable[..., Said]) -> Callable[..., Response]:
        @wraps(view)
        def guarded(tries: int = 0) -> Response:
            here: Legs = current_app.extensions["legs"]
            link = here.links.read(request.args.get("a", ""))
            said: Said = in_doubt
            if link is None:
                said = End()
            else:
                try:
                    said = view(here, link, tries)
                except Exception:
                    log.exception("leg_failed", path=request.path)
            return Response(_document(here, link, said), mimetype="text/xml")

        return guarded

    return decorate


@bp.post("/doctor")
@speaking(End((prompts.SORRY,)))
def doctor(here: Legs, link: Link, tries: int) -> Said:
    """The doctor picks up; a call that is not the attempt's own is hung up before it hears a word."""
    del tries
    callback = here.attempts.answered(link, g.fields["CallSid"])
    return legs.opening(_whisper(here, callback)) if callback else End()


@bp.post("/key/<int:tries>")
@speaking(End((prompts.SORRY,)))
def key(here: Legs, link: Link, tries: int) -> Said:
    """1 or 2."""
    sid = g.fields["CallSid"]
    callback = here.attempts.held_by(link, sid)
    if callback is None:
        return End((prompts.NO_LONGER,))
    match legs.doctor_key(_whisper(here, callback), g.fields.get("Digits", ""), tries):
        case RingPatient():
            return RingPatient() if here.attempts.accepted(link, sid) else End((prompts.NO_LONGER,))
        case Pass():
            pressed = Disposition.CANCELED if g.fields.get("Digits") else Disposition.MACHINE
            here.attempts.passed(link, pressed)
            return End((prompts.NEXT_DOCTOR,))
        case again:
            return again


@bp.post("/patient")
@speaking(Join())
def patient(here: Legs, link: Link, tries: int) -> Said:
    """The patient's telephone is picked up, by whom is not known yet."""
    del here, link, tries
    return Ask((prompts.PATIENT_PICKS_UP,), Step.PATIENT_KEY)


@bp.post("/patient-key/<int:tries>")
@speaking(Join())
def patient_key(here: Legs, link: Link, tries: int) -> Said:
    """A key joins them. Even when nothing can be written down, a patient who presses is put through."""
    match legs.patient_key(g.fields.get("Digits", ""), tries):
        case Join():
            _connected(here, link)
            return Join()
        case Machine():
            return End((_left_on_machine(here, link),))
        case again:
            return again


@bp.post("/talk")
@speaking(End((prompts.NOTED,)))
def talk(here: Legs, link: Link, tries: int) -> Said:
    """The patient's leg has ended, joined or not."""
    del tries
    here.joined.settle(link, here.attempts.connected)
    if g.fields.get("DialBridged") == "true":
        here.attempts.connected(link)  # should the patient's key have reached us not at all
    if here.attempts.standing(link) is State.BRIDGED:
        return Ask((prompts.CONCLUDE,), Step.OUTCOME)
    status = g.fields.get("DialCallStatus", "")
    here.attempts.missed(link, MISSED.get(status, Disposition.NO_ANSWER))
    return End((prompts.NOT_JOINED_LAST if _no_more(here, link) else prompts.NOT_JOINED,))


@bp.post("/outcome/<int:tries>")
@speaking(End((prompts.NOTED,)))
def outcome(here: Legs, link: Link, tries: int) -> Said:
    """How it went."""
    return _concluded(here, link, legs.outcome_key(g.fields.get("Digits", ""), tries))


@bp.post("/other/<int:tries>")
@speaking(End((prompts.NOTED,)))
def other(here: Legs, link: Link, tries: int) -> Said:
    """How it went, the rarer issues."""
    return _concluded(here, link, legs.other_key(g.fields.get("Digits", ""), tries))


@bp.post("/status")
def status() -> Response:
    """The doctor's leg rings, is answered, has ended. Steers nothing; a 5xx would only be repeated."""
    here: Legs = current_app.extensions["legs"]
    link = here.links.read(request.args.get("a", ""))
    if link:
        try:
            here.joined.settle(link, here.attempts.connected)
            here.attempts.status(link, g.fields.get("CallSid", ""), g.fields.get("CallStatus", ""))
        except Exception:
            log.exception("leg_status_lost")  # the lease will ask the carrier
    return Response(status=204)


@bp.post("/sorry")
def sorry() -> Response:
    """Another route failed: needs nothing."""
    log.error("leg_fallback_used", code=g.fields.get("ErrorCode"))
    return Response(twiml.end((prompts.SORRY,)), mimetype="text/xml")


def _connected(here: Legs, link: Link) -> None:
    """They speak now, whether or not the database can be told: then the disk is."""
    try:
        here.attempts.connected(link)
    except SQLAlchemyError:
        here.joined.mark(link)


def _left_on_machine(here: Legs, link: Link) -> str:
    """What the machine records. It is never joined: `talk`, or the lease, notes what cannot be noted here."""
    try:
        here.attempts.missed(link, Disposition.MACHINE)
        return prompts.VOICEMAIL_LAST if _no_more(here, link) else prompts.VOICEMAIL
    except SQLAlchemyError:
        log.warning("machine_not_noted", callback=link.callback_id)
        return prompts.VOICEMAIL


def _no_more(here: Legs, link: Link) -> bool:
    """Whether that was the last try: nobody rings this patient again by itself."""
    callback = here.attempts.of(link)
    return callback is not None and callback.with_a_person


def _concluded(here: Legs, link: Link, keyed: Conclude | Ask) -> Said:
    if isinstance(keyed, Ask):
        return keyed
    if keyed.conclusion is None:
        here.attempts.talked(link)
    else:
        here.attempts.concluded(link, keyed.conclusion)
    return End((prompts.NOTED,))


def _whisper(here: Legs, callback: Callback) -> str:
    commune = here.places.commune(callback.commune) if callback.commune else None
    waited = datetime.now(UTC) - callback.waiting_since
    return prompts.whisper(
        callback, commune.name if commune else None, max(0, int(waited.total_seconds() // 60))
    )


def _document(here: Legs, link: Link | None, said: Said) -> str:
    match said:
        case Ask(texts, step, tries) if link:
            return twiml.ask_desk(texts, here.links.url(f"{step}/{tries}", link) + twiml.CONNECTION)
        case RingPatient() if link:
            return _ring_patient(here, link)
        case End(texts):
            return twiml.end(texts)
        case _:
            return twiml.bridge(())


def _ring_patient(here: Legs, link: Link) -> str:
    callback, attempt = here.attempts.of(link), here.attempts.attempt(link)
    if callback is None or attempt is None:
        return twiml.end((prompts.NO_LONGER,))
    return twiml.ring_one(
        (prompts.ringing(callback),),
        callback.number,
        PATIENT_RINGS,
        attempt.caller_id,
        here.links.url(Step.TALK, link) + twiml.CONNECTION,
        here.links.url(Step.PATIENT, link) + twiml.CONNECTION,
    )
