"""The doctors who ring an association's patients back: registered, on duty until an hour, off duty."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.french import clock, soon
from console.office import office, visitor
from routing.numbers import normalise
from workers.callbacks.doctors import LONGEST_DUTY, Beside, Doctor, DoctorRefused, Doctors, noted
from workers.callbacks.vault import Vault

bp = Blueprint("duty", __name__, url_prefix="/a/<association>/rappels/medecins")
HOURS = int(LONGEST_DUTY / timedelta(hours=1))
USUAL = 8  # hours: a night


def shown(at: Scene) -> dict[str, object]:
    """What the call-backs page says of them."""
    listed = _doctors().listed()
    ends = _ends(at)
    return {
        "doctors": [one for one in listed if one.association == at.slug],
        "pool": sum(1 for one in listed if one.association is None and one.on_duty_until),
        "ends": [(str(hours), soon(end, at.now, at.zone)) for hours, end in ends.items()],
        "usual": str(USUAL),
    }


def register(association: str, label: str, number: str, pin: str) -> None:
    """Another doctor, with the number and the code they type on the telephone. Raises `DoctorRefused`."""
    if not label:
        raise DoctorRefused("donnez un nom")
    beside = _noted(association, "doctor_added", label)
    _doctors().register(label, normalise(number) or "", pin, association, beside)


@bp.post("/<doctor_id>/disponible")
@opens(Right.WORK)
def begin(association: str, doctor_id: str) -> Response:
    """On duty until the hour that was chosen; again prolongs or shortens it."""
    at, one = scene(association), _found(association, doctor_id)
    end = _ends(at).get(request.form.get("end", type=int) or 0) or abort(400)
    beside = _noted(association, "duty_begun", one.label, f"jusqu'à {clock(end, at.zone)}")
    _doctors().begin_duty(one.id, end - at.now, beside)
    flash(f"{one.label} est disponible jusqu'à {soon(end, at.now, at.zone)}.")
    return _back(association)


@bp.post("/<doctor_id>/fin")
@opens(Right.WORK)
def end(association: str, doctor_id: str) -> Response:
    """No further patient; a talk under way goes on."""
    one = _found(association, doctor_id)
    ended = _doctors().end_duty(one.id, _noted(association, "duty_ended", one.label))
    flash(f"{one.label} ne sonne plus." if ended else f"{one.label} n'était pas disponible.")
    return _back(association)


@bp.post("/<doctor_id>/radiation")
@opens(Right.STAFF)
def strike_off(association: str, doctor_id: str) -> Response:
    """Somebody who has left, or whose number was wrong: it is forgotten."""
    one = _found(association, doctor_id)
    _doctors().strike_off(one.id, _noted(association, "doctor_removed", one.label))
    flash(f"{one.label} n'est plus inscrit ; son numéro est effacé.")
    return _back(association)


def _ends(at: Scene) -> dict[int, datetime]:
    """The whole hours to come, as far as a duty may last: by how many hours away they are."""
    full = at.now.replace(minute=0, second=0, microsecond=0)
    return {hours: full + timedelta(hours=hours) for hours in range(1, HOURS + 1)}


def _noted(association: str, action: str, label: str, after: str = "") -> Beside:
    """Into the journal, in the transaction of the change, without the number."""
    return noted(visitor().name, action, label, association, after)


def _found(association: str, doctor_id: str) -> Doctor:
    found = (one for one in _doctors().listed() if (one.id, one.association) == (doctor_id, association))
    return next(found, None) or abort(404)


def _doctors() -> Doctors:
    return Doctors(office().engine, Vault.of(office().settings.secret_keys))


def _back(association: str) -> Response:
    return redirect(url_for("callbacks.listed", association=association, _anchor="duty"), 303)
