"""The federation's pages to watch: each association's state now, coverage, every version of the rules."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.stores import reading
from console.access.door import opens
from console.access.roles import Right
from console.association import lost
from console.federation import board_map, watching
from console.french import PARIS
from console.live import stream
from console.office import Office, office, visitor
from routing import publishing, store
from routing.closures import in_force
from routing.differences import differences
from routing.words import NEEDS
from workers.records import live
from workers.records.alerts import acknowledged, open_alerts
from workers.records.conditions import NEXT_STEP

bp = Blueprint("federation", __name__, url_prefix="/federation")
Answer = str | Response | tuple[str, int]


@bp.get("/")
@opens(Right.WATCH)
def board() -> Answer:
    """The board."""
    return render_template("federation/board.html", **_board(office()))


@bp.get("/maintenant")
@opens(Right.WATCH)
def board_now() -> Answer:
    """The part of the board that keeps itself true."""
    return render_template("federation/board_now.html", **_board(office()))


@bp.get("/regles")
@opens(Right.WATCH)
def versions() -> Answer:
    """Every version, the newest first."""
    before = request.args.get("before", type=int)
    found = store.history(office().engine, limit=51, before=before)
    more = found[49].version if len(found) > 50 else None
    current = store.current_version(office().engine)
    return render_template("federation/versions.html", found=found[:50], more=more, current=current)


@bp.get("/regles/<int(max=2147483647):version>")
@opens(Right.WATCH)
def version(version: int) -> Answer:
    """One version: what it changed, and the button that puts it back in force."""
    here = office()
    document = store.version(here.engine, version)
    if document is None:
        abort(404)
    before = store.version(here.engine, version - 1)
    about = store.history(here.engine, limit=1, before=version + 1)[0]
    communes = {commune.insee: commune.name for commune in here.places.all()}
    changes = [one.said for one in differences(before, document, communes)] if before else []
    current = store.current_version(here.engine)
    return render_template(
        "federation/version.html", about=about, changes=changes, first=before is None, current=current
    )


@bp.post("/regles/<int(max=2147483647):version>/retablir")
@opens(Right.GOVERN)
def restore(version: int) -> Answer:
    """Put an older version back in force, under a new number."""
    here = office()
    expected = request.form.get("current", type=int) or 0
    reason = f"Retour aux règles n° {version}"
    try:
        made = publishing.restore(here.engine, version, expected, visitor().person, reason)
    except KeyError:
        abort(404)
    except store.Superseded as other:
        flash(
            f"Rien n'a été changé : la version {other.current} a été publiée entre-temps. Relisez-la d'abord."
        )
        return redirect(url_for("federation.versions"), 303)
    except publishing.Refused as refused:
        flash(f"Rien n'a été changé. {refused}")
        return redirect(url_for("federation.version", version=version), 303)
    here.live_book.refresh()
    flash(f"Les règles n° {version} sont de nouveau en vigueur, sous le n° {made}.")
    return redirect(url_for("federation.versions"), 303)


@bp.post("/alertes/<alert>/vue")
@opens(Right.GOVERN)
def acknowledge(alert: str) -> Answer:
    """Somebody takes care of an alert: it is sent no more."""
    here = office()
    if not acknowledged(here.engine, alert, visitor().name, here.now()):
        flash("Cette alerte était déjà prise, ou finie.")
    return redirect(url_for("federation.board"), 303)


@bp.post("/perdus/<call>")
@opens(Right.GOVERN)
def ring_back(call: str) -> Answer:
    """A call-back for somebody whom no association knows: a call that the carrier had and we did not."""
    told = lost.ring_back(office(), "", PARIS, call, visitor().name)
    if told is None:
        abort(404)
    flash(told)
    return redirect(url_for("federation.board"), 303)


def _board(here: Office) -> dict[str, object]:
    now, document = here.now(), here.book.document
    with reading(here.engine).connect() as connection:
        picture, alerts = live.picture(connection, now), open_alerts(connection)
    closures = in_force(document, None, now)
    lines = watching.lines(here.book, picture, closures, now)
    return {
        "lines": lines,
        "map": board_map.board_map(here.book, here.places, lines, now),
        "map_marks": board_map.MARKS,
        "map_patterns": board_map.PATTERNS,
        "map_words": board_map.WORDS,
        "total": picture.service,
        "said": live.said(now),
        "closures": [one for one in closures if one.association is None],
        "alerts": alerts,
        "next_steps": NEXT_STEP,
        "names": {slug: one.city for slug, one in here.book.associations.items()},
        "needs": NEEDS,
        "now": now,
        "feed": stream(here, None),
        "lost": lost.lines(here, "") if visitor().may(Right.GOVERN) else [],
        "zone": PARIS,
    }
