"""Changes of an association's areas: communes in, communes out, one rule written anew or taken away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from routing.coverage import Terrain, named_communes
from routing.document import Area, Association
from routing.model import Need

_LISTS = ("communes", "postcodes", "departements")


@dataclass(frozen=True, slots=True)
class Addition:
    """Communes and whole départements to serve for some needs, from the first to the last day included."""

    needs: tuple[Need, ...]
    communes: tuple[str, ...] = ()
    departements: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


def with_more(one: Association, more: Addition) -> Association:
    """They join the list of the same needs and dates; an exception that said otherwise is lifted."""
    codes = dict.fromkeys(more.communes)
    areas = [
        _without_exceptions(area, codes) if set(area.needs) <= set(more.needs) else area for area in one.areas
    ]
    fresh = Area(needs=more.needs, valid_from=more.since, valid_until=more.until)
    place = next((i for i, area in enumerate(areas) if _alike(area, fresh)), len(areas))
    if place == len(areas):
        areas.append(fresh)
    grown = areas[place]
    update = {
        "communes": tuple(dict.fromkeys((*grown.communes, *codes))),
        "departements": tuple(dict.fromkeys((*grown.departements, *more.departements))),
    }
    areas[place] = grown.model_copy(update=update)
    return one.model_copy(update={"areas": tuple(areas)})


def without(
    one: Association,
    needs: tuple[Need, ...],
    codes: Iterable[str],
    terrain: Terrain,
    departement: str | None = None,
) -> Association:
    """These communes are served no more for these needs: taken off the lists, or excepted where a postcode,
    a département, a radius or nearness claims them. `departement`: that whole one is no longer named."""
    gone = set(codes)
    areas: list[Area] = []
    for area in one.areas:
        touched = tuple(need for need in area.needs if need in needs)
        kept = tuple(need for need in area.needs if need not in needs)
        changed = _less(one, area, gone, terrain, departement) if touched else area
        if not touched or changed == area:
            areas.append(area)
            continue
        if kept:
            areas.append(area.model_copy(update={"needs": kept}))
        if _says_something(changed):
            areas.append(changed.model_copy(update={"needs": touched}))
    return one.model_copy(update={"areas": tuple(areas)})


def with_rule(one: Association, index: int, area: Area | None) -> Association:
    """The rule at this place written anew; None takes it away."""
    areas = [*one.areas]
    areas[index : index + 1] = [] if area is None else [area]
    return one.model_copy(update={"areas": tuple(areas)})


def _less(one: Association, area: Area, gone: set[str], terrain: Terrain, departement: str | None) -> Area:
    listed = tuple(code for code in area.communes if code not in gone)
    left = area.model_copy(
        update={
            "communes": listed,
            "departements": tuple(code for code in area.departements if code != departement),
        }
    )
    still = gone if area.nearest else gone & named_communes(one, left, terrain)
    excepted = tuple(dict.fromkeys((*left.except_communes, *sorted(still))))
    return left.model_copy(update={"except_communes": excepted})


def _without_exceptions(area: Area, codes: Iterable[str]) -> Area:
    lifted = set(codes)
    return area.model_copy(
        update={"except_communes": tuple(code for code in area.except_communes if code not in lifted)}
    )


def _alike(area: Area, fresh: Area) -> bool:
    """A plain list of the same needs and dates, to which communes can be added."""
    return (
        set(area.needs) == set(fresh.needs)
        and (area.valid_from, area.valid_until) == (fresh.valid_from, fresh.valid_until)
        and not area.nearest
        and area.radius_km is None
    )


def _says_something(area: Area) -> bool:
    return area.nearest or area.radius_km is not None or any(getattr(area, name) for name in _LISTS)
