"""The federation's pages to watch: each association's state now, coverage, every version of the rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.closing import in_force
from console.association.sentence import is_open
from console.office import Office, office, visitor
from routing import publishing, store
from routing.compiled import RuleBook
from routing.differences import differences
from routing.geography.places import Places, parent
from routing.model import Need
from routing.words import NEEDS
from workers.records import live
from workers.records.live import Situation

bp = Blueprint("federation", __name__, url_prefix="/federation")
Answer = str | Response | tuple[str, int]
COVERED = (Need.VISIT, Need.CONSULTATION)


@dataclass(frozen=True, slots=True)
class Line:
    """One association on the board."""

    slug: str
    city: str
    name: str
    open: tuple[Need, ...]
    shut: tuple[Need, ...]  # by a closure
    away: tuple[Need, ...]  # out of hours
    situation: Situation

    @property
    def watch(self) -> bool:
        """Whether somebody should look."""
        return bool(self.shut) or self.situation.callbacks_late > 0 or self.situation.longest_wait > 60


@dataclass(frozen=True, slots=True)
class Covered:
    """How a need is covered in one département."""

    departement: str
    communes: int
    uncovered: int
    doubled: int
    inhabitants: int  # of the uncovered


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


@bp.get("/couverture")
@opens(Right.WATCH)
def coverage() -> Answer:
    """Which communes nobody covers, and which two associations do."""
    here = office()
    tables = {need: _coverage(here.book, here.places, need) for need in COVERED}
    totals = {need: _total(rows) for need, rows in tables.items()}
    return render_template(
        "federation/coverage.html", tables=tables, totals=totals, needs=NEEDS, version=here.book.version
    )


@bp.get("/regles")
@opens(Right.WATCH)
def versions() -> Answer:
    """Every version, the newest first."""
    before = request.args.get("before", type=int)
    found = store.history(office().engine, limit=51, before=before)
    more = found[49].version if len(found) > 50 else None
    current = store.current_version(office().engine)
    return render_template("federation/versions.html", found=found[:50], more=more, current=current)


@bp.get("/regles/<int:version>")
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


@bp.post("/regles/<int:version>/retablir")
@opens(Right.GOVERN)
def restore(version: int) -> Answer:
    """Put an older version back in force, under a new number."""
    here = office()
    expected = request.form.get("current", type=int) or 0
    reason = f"Retour aux règles n° {version}"
    try:
        made = publishing.restore(here.engine, here.terrain, version, expected, visitor().name, reason)
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


def _board(here: Office) -> dict[str, object]:
    book, now = here.book, here.now()
    with here.engine.connect().execution_options(reading=True) as connection:
        picture = live.picture(connection, now)
    document = book.document
    lines = [
        _line(book, one.slug, one.city, one.name, one.menu, picture.of(one.slug), now.timestamp(), now.year)
        for one in (document.associations if document else ())
    ]
    closures = [c for c in (document.closures if document else ()) if c in in_force(document, None, now)]
    return {
        "lines": sorted(lines, key=lambda line: (not line.watch, line.city)),
        "total": picture.service,
        "said": live.said(now),
        "closures": closures,
        "names": {slug: one.city for slug, one in book.associations.items()},
        "needs": NEEDS,
        "now": now,
    }


def _line(
    book: RuleBook,
    slug: str,
    city: str,
    name: str,
    menu: tuple[Need, ...],
    situation: Situation,
    instant: float,
    year: int,
) -> Line:
    services = [(need, service) for need in menu if (service := book.service(need, slug))]
    answering = tuple(need for need, service in services if is_open(service, instant, year))
    shut = tuple(need for need, service in services if service.shut_at(instant))
    away = tuple(need for need, _ in services if need not in answering and need not in shut)
    return Line(slug, city, name, answering, shut, away, situation)


@lru_cache(maxsize=8)
def _coverage(book: RuleBook, places: Places, need: Need) -> tuple[Covered, ...]:
    """By département. The book is frozen, so this holds as long as it does (areas with dates: for good)."""
    communes, uncovered, doubled, people = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    cities = {parent(commune.insee) for commune in places.all()}
    for commune in places.all():
        if commune.insee in cities:
            continue  # counted by its arrondissements
        owners = len(book.chain(need, commune.insee).owners(2.0**53))
        communes[commune.departement] += 1
        if owners == 0:
            uncovered[commune.departement] += 1
            people[commune.departement] += commune.population
        doubled[commune.departement] += owners > 1
    return tuple(
        Covered(name, communes[name], uncovered[name], doubled[name], people[name])
        for name in sorted(communes)
    )


def _total(rows: tuple[Covered, ...]) -> Covered:
    return Covered(
        "France",
        sum(row.communes for row in rows),
        sum(row.uncovered for row in rows),
        sum(row.doubled for row in rows),
        sum(row.inhabitants for row in rows),
    )
