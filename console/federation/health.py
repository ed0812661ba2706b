"""« État du service »: every process and dependency with its age, in words; calm when all is well."""

from __future__ import annotations

import time

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.office import Office, office
from console.service import looked_at
from workers import synthetic_calls
from workers.synthetic import place_call

bp = Blueprint("health_page", __name__, url_prefix="/federation/etat")
Answer = str | Response


@bp.get("")
@opens(Right.WATCH)
def shown() -> Answer:
    """The page."""
    return render_template("federation/health.html", **_state(office()))


@bp.get("/maintenant")
@opens(Right.WATCH)
def now() -> Answer:
    """The part that keeps itself true."""
    return render_template("federation/health_now.html", **_state(office()))


@bp.post("/essai")
@opens(Right.GOVERN)
def call() -> Answer:
    """A test call at once; nothing rings."""
    here = office()
    done = place_call(here.settings, here.book, here.places, "hand", int(time.time()))
    synthetic_calls.keep(here.engine, done)
    flash(f"Appel d'essai : {done.said}")
    return redirect(url_for("health_page.shown"), 303)


def _state(here: Office) -> dict[str, object]:
    at = here.now()
    findings = list(looked_at(here.settings, here.engine, here.redis, at))
    return {
        "findings": findings,
        "wrong": [one for one in findings if one.state != "ok"],
        "calls": synthetic_calls.latest(here.engine, 8),
        "at": at,
    }
