"""The map of one association's area: one shape among its neighbours', its seat, a few towns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from console.maps import outlines, path
from routing.document import Association
from routing.geography.outlines import MAINLAND, Frame, frame_of
from routing.geography.places import Commune, Places, departement_of, parent

SCREEN = 900  # the map's width in its own units
AROUND = 0.12  # of the area's size, shown on every side
LEAST = 1500.0  # units of the outlines (30 km): a smaller area is shown with its surroundings
TOWNS = 7
APART = 70  # units of the map between two names
OWN, FREE, GAINED, LOST = "own", "free", "gained", "lost"


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place on the map."""

    name: str
    x: int
    y: int
    seat: bool = False
    left: bool = False  # its name stands on its left, where the map would end on its right


@dataclass(frozen=True, slots=True)
class AreaMap:
    """Paths to be filled evenly and oddly, in a `view_box` of their own."""

    view_box: str
    free: str  # ground that is nobody's
    own: str
    gained: str
    lost: str
    others: tuple[tuple[str, str], ...]  # slug, path
    departements: str
    marks: tuple[Mark, ...]


def drawn(
    one: Association,
    owners: Mapping[str, tuple[str, ...]],
    places: Places,
    before: frozenset[str] | None = None,
) -> AreaMap | None:
    """The area of `one`, None where no outlines are known. `owners`: commune -> slugs, nearest first.

    With `before`, the communes it served until then, what it gains and loses is told apart.
    """
    seat = places.commune(one.insee)
    frame = frame_of(seat.departement) if seat else None
    if seat is None or frame is None:
        return None
    own = {code for code, slugs in owners.items() if one.slug in slugs}
    x, y, wide, high = _box(frame, own | (before or frozenset()), seat, places)
    here = outlines().within(frame, (x, y, x + wide, y + high))
    paint = {code: _paint(code, one.slug, owners, before) for code in here}
    scale = SCREEN / wide

    def place(at_x: float, at_y: float) -> tuple[float, float]:
        return (at_x - x) * scale, (at_y - y) * scale

    detail = 0.5 / scale
    regions = outlines().regions(paint, frame, detail, few=True)
    lines = outlines().regions({code: departement_of(code) for code in here}, frame, detail, few=True)
    told = {name: path(rings, place, 2) for name, rings in regions.items()}
    return AreaMap(
        view_box=f"0 0 {SCREEN} {round(high * scale)}",
        free=told.pop(FREE, ""),
        own=told.pop(OWN, ""),
        gained=told.pop(GAINED, ""),
        lost=told.pop(LOST, ""),
        others=tuple(sorted(told.items())),
        departements="".join(path(rings, place, 2) for rings in lines.values()),
        marks=tuple(_marks(frame, seat, here, places, place, high * scale)),
    )


def _paint(code: str, slug: str, owners: Mapping[str, tuple[str, ...]], before: frozenset[str] | None) -> str:
    slugs = owners.get(code, ())
    if slug in slugs:
        return OWN if before is None or code in before else GAINED
    if before is not None and code in before:
        return LOST
    return f"by {slugs[0]}" if slugs else FREE


def _box(
    frame: Frame, codes: Iterable[str], seat: Commune, places: Places
) -> tuple[float, float, float, float]:
    """West, north, width and height of what is shown: the area on its seat's sheet, no tower, no ribbon."""
    communes = (places.commune(code) for code in codes)
    here = [c for c in communes if c is not None and frame_of(c.departement) is frame]
    spots = [frame.project(c.lon, c.lat) for c in (*here, seat)]
    west, east = min(x for x, _ in spots), max(x for x, _ in spots)
    north, south = min(y for _, y in spots), max(y for _, y in spots)
    room = AROUND if frame is MAINLAND else 3 * AROUND  # an island's coast lies far from its town halls
    wide = max((east - west) * (1 + 2 * room), LEAST)
    high = max((south - north) * (1 + 2 * room), LEAST)
    wide, high = max(wide, high * 1.1), max(high, wide * 0.7)
    return (west + east - wide) / 2, (north + south - high) / 2, wide, high


def _marks(
    frame: Frame,
    seat: Commune,
    here: Iterable[str],
    places: Places,
    place: Callable[[float, float], tuple[float, float]],
    height: float,
) -> Iterable[Mark]:
    """The seat, then the largest towns whose names do not touch."""
    known = (places.commune(code) for code in here if parent(code) is None)
    towns = sorted((c for c in known if c), key=lambda c: -c.population)
    taken: list[tuple[float, float]] = []
    for town in (seat, *towns):
        x, y = place(*frame.project(town.lon, town.lat))
        clear = all(abs(y - b) > APART / 2 or abs(x - a) > 3 * APART for a, b in taken)
        inside = 10 < x < SCREEN - 10 and 24 < y < height - 10
        if town is seat or (clear and inside and town.insee != seat.insee):
            taken.append((x, y))
            yield Mark(town.name, round(x), round(y), town is seat, x > SCREEN * 0.8)
        if len(taken) > TOWNS:
            return
