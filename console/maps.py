"""Our own maps: France on one sheet with its insets, and paths for any grouping of its communes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from console.drawings import Drawings
from routing.compiled import RuleBook
from routing.geography import borders
from routing.geography import outlines as outlines_of
from routing.geography.borders import Point
from routing.geography.outlines import FRAMES, MAINLAND, OUTLINES_FILE, Frame, Outlines, frame_of
from routing.geography.places import departement_of, parent
from routing.model import Need

DEPARTEMENTS_FILE = Path(__file__).parents[1] / "routing" / "geography" / "data" / "departements.tsv"
WIDTH, HEIGHT = 2340, 2190  # the country's sheet; half a kilometre to a unit on the mainland
MARGIN, LABEL = 14, 52  # room round an inset's shapes, and above them for its name
DETAIL = 40.0  # units of the outlines (0.8 km) that may be smoothed away: half a pixel of a large screen
FINE = 5.0  # the same on the insets
SMALL_RING = 18  # square units of the sheet under which an island or a hole is not seen
CROWN = frozenset({"75", "92", "93", "94"})
# Kept between processes where the console has said so; drawn anew when data or program are others.
drawings = Drawings(
    OUTLINES_FILE, *(Path(file) for file in (__file__, borders.__file__, outlines_of.__file__))
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One part of the country's map: where it lies and how its coordinates come there."""

    code: str  # the frame's, "crown" for Paris enlarged
    title: str
    frame: Frame
    box: tuple[float, float, float, float]  # x, y, width, height
    scale: float
    shift: tuple[float, float]
    only: frozenset[str] | None = None  # départements drawn here; None: all of its frame

    def place(self, x: float, y: float) -> tuple[float, float]:
        """From the frame's coordinates to the map's."""
        return x * self.scale + self.shift[0], y * self.scale + self.shift[1]


@dataclass(frozen=True, slots=True)
class Shape:
    """A region of the map: its code, its name, and the `d` of its path (filled evenly and oddly)."""

    code: str
    name: str
    d: str


@dataclass(frozen=True)
class Country:
    """France on one sheet, `view_box` its extent; insets have frames and names of their own."""

    sheets: tuple[Sheet, ...]
    departements: tuple[Shape, ...]
    land: str  # all that is drawn, as one path
    view_box: str = f"0 0 {WIDTH} {HEIGHT}"

    @property
    def insets(self) -> tuple[Sheet, ...]:
        """Every sheet but the mainland."""
        return self.sheets[1:]

    def points(self, lon: float, lat: float, departement: str) -> tuple[tuple[int, int], ...]:
        """Where a place is drawn: once, twice for Paris and its neighbours, never where there is no sheet."""
        frame = frame_of(departement)
        placed = [
            sheet.place(*frame.project(lon, lat))
            for sheet in self.sheets
            if frame is sheet.frame and (sheet.only is None or departement in sheet.only)
        ]
        return tuple((round(x), round(y)) for x, y in placed)

    def shapes(self, paint: Mapping[str, str], names: Mapping[str, str]) -> tuple[Shape, ...]:
        """One shape for each paint, over all sheets. `paint`: INSEE code -> code; `names`: its name."""
        told = "shapes" + "".join(f"{code}{paint[code]} " for code in sorted(paint))
        found = drawings.kept(told, lambda: _paths(self.sheets, paint))
        return tuple(Shape(code, names.get(code, code), d) for code, d in found)


@cache
def outlines() -> Outlines:
    """Read when a map is first drawn: the voice never does."""
    return Outlines.load()


@cache
def departement_names() -> Mapping[str, str]:
    """« 64 » -> « Pyrénées-Atlantiques », the collectivities overseas too."""
    lines = DEPARTEMENTS_FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)


@cache
def country() -> Country:
    """The country, its départements drawn."""
    told, frames = drawings.kept("country", _bare), {frame.code: frame for frame in FRAMES}
    sheets = tuple(
        Sheet(code, title, frames[frame], tuple(box), scale, tuple(shift), frozenset(only) or None)
        for code, title, frame, box, scale, shift, only in told["sheets"]
    )
    names = departement_names()
    shapes = tuple(Shape(code, names.get(code, code), d) for code, d in told["departements"])
    return Country(sheets, shapes, told["land"])


