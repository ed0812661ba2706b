"""The federation's coverage page: the map, a table beside it, every postcode, who answers there, a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as Answer

from console import maps
from console.access.door import opens
from console.access.roles import Right
from console.federation.coverage import COVERED, WORDS, Coverage, State, coverage, midnight, seats, table
from console.office import Office, office
from routing.compiled import RuleBook
from routing.decision import decide
from routing.geography import names
from routing.geography.places import Commune, Places
from routing.model import Located, Need, PlaceSource
from routing.words import NEEDS, why

bp = Blueprint("coverage", __name__, url_prefix="/federation/couverture")
MOST_FOUND = 12  # communes told in full


@dataclass(frozen=True, slots=True)
class Told:
    """Who answers one need from a commune now: in order, and why, in French."""

    need: Need
    order: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A commune that was looked for."""

    commune: Commune
    told: tuple[Told, ...]


@bp.get("")
@opens(Right.WATCH)
def shown() -> str:
    """A need on the map and in the table; a département's postcodes; whoever answers at a place."""
    here = office()
    found = _coverage(here)
    asked = request.args.get("lieu", "").strip()[:100]
    departement = request.args.get("departement", "")
    communes = _communes(here.places, asked) if asked else ()
    return render_template(
        "federation/coverage.html",
        found=found,
        covered=COVERED,
        needs=NEEDS,
        words=WORDS,
        states=tuple(State),
        version=here.book.version,
        country=maps.country(),
        seats=seats(here.book, here.places),
        cities={slug: one.city for slug, one in here.book.associations.items()},
        departement=departement if departement in found.postcodes else "",
        departements=maps.departement_names(),
        asked=asked,
        more=max(0, len(communes) - MOST_FOUND),
        places=[_told(here.book, one, here.now()) for one in communes[:MOST_FOUND]],
        points=[
            at for c in communes[:MOST_FOUND] for at in maps.country().points(c.lon, c.lat, c.departement)
        ],
    )


@bp.get("/communes.csv")
@opens(Right.WATCH)
def file() -> Answer:
    """Every commune of every postcode, to be opened in a spreadsheet."""
    here = office()
    found = _coverage(here)
    cities = {slug: one.city for slug, one in here.book.associations.items()}
    name = f"couverture-{found.need.value}-regles-{here.book.version}.csv"
    return Response(
        table(found, cities),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _coverage(here: Office) -> Coverage:
    asked = request.args.get("besoin", "")
    need = next((one for one in COVERED if one.value == asked), COVERED[0])
    return coverage(here.book, here.places, need, midnight(here.now()))


def _communes(places: Places, asked: str) -> tuple[Commune, ...]:
    """By postcode, INSEE code or name; likenesses where nothing has that name."""
    if found := places.by_postcode(asked.replace(" ", "")):
        return found
    if commune := places.commune(asked.upper()):
        return (commune,)
    return names.homonyms(places, asked) or tuple(match.commune for match in names.find(places, asked))


def _told(book: RuleBook, commune: Commune, now: datetime) -> Found:
    place = Located(commune.insee, 1.0, PlaceSource.POSTCODE)
    told = []
    for need in Need:
        decision = decide(book, place, need, now)
        desks = (
            book.desks[t.regulator].name if t.regulator in book.desks else book.national_name
            for t in decision.targets
        )
        told.append(Told(need, tuple(dict.fromkeys(desks)), why(decision, book, commune.name)))
    return Found(commune, tuple(told))
