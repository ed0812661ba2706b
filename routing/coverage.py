"""From areas as written to one chain per commune and need: titles, then those in reach, nearest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import inf
from typing import Protocol
from zoneinfo import ZoneInfo

from routing.compiled import Chain, Claim
from routing.document import Area, Association, Document, Reach
from routing.geography.grid import Grid, distance_km
from routing.geography.places import Commune, parent
from routing.model import Need

IN_REACH = 10  # more than a decision ever rings
_KM_WHEN_TABLE_IS_MUTE = 0.0


class Gazetteer(Protocol):
    """The communes a book is compiled against (`Places`, or a few in a test)."""

    def all(self) -> Iterable[Commune]:
        """Every commune."""
        ...

    def by_postcode(self, code: str) -> Iterable[Commune]:
        """The communes of a postcode."""
        ...


class Terrain:
    """The communes prepared once for all associations of a book."""

    def __init__(self, places: Gazetteer) -> None:
        self.places = places
        self.communes = {commune.insee: commune for commune in places.all()}
        self.grid = Grid((c.lon, c.lat, c) for c in self.communes.values())
        self.parts: dict[str, list[str]] = defaultdict(list)  # a city's arrondissements
        self.departements: dict[str, list[str]] = defaultdict(list)
        for commune in self.communes.values():
            self.departements[commune.departement].append(commune.insee)
            city = parent(commune.insee)
            if city is not None:
                self.parts[city].append(commune.insee)


# A title as it is gathered: (nearest?, km, slug, since, until), which is also its order.
_Title = tuple[bool, float, str, float, float]


def chains(document: Document, terrain: Terrain) -> dict[Need, dict[str, Chain]]:
    """The chains of every need that has areas or a reach; communes nobody may serve are left out."""
    pool: dict[Chain, Chain] = {}
    near = _near(document, terrain)
    return {
        need: _chains_of_need(need, document, terrain, near, pool)
        for need in Need
        if need in (Need.VISIT, Need.CONSULTATION) or _has_areas(document, need)
    }


def reach_km(reach: Reach, need: Need, departement: str) -> float:
    """How far from a commune of this département an association may be asked for this need."""
    if need is Need.VISIT:
        return reach.visit.get(departement, reach.visit_elsewhere)
    return reach.consultation


def _near(document: Document, terrain: Terrain) -> dict[str, list[tuple[float, Commune]]]:
    """Per association, the communes around its seat as far as any need reaches."""
    reach = document.reach
    farthest = max(reach.consultation, reach.visit_elsewhere, *reach.visit.values(), 0.0)
    return {one.slug: terrain.grid.near(one.lon, one.lat, farthest) for one in document.associations}


def _chains_of_need(
    need: Need,
    document: Document,
    terrain: Terrain,
    near: Mapping[str, list[tuple[float, Commune]]],
    pool: dict[Chain, Chain],
) -> dict[str, Chain]:
    titles: dict[str, list[_Title]] = defaultdict(list)
    reach: dict[str, list[tuple[float, str]]] = defaultdict(list)
    limits = {d: reach_km(document.reach, need, d) for d in terrain.departements}
    for one in document.associations:
        if not any(need in hours.needs for hours in one.hours):
            continue
        around = [(km, c.insee) for km, c in near[one.slug] if km <= limits[c.departement]]
        for km, insee in around:
            reach[insee].append((km, one.slug))
        for area in one.areas:
            if need in area.needs:
                _gather(titles, one, area, around, terrain)
    return {
        insee: _shared(_chain(titles.get(insee, ()), reach.get(insee, ())), pool)
        for insee in titles.keys() | reach.keys()
    }


def _gather(
    titles: dict[str, list[_Title]],
    one: Association,
    area: Area,
    around: list[tuple[float, str]],
    terrain: Terrain,
) -> None:
    since, until = _period(area.valid_from, area.valid_until, one)
    since, until = max(since, opening(one)), min(until, closing(one))
    if since >= until:
        return
    barred = set(_with_parts(area.except_communes, terrain))
    named = _named(one, area, terrain) - barred
    for insee in named:
        commune = terrain.communes.get(insee)
        if commune is not None:
            titles[insee].append((False, distance_km(one, commune), one.slug, since, until))
    if area.nearest:
        limit = inf if area.radius_km is None else area.radius_km
        for km, insee in around:
            if km <= limit and insee not in barred:
                titles[insee].append((True, km, one.slug, since, until))


def _named(one: Association, area: Area, terrain: Terrain) -> set[str]:
    """The communes an area names by code, postcode, département or plain radius."""
    found = set(_with_parts(area.communes, terrain))
    for postcode in area.postcodes:
        found.update(commune.insee for commune in terrain.places.by_postcode(postcode))
    for departement in area.departements:
        found.update(terrain.departements.get(departement, ()))
    if area.radius_km is not None and not area.nearest:
        found.update(c.insee for _, c in terrain.grid.near(one.lon, one.lat, area.radius_km))
    return found


def _with_parts(communes: Iterable[str], terrain: Terrain) -> Iterable[str]:
    for insee in communes:
        yield insee
        yield from terrain.parts.get(insee, ())


def _chain(titles: Iterable[_Title], reach: Iterable[tuple[float, str]]) -> Chain:
    claims: list[Claim] = []
    for nearest, _, slug, since, until in sorted(titles):
        claims.append(Claim(slug, since, until, nearest))
        if nearest and (since, until) == (-inf, inf):
            break  # nobody farther is ever the nearest
    return Chain(tuple(claims), tuple(dict.fromkeys(slug for _, slug in sorted(reach)))[:IN_REACH])


def _shared(chain: Chain, pool: dict[Chain, Chain]) -> Chain:
    return pool.setdefault(chain, chain)


def _has_areas(document: Document, need: Need) -> bool:
    return any(need in area.needs for one in document.associations for area in one.areas)


def opening(one: Association) -> float:
    """The first instant of the association, seconds UTC."""
    return _period(one.opened, None, one)[0]


def closing(one: Association) -> float:
    """The instant after its last day, seconds UTC."""
    return end_of_day(one.closed, one.time_zone)


def _period(first: date | None, last: date | None, one: Association) -> tuple[float, float]:
    since = -inf if first is None else _midnight(first, one.time_zone)
    return since, end_of_day(last, one.time_zone)


def end_of_day(last: date | None, time_zone: str) -> float:
    """The midnight after this local day in seconds UTC; no day, no end."""
    if last is None or last >= date(9998, 1, 1):
        return inf
    return _midnight(last + timedelta(days=1), time_zone)


def _midnight(day: date, time_zone: str) -> float:
    if day <= date(1, 1, 2):
        return -inf
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC).timestamp()
