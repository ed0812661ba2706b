"""An association's area: what it serves, on the map and in words; changed by pasting, kept in the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import area_asked, area_effect, area_standing, area_words, workbench
from console.association.area_asked import Asked
from console.association.area_effect import DRAWN
from console.association.area_paste import Reader
from console.association.area_verdicts import WORDS, Judged, judged
from console.association.scene import Scene, scene
from console.association.workbench import Ground, Moved
from console.maps import departement_names
from console.office import office
from routing.document import Area, Association, Document
from routing.geography.places import Commune, Places
from routing.model import Need
from routing.words import NEEDS

bp = Blueprint("area", __name__, url_prefix="/a/<association>/secteur")
Answer = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Group:
    """The communes served in one département."""

    code: str
    name: str
    communes: tuple[Commune, ...]

    @property
    def people(self) -> int:
        """Its inhabitants who are served."""
        return sum(one.population for one in self.communes)


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the association's areas: its place in the list, and its exceptions as one would paste them."""

    index: int
    area: Area
    said: str
    exceptions: str


@bp.get("")
@opens(Right.SEE)
def shown(association: str) -> Answer:
    """What is served for a need, as the draft has it where one is open."""
    at = scene(association)
    return _page(at, workbench.ground(at), _need(at, request.args.get("besoin", "")))


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """Read what was pasted, say what it would do, or keep it: the button says which."""
    at = scene(association)
    now = workbench.ground(at)
    choices = {
        int(k[7:]): v for k, v in request.form.items() if k.startswith("choice-") and k[7:].isdecimal()
    }
    want = area_asked.asked(request.form, request.form.getlist("needs"), at.now, at.zone)
    if want.step == "edit" or want.problems:
        return _page(at, now, _first(want, at), want), 422 if want.problems else 200
    here, reader = office(), _reader(office().places, at.one.insee)
    instant = area_asked.starts(want, at.now, at.zone).timestamp()
    before = area_standing.standing(now, here.terrain, here.places, instant)
    entries = area_asked.chosen(reader.read(want.text, want.digits), choices, reader)
    verdicts = judged(
        entries, before.owners, want.needs, at.slug, _names(at, here.places), remove=want.remove
    )
    grounds = [before.served(need) for need in want.needs]
    served = frozenset.union(*grounds) if want.remove else frozenset.intersection(*grounds)
    changed = area_asked.change(want, verdicts, served, here.terrain)
    if want.step in ("keep", "keep-delete"):
        return _kept(at, now, want, verdicts, changed)
    return _checked(at, now, want, verdicts, workbench.with_association(now.document, changed(now.one)))


def _page(
    at: Scene, now: Ground, need: Need, want: Asked | None = None, bad: Sequence[Judged] = (), told: str = ""
) -> str:
    here = office()
    before = area_standing.standing(now, here.terrain, here.places, at.now.timestamp())
    communes = before.communes(need)
    return render_template(
        "association/area.html",
        at=at,
        ground=now,
        need=need,
        offered=[n for n in at.one.menu if n in DRAWN or before.served(n)],
        needs=NEEDS,
        communes=communes,
        people=sum(one.population for one in communes),
        groups=_groups(communes),
        rules=_rules(now.one, need, here.places),
        map=before.map(need),
        names={one.slug: one.city for one in now.document.associations},
        want=want,
        bad=bad,
        told=told,
        words=WORDS,
    )


def _checked(at: Scene, now: Ground, want: Asked, verdicts: Sequence[Judged], document: Document) -> Answer:
    """What would change, before anything is saved."""
    here = office()
    starts = area_asked.starts(want, at.now, at.zone)
    before, after = area_standing.both(now, document, here.terrain, here.places, starts.timestamp())
    need = _first(want, at)
    return render_template(
        "association/area_check.html",
        at=at,
        ground=now,
        want=want,
        verdicts=verdicts,
        bad=[one for one in verdicts if not one.good],
        touched=document != now.document,
        rule=_said(now.one, want, here.places) if want.mode == "rule" else "",
        effects=area_effect.effects(before.owners, after.owners, here.terrain),
        starts=starts if starts > at.now else None,
        map=after.map(need, before),
        need=need,
        needs=NEEDS,
        words=WORDS,
        names={one.slug: one.city for one in document.associations},
    )


