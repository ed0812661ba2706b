"""From areas as written to one chain per commune and need: titles, then those in reach, nearest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import cos, floor, inf, pi, radians, sin
from operator import itemgetter
from typing import Protocol
from zoneinfo import ZoneInfo

from routing.compiled import Chain, Claim
from routing.document import Area, Association, Document, Reach
from routing.geography.grid import EARTH_RADIUS_KM, KM_PER_DEGREE, distance_km
from routing.geography.places import Commune, parent
from routing.model import Need

CELL = 0.5  # degrees: a cell holds some forty communes
AROUND = 720  # cells round the Earth
IN_REACH = 10  # more than a decision ever rings


class Gazetteer(Protocol):
    """The communes a book is compiled against (`Places`, or a few in a test)."""

    def all(self) -> Iterable[Commune]:
        """Every commune."""
        ...

    def by_postcode(self, code: str) -> Iterable[Commune]:
        """The communes of a postcode."""
        ...


class Terrain:
    """The communes prepared once for all associations of a book.

    Nearness is compared as the squared chord between points of the unit sphere: it grows with the distance
    and needs no trigonometry for each of the 150,000 pairs.
    """

    def __init__(self, places: Gazetteer) -> None:
        self.places = places
        self.communes = {commune.insee: commune for commune in places.all()}
        self._cells: dict[tuple[int, int], list[_Spot]] = defaultdict(list)
        for c in self.communes.values():
            spot = (*_point(c.lon, c.lat), c.insee, c.departement)
            self._cells[floor(c.lat / CELL), floor(c.lon / CELL) % AROUND].append(spot)
        self.parts: dict[str, list[str]] = defaultdict(list)  # a city's arrondissements
        self.departements: dict[str, list[str]] = defaultdict(list)
        for commune in self.communes.values():
            self.departements[commune.departement].append(commune.insee)
            city = parent(commune.insee)
            if city is not None:
                self.parts[city].append(commune.insee)

    def near(self, lon: float, lat: float, km: float) -> list[_Near]:
        """(squared chord, INSEE code, département) of the communes within `km`, in no order."""
        limit, (x, y, z) = squared_chord(km), _point(lon, lat)
        return [
            (chord, insee, departement)
            for cell in self._cells_around(lon, lat, km / KM_PER_DEGREE)
            for a, b, c, insee, departement in cell
            if (chord := (a - x) * (a - x) + (b - y) * (b - y) + (c - z) * (c - z)) <= limit
        ]

    def _cells_around(self, lon: float, lat: float, degrees: float) -> Iterable[list[_Spot]]:
        """Every cell that may hold a point within these degrees of arc, and some more."""
        farthest = min(abs(lat) + degrees, 89.0)
        wide = degrees / cos(radians(farthest))
        rows = range(floor((lat - degrees) / CELL), floor((lat + degrees) / CELL) + 1)
        columns = range(floor((lon - wide) / CELL), floor((lon + wide) / CELL) + 1)
        if farthest == 89.0 or len(columns) >= AROUND or len(rows) * len(columns) > len(self.communes):
            return self._cells.values()
        keys = ((row, column % AROUND) for row in rows for column in columns)
        return [self._cells[key] for key in keys if key in self._cells]


def squared_chord(km: float) -> float:
    """The square of the straight line through the unit sphere between two points `km` apart."""
    return (2 * sin(min(km / EARTH_RADIUS_KM, pi) / 2)) ** 2


def _point(lon: float, lat: float) -> tuple[float, float, float]:
    phi, theta = radians(lat), radians(lon)
    return cos(phi) * cos(theta), cos(phi) * sin(theta), sin(phi)


_Near = tuple[float, str, str]
_Spot = tuple[float, float, float, str, str]
# Who can be asked from a commune: (squared chord, slug, its titles by nearness); the first two are its order.
_Asked = tuple[float, str, tuple[Claim, ...]]
# A title by name: (squared chord, slug, since, until) is its order.
_Title = tuple[float, str, float, float, Claim]
_nearness, _order = itemgetter(0, 1), itemgetter(0, 1, 2, 3)


def chains(document: Document, terrain: Terrain) -> dict[Need, dict[str, Chain]]:
    """The chains of every need that has areas or a reach; communes nobody may serve are left out."""
    pool: dict[Chain, Chain] = {}
    near = _near(document, terrain)
    return {
        need: _chains_of_need(need, document, terrain, near, pool)
        for need in Need
        if need in (Need.VISIT, Need.CONSULTATION) or _has_areas(document, need)
    }


def ground(document: Document) -> object:
    """All that chains are made of beside the communes: documents that agree in it have the same chains."""
    return document.reach, {
        one.slug: (
            (one.lon, one.lat, one.areas, one.opened, one.closed, one.time_zone),
            frozenset(need for hours in one.hours for need in hours.needs),
        )
        for one in document.associations
    }


def reach_km(reach: Reach, need: Need, departement: str) -> float:
    """How far from a commune of this département an association may be asked for this need."""
    if need is Need.VISIT:
        return reach.visit.get(departement, reach.visit_elsewhere)
    return reach.consultation


def _near(document: Document, terrain: Terrain) -> dict[str, list[_Near]]:
    """Per association, the communes around its seat as far as any need reaches."""
    reach = document.reach
    farthest = max(reach.consultation, reach.visit_elsewhere, *reach.visit.values(), 0.0)
    return {one.slug: terrain.near(one.lon, one.lat, farthest) for one in document.associations}


def _chains_of_need(
    need: Need,
    document: Document,
    terrain: Terrain,
    near: Mapping[str, list[_Near]],
    pool: dict[Chain, Chain],
) -> dict[str, Chain]:
    titles: dict[str, list[_Title]] = defaultdict(list)
    asked: dict[str, list[_Asked]] = defaultdict(list)
    limits = {d: squared_chord(reach_km(document.reach, need, d)) for d in terrain.departements}
    for one in document.associations:
        if any(need in hours.needs for hours in one.hours):
            areas = [area for area in one.areas if need in area.needs]
            _gather_named(titles, one, areas, terrain)
            _gather_near(asked, one, areas, ((q, i) for q, i, d in near[one.slug] if q <= limits[d]), terrain)
    return {
        insee: _chain(titles.get(insee, []), asked.get(insee, []), pool)
        for insee in titles.keys() | asked.keys()
    }


def _gather_named(
    titles: dict[str, list[_Title]], one: Association, areas: Iterable[Area], terrain: Terrain
) -> None:
    for area in areas:
        claim = _claim(one, area, nearest=False)
        communes = named_communes(one, area, terrain) if claim.since < claim.until else set()
        for insee in communes.difference(_with_parts(area.except_communes, terrain)):
            commune = terrain.communes.get(insee)
            if commune is not None:
                chord = squared_chord(distance_km(one, commune))
                titles[insee].append((chord, one.slug, claim.since, claim.until, claim))


def _gather_near(
    asked: dict[str, list[_Asked]],
    one: Association,
    areas: Iterable[Area],
    around: Iterable[tuple[float, str]],
    terrain: Terrain,
) -> None:
    titles = []
    for area in areas:
        claim = _claim(one, area, nearest=True)
        if area.nearest and claim.since < claim.until:
            limit = inf if area.radius_km is None else squared_chord(area.radius_km)
            titles.append((limit, frozenset(_with_parts(area.except_communes, terrain)), claim))
    slug = one.slug
    everywhere = tuple(claim for limit, barred, claim in titles if limit == inf and not barred)
    if len(everywhere) == len(titles):
        for chord, insee in around:
            asked[insee].append((chord, slug, everywhere))
        return
    for chord, insee in around:
        held = tuple(claim for limit, barred, claim in titles if chord <= limit and insee not in barred)
        asked[insee].append((chord, slug, held))


def _claim(one: Association, area: Area, *, nearest: bool) -> Claim:
    since, until = _period(area.valid_from, area.valid_until, one)
    return Claim(one.slug, max(since, opening(one)), min(until, closing(one)), nearest)


def named_communes(one: Association, area: Area, terrain: Terrain) -> set[str]:
    """The communes an area names by code, postcode, département or plain radius."""
    found = set(_with_parts(area.communes, terrain))
    for postcode in area.postcodes:
        found.update(commune.insee for commune in terrain.places.by_postcode(postcode))
    for departement in area.departements:
        found.update(terrain.departements.get(departement, ()))
    if area.radius_km is not None and not area.nearest:
        found.update(insee for _, insee, _ in terrain.near(one.lon, one.lat, area.radius_km))
    return found


def _with_parts(communes: Iterable[str], terrain: Terrain) -> Iterable[str]:
    for insee in communes:
        yield insee
        yield from terrain.parts.get(insee, ())


def _chain(titles: list[_Title], asked: list[_Asked], pool: dict[Chain, Chain]) -> Chain:
    claims = [title[4] for title in sorted(titles, key=_order)] if titles else []
    asked.sort(key=_nearness)
    for _, _, held in asked:
        claims += held
        if any(claim.since == -inf and claim.until == inf for claim in held):
            break  # nobody farther is ever the nearest
    chain = Chain(tuple(claims), tuple([slug for _, slug, _ in asked[:IN_REACH]]))
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
