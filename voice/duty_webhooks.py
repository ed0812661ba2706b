"""A doctor going on or off duty by telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.sealing import Sealer, Unsealable
from config.settings import Settings
from voice import carrier_words, twiml
from voice import leg_prompts as prompts
from workers.callbacks.doctors import LONGEST_DUTY, Beside, Doctor, Doctors, noted
from workers.callbacks.vault import Vault

duty_bp = Blueprint("duty", __name__, url_prefix="/voice")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DutyLine:
    """What the routes need, made once a process."""

    doctors: Doctors
    sealer: Sealer
    root: str


def register(app: Flask, sql: Engine, vault: Vault, settings: Settings) -> None:
    """Make what the routes need."""
    app.extensions["duty"] = DutyLine(
        Doctors(sql, vault),
        Sealer(settings.secret_keys, "duty line"),
        settings.public_url + "/voice/duty",
    )


@duty_bp.post("/duty")
def duty() -> Response:
    """The duty number rings: a registered number is asked for its code."""
    line = _line()
    caller = carrier_words.arrived(g.fields).caller
    found = line.doctors.recognised(caller) if caller else None
    if found is None:
        return _xml(twiml.end((prompts.DUTY_UNKNOWN,)))
    return _xml(twiml.ask_code((prompts.DUTY_PIN,), _url(line, "pin", found.id)))


@duty_bp.post("/duty/pin")
def pin() -> Response:
    """The code, told by its digits; who calls is in the sealed URL, bound to this call."""
    line, doctor_id = _line(), _doctor()
    if doctor_id is None or not line.doctors.proves(doctor_id, g.fields.get("Digits", "")):
        log.warning("duty_refused", doctor_id=doctor_id)
        return _xml(twiml.end((prompts.DUTY_WRONG,)))
    return _xml(twiml.ask_desk((prompts.DUTY_MENU,), _url(line, "set", doctor_id)))


@duty_bp.post("/duty/set")
def set_duty() -> Response:
    """1 disponible, 2 fin."""
    line, doctor_id, digits = _line(), _doctor(), g.fields.get("Digits", "")
    one = line.doctors.get(doctor_id) if doctor_id else None
    if one is None or digits not in {"1", "2"}:
        return _xml(twiml.end((prompts.DUTY_WRONG,)))
    return _xml(twiml.end((_begun(line, one) if digits == "1" else _ended(line, one),)))


@duty_bp.errorhandler(SQLAlchemyError)
def failed(fault: SQLAlchemyError) -> Response:
    """Nothing was noted; whoever rang may be a patient who took the wrong number."""
    log.error("duty_failed", exc_info=fault, path=request.path)
    return _xml(twiml.end((prompts.DUTY_FAILED,)))


def _begun(line: DutyLine, one: Doctor) -> str:
    lasting = f"pour {LONGEST_DUTY // timedelta(hours=1)} h"
    line.doctors.begin_duty(one.id, beside=_noted(one, "duty_begun", lasting))
    return prompts.DUTY_ON


def _ended(line: DutyLine, one: Doctor) -> str:
    line.doctors.end_duty(one.id, _noted(one, "duty_ended"))
    return prompts.DUTY_OFF


def _noted(one: Doctor, action: str, after: str = "") -> Beside:
    return noted(f"{one.label} (par téléphone)", action, one.label, one.association, after)


def _line() -> DutyLine:
    line: DutyLine = current_app.extensions["duty"]
    return line


def _url(line: DutyLine, step: str, doctor_id: str) -> str:
    sealed = line.sealer.seal(doctor_id.encode(), f"{step}/{g.fields['CallSid']}".encode())
    return f"{line.root}/{step}?a={sealed}"


def _doctor() -> str | None:
    step = request.path.rsplit("/", 1)[-1]
    try:
        context = f"{step}/{g.fields['CallSid']}".encode()
        return _line().sealer.unseal(request.args.get("a", ""), context).decode()
    except (Unsealable, KeyError):
        return None


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