def _kept(
    at: Scene,
    now: Ground,
    want: Asked,
    verdicts: Sequence[Judged],
    changed: Callable[[Association], Association],
) -> Answer:
    """Keep the good entries in the draft; the others stay in the box with their reasons."""
    bad = [one for one in verdicts if not one.good]
    if changed(now.one) == now.one:
        return _page(at, now, _first(want, at), want, bad, "Il n'y a rien à garder."), 422

    def write(document: Document) -> Document:
        one = next(one for one in document.associations if one.slug == at.slug)
        return workbench.with_association(document, changed(one))

    told = f"secteur de {at.one.city} : {', '.join(NEEDS[need] for need in want.needs)}"
    try:
        workbench.keep(at, want.stamp, write, told)
    except Moved as moved:
        return render_template("association/area_moved.html", at=at, moved=moved, text=want.text), 409
    if not bad:
        flash("C'est gardé dans le brouillon. Rien ne change au téléphone avant sa publication.")
        return redirect(url_for("draft.shown", association=at.slug), 303)
    good = len(verdicts) - len(bad)
    lines = "lignes gardées" if good > 1 else "ligne gardée"
    left = f"{good} {lines} dans le brouillon. Il en reste {len(bad)} à revoir, ci-dessous."
    return _page(at, workbench.ground(at), _first(want, at), want, bad, left)


def _choices(form: Mapping[str, str]) -> dict[int, str]:
    """What was chosen for the entries that were not clear, by their number."""
    found = ((name.partition("-")[2], text) for name, text in form.items() if name.startswith("choice-"))
    return {int(place): text for place, text in found if place.isdecimal() and len(place) < 6}


def _groups(communes: Iterable[Commune]) -> list[Group]:
    found: dict[str, list[Commune]] = {}
    for one in communes:
        found.setdefault(one.departement, []).append(one)
    names = departement_names()
    groups = [Group(code, names.get(code, code), tuple(inside)) for code, inside in found.items()]
    return sorted(groups, key=lambda group: -group.people)


def _rules(one: Association, need: Need, places: Places) -> list[Rule]:
    """Those that bear on a need."""
    return [
        Rule(
            i,
            area,
            area_words.said(one, area, _communes(places), departement_names()),
            _pasted(area.except_communes, places),
        )
        for i, area in enumerate(one.areas)
        if need in area.needs
    ]


def _said(one: Association, want: Asked, places: Places) -> str:
    if not 0 <= want.index < len(one.areas):
        return ""
    return area_words.said(one, one.areas[want.index], _communes(places), departement_names())


def _pasted(codes: Iterable[str], places: Places) -> str:
    found = (places.commune(code) for code in codes)
    return "\n".join(f"{one.insee} {one.name}" for one in found if one is not None)


def _need(at: Scene, asked: str) -> Need:
    return next((need for need in at.one.menu if need.value == asked), _default(at))


def _default(at: Scene) -> Need:
    return next((need for need in at.one.menu if need in DRAWN), Need.VISIT)


def _first(want: Asked, at: Scene) -> Need:
    return want.needs[0] if want.needs else _default(at)


@lru_cache(maxsize=16)
def _reader(places: Places, seat: str) -> Reader:
    return Reader(places, departement_names(), places.commune(seat))


@lru_cache(maxsize=1)
def _communes(places: Places) -> Mapping[str, str]:
    return {one.insee: one.name for one in places.all()}


def _names(at: Scene, places: Places) -> dict[str, str]:
    """Communes by code and associations by slug: no slug is an INSEE code."""
    return {**_communes(places), **{one.slug: one.city for one in at.document.associations}}