@lru_cache(maxsize=4)
def areas(book: RuleBook, need: Need, instant: float) -> tuple[Shape, ...]:
    """Each association's area on the country's map: the communes it answers for first. `instant` in seconds;
    pass midnight, or every second would be drawn anew."""
    chains = book.chains.get(need, {})
    cities = {parent(code) for code in chains}  # drawn by their arrondissements
    owners = {code: chain.owners(instant) for code, chain in chains.items() if code not in cities}
    first = {code: found[0] for code, found in owners.items() if found}
    return country().shapes(first, {slug: one.name for slug, one in book.associations.items()})


def path(
    rings: Iterable[list[Point]], place: Callable[[float, float], tuple[float, float]], least: float = 0
) -> str:
    """The `d` of these rings, in whole numbers, each point told by its step from the one before."""
    told = []
    for ring in rings:
        line = [point for point, _ in groupby((round(x), round(y)) for x, y in (place(*at) for at in ring))]
        if len(line) > 2 and _area(line) >= least:
            steps = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(line)]
            told.append(f"M{line[0][0]} {line[0][1]}l{' '.join(steps)}z".replace(" -", "-"))
    return "".join(told)


def _area(ring: list[Point]) -> float:
    turned = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(a[0] * b[1] - a[1] * b[0] for a, b in turned)) / 2


# Where the insets lie: on the Atlantic, and Paris in the corner above Alsace.
_INSETS = (
    ("971", "Guadeloupe", (0, 900, 350, 240)),
    ("972", "Martinique", (0, 1160, 350, 240)),
    ("973", "Guyane", (0, 1420, 350, 240)),
    ("974", "La Réunion", (0, 1680, 350, 240)),
    ("976", "Mayotte", (0, 1940, 350, 240)),
)


def _bare() -> dict[str, Any]:
    """The sheets, the départements' paths, and the land."""
    paint = {code: departement_of(code) for code in outlines().codes[1:]}
    sheets = tuple(_sheets(paint))
    told = [(s.code, s.title, s.frame.code, s.box, s.scale, s.shift, sorted(s.only or ())) for s in sheets]
    ((_, land),) = _paths(sheets, dict.fromkeys(paint, "land"))
    return {"sheets": told, "departements": _paths(sheets, paint), "land": land}


def _paths(sheets: Iterable[Sheet], paint: Mapping[str, str]) -> list[tuple[str, str]]:
    """(code, path) of each paint."""
    paths: dict[str, str] = {}
    for sheet in sheets:
        drawn = _on(sheet, paint) if sheet.only else paint
        fine = DETAIL if sheet.frame is MAINLAND and not sheet.only else FINE
        for code, rings in outlines().regions(drawn, sheet.frame, fine).items():
            paths[code] = paths.get(code, "") + path(rings, sheet.place, SMALL_RING)
    return [(code, d) for code, d in sorted(paths.items()) if d]


def _sheets(paint: Mapping[str, str]) -> Iterable[Sheet]:
    mainland = (20.0, 20.0, WIDTH - 40.0, HEIGHT - 40.0)
    yield _fitted("", "France", MAINLAND, mainland, paint, None, 0)
    frames = {frame.code: frame for frame in FRAMES}
    for code, title, box in _INSETS:
        yield _fitted(code, title, frames[code], box, paint, None, LABEL)
    yield _fitted("crown", "Petite couronne", MAINLAND, (1830, 10, 500, 420), paint, CROWN, LABEL)


def _fitted(
    code: str,
    title: str,
    frame: Frame,
    box: tuple[float, float, float, float],
    paint: Mapping[str, str],
    only: frozenset[str] | None,
    label: float,
) -> Sheet:
    """The sheet on which all that is painted just fits into its box, under its label."""
    bare = Sheet(code, title, frame, box, 1, (0, 0), only)
    shapes = outlines().regions(_on(bare, paint), frame, DETAIL)
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    north, south = min(y for _, y in points), max(y for _, y in points)
    x, y, width, height = box
    pad = MARGIN if label else 0
    wide, high = width - 2 * pad, height - 2 * pad - label
    scale = min(wide / (east - west), high / (south - north))
    shift = (
        x + pad + (wide - (east - west) * scale) / 2 - west * scale,
        y + pad + label + (high - (south - north) * scale) / 2 - north * scale,
    )
    return Sheet(code, title, frame, box, scale, shift, only)


def _on(sheet: Sheet, paint: Mapping[str, str]) -> Mapping[str, str]:
    if sheet.only is None:
        return paint
    return {code: name for code, name in paint.items() if departement_of(code) in sheet.only}
