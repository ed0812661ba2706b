"""« Historique » and « Prévision » of the whole service: day, week, month, year; the fortnight to come."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from config.stores import reading
from console import chronicle, outlook, periods, sheets
from console.access.door import opens
from console.access.roles import Right
from console.chronicle import CUTS, Names, Story
from console.office import Office, office
from workers.records import export, live, paris, whole
from workers.records.figures import DEFINITIONS

bp = Blueprint("history", __name__, url_prefix="/federation/historique")
ahead = Blueprint("outlook", __name__, url_prefix="/federation/prevision")
Answer = str | Response | tuple[str, int]


@bp.get("")
@opens(Right.WATCH)
def shown() -> Answer:
    """A period, beside last year's."""
    here = office()
    return render_template(
        "federation/history.html",
        told=_told(here),
        kinds=periods.KINDS,
        cuts=CUTS,
        definitions=DEFINITIONS,
        arrested=live.said(here.now()),
    )


@bp.get("/tableau")
@opens(Right.WATCH)
def sheet() -> Answer:
    """The course (`quoi=serie`) or the parts, as a file; by association with all that is known of each."""
    here = office()
    told = _told(here)
    name, form = f"{told.period.kind}-{told.period.first}", request.args.get("forme", "csv")
    if request.args.get("quoi", "serie") == "serie":
        return sheets.sent(*chronicle.course(told), name, form)
    if told.cut == "association":
        known = _names(here)
        with reading(here.engine).begin() as connection:
            each = whole.wholes(connection, told.period.span(None), here.now())
        rows = [(known.associations.get(slug, slug or "sans association"), one) for slug, one in each.items()]
        return sheets.sent(*export.whole_table(rows, told.heading), f"{name}-association", form)
    return sheets.sent(*export.table(told.parts, told.heading), f"{name}-{told.cut}", form)


@ahead.get("")
@opens(Right.WATCH)
def forecast() -> Answer:
    """The fortnight to come, of the service or of one association."""
    here, wanted = office(), _wanted()
    with reading(here.engine).begin() as connection:
        told = outlook.outlook(connection, wanted, here.now())
    if request.args.get("forme"):
        return sheets.sent(*told.sheet(), f"prevision-{wanted or 'france'}", request.args["forme"])
    return render_template(
        "federation/outlook.html",
        told=told,
        wanted=wanted or "",
        associations=_names(here).associations,
        at_whom=_names(here).associations.get(wanted or "", "toute la France"),
    )


def _told(here: Office) -> Story:
    period = periods.asked(request.args, here.now().astimezone(paris.ZONE).date())
    cut = request.args.get("selon", "")
    with reading(here.engine).begin() as connection:
        return chronicle.story(
            connection, period, None, cut if cut in CUTS else "association", _names(here), here.now()
        )


def _names(here: Office) -> Names:
    cities = sorted(here.book.associations.values(), key=lambda one: one.city)
    return Names({one.slug: one.city for one in cities}, here.places)


def _wanted() -> str | None:
    slug = request.args.get("association", "")
    return slug if office().book.association(slug) else None
