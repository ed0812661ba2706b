"""An association's own « Chiffres »: its history beside last year's, who helps whom, the fortnight ahead."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from config.stores import reading
from console import chronicle, outlook, periods, sheets
from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.chronicle import CUTS, Names, Story
from console.office import office
from workers.records import export, history, live, paris
from workers.records.figures import DEFINITIONS

bp = Blueprint("figures", __name__, url_prefix="/a/<association>/chiffres")
Answer = str | Response | tuple[str, int]
OWN_CUTS = {name: cut for name, cut in CUTS.items() if name != "association"}


@bp.get("")
@opens(Right.SEE)
def shown(association: str) -> Answer:
    """A period, beside last year's."""
    here, at = office(), scene(association)
    with reading(here.engine).begin() as connection:
        told = _told(connection, at)
        flows = history.fairness(connection, told.period.span(at.slug))
    names = {slug: one.city for slug, one in at.book.associations.items()}
    return render_template(
        "association/figures.html",
        at=at,
        told=told,
        flows=[
            (names.get(flow.owner, flow.owner), names.get(flow.helper or "", "régulation nationale"), flow)
            for flow in flows
        ],
        kinds=periods.KINDS,
        cuts=OWN_CUTS,
        definitions=DEFINITIONS,
        arrested=live.said(at.now),
    )


@bp.get("/tableau")
@opens(Right.SEE)
def sheet(association: str) -> Answer:
    """The course (`quoi=serie`), the period whole (`quoi=tout`) or its parts, as a file."""
    at = scene(association)
    with reading(office().engine).begin() as connection:
        told = _told(connection, at)
    what, form = request.args.get("quoi", "serie"), request.args.get("forme", "csv")
    name = f"{at.slug}-{told.period.kind}-{told.period.first}"
    if what == "serie":
        return sheets.sent(*chronicle.course(told), name, form)
    if what == "tout":
        return sheets.sent(
            *export.whole_table([(at.one.city, told.total)], "Association"), f"{name}-tout", form
        )
    return sheets.sent(*export.table(told.parts, told.heading), f"{name}-{told.cut}", form)


@bp.get("/prevision")
@opens(Right.SEE)
def forecast(association: str) -> Answer:
    """The fortnight to come."""
    at = scene(association)
    with reading(office().engine).begin() as connection:
        told = outlook.outlook(connection, at.slug, at.now)
    if request.args.get("forme"):
        return sheets.sent(*told.sheet(), f"prevision-{at.slug}", request.args["forme"])
    return render_template("association/outlook.html", at=at, told=told, at_whom=at.one.city)


def _told(connection: Connection, at: Scene) -> Story:
    period = periods.asked(request.args, at.now.astimezone(paris.ZONE).date())
    cut = request.args.get("selon", "")
    names = Names({slug: one.city for slug, one in at.book.associations.items()}, office().places)
    return chronicle.story(connection, period, at.slug, cut if cut in OWN_CUTS else "commune", names, at.now)
