"""The outlines of the communes as shared borders: any group of them can be drawn as one shape."""

from __future__ import annotations

import gzip
import json
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import cos, floor, log, pi, radians, sin, tan
from pathlib import Path

from routing.geography.borders import Border, Point, rings, simplified, spliced
from routing.geography.grid import EARTH_RADIUS_KM
from routing.geography.places import parent

OUTLINES_FILE = Path(__file__).parent / "data" / "outlines.bin.gz"
OUTLINES_FORMAT = "3624-outlines-1"  # the file's first line; another format is refused, not misread
GRID_M = 20  # metres in one unit of the coordinates
CELL = 1000  # units of a side of the cells in which borders are looked for: 20 km
COLUMNS = "HHHiihh"  # left, right, number of points, first x and y, steps in x and y


@dataclass(frozen=True, slots=True)
class Frame:
    """One sheet of the map with its own projection: x grows eastwards, y southwards, in units of `GRID_M`."""

    code: str  # "" for the mainland with Corsica, else the département overseas
    lon: float
    lat: float
    conic: bool = False

    def project(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place lies on the sheet."""
        if self.conic:
            x, y = _conic(lon - self.lon, lat)
            y -= _conic(0, self.lat)[1]
        else:  # an island is small: a degree of longitude is as long everywhere on it
            x, y = radians(lon - self.lon) * cos(radians(self.lat)), radians(lat - self.lat)
        unit = EARTH_RADIUS_KM * 1000 / GRID_M
        return x * unit, -y * unit


MAINLAND = Frame("", 3.0, 46.5, conic=True)
FRAMES = (
    MAINLAND,
    Frame("971", -61.4, 16.2),
    Frame("972", -61.0, 14.65),
    Frame("973", -53.1, 4.0),
    Frame("974", 55.53, -21.13),
    Frame("976", 45.15, -12.83),
)


def frame_of(departement: str) -> Frame | None:
    """The sheet a département is drawn on; None for the collectivities whose outlines are not known."""
    return _BY_CODE.get(departement if len(departement) == 3 else "")


@dataclass(frozen=True, slots=True)
class _Nearby:
    """Faces by INSEE code, borders by face, and those that begin in each cell of a frame's sheet."""

    faces: Mapping[str, int]
    borders: Sequence[Sequence[int]]
    cells: Mapping[str, Mapping[tuple[int, int], Sequence[int]]]


class Outlines:
    """Every border between two communes, or a commune and the sea, in compact columns (about 6 MB)."""

    __slots__ = (
        "_ends",
        "_nearby",
        "_parts",
        "codes",
        "dx",
        "dy",
        "left",
        "points",
        "right",
        "spans",
        "x",
        "y",
    )

    def __init__(
        self, codes: Sequence[str], spans: Mapping[str, tuple[int, int]], *columns: array[int]
    ) -> None:
        """`codes`: the faces from number 1 on; `spans`: the borders of each frame; the columns in order."""
        self.codes = ("", *codes)
        self.spans = spans
        self.left, self.right, self.points, self.x, self.y, self.dx, self.dy = columns
        self._parts = {i: city for i, code in enumerate(self.codes) if (city := parent(code)) is not None}
        self._ends = array("i", accumulate((count - 1 for count in self.points), initial=0))
        self._nearby: _Nearby | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Outlines:
        """Read `outlines.bin.gz` as the build wrote it; ValueError when the file is of another format."""
        first, head, packed = gzip.decompress((path or OUTLINES_FILE).read_bytes()).split(b"\n", 2)
        if first.decode(errors="replace") != OUTLINES_FORMAT:
            raise ValueError(f"not a {OUTLINES_FORMAT} file: {first[:40]!r}")
        told = json.loads(head)
        borders, steps = told["borders"], told["steps"]
        columns, at = [], 0
        for place, kind in enumerate(COLUMNS):
            column = array(kind)
            size = column.itemsize * (steps if place > 4 else borders)
            column.frombytes(packed[at : at + size])
            if sys.byteorder == "big":
                column.byteswap()
            columns.append(column)
            at += size
        return cls(
            told["codes"].split(" "), {code: (a, b) for code, (a, b) in told["frames"].items()}, *columns
        )

    def regions(
        self, paint: Mapping[str, str], frame: Frame, tolerance: float = 0.0, *, few: bool = False
    ) -> dict[str, list[list[Point]]]:
        """Communes of the same paint as one shape: its rings and those of its holes.

        `paint`: INSEE code -> any name; communes without one are left out, a painted whole city paints its
        arrondissements. Borders are drawn to `tolerance` units, the same for both sides. `few`: communes of
        this frame's sheet by their own codes, a small part of it, of which alone the borders are looked at.
        """
        since, until = self.spans[frame.code]
        if few:
            near = self.nearby()
            painted = [""] * len(self.codes)
            for code, name in paint.items():
                painted[near.faces[code]] = name
            borders: Iterable[int] = sorted({i for code in paint for i in near.borders[near.faces[code]]})
        else:
            borders = range(since, until)
            painted = [paint.get(code, "") for code in self.codes]
            for face, city in self._parts.items():
                painted[face] = painted[face] or paint.get(city, "")
        left, right = self.left, self.right
        found = [
            Border(painted[left[i]], painted[right[i]], self._line(i))
            for i in borders
            if painted[left[i]] != painted[right[i]]
        ]
        drawn = [simplified(border, tolerance) for border in spliced(found)]
        return {name: rings(drawn, name) for name in dict.fromkeys(painted) if name}

    def within(self, frame: Frame, box: tuple[float, float, float, float]) -> set[str]:
        """The communes with a border that begins in this box (least x and y, greatest x and y)."""
        west, north, east, south = box
        cells = self.nearby().cells[frame.code]
        found: set[int] = set()
        for column in range(floor(west / CELL), floor(east / CELL) + 1):
            for row in range(floor(north / CELL), floor(south / CELL) + 1):
                for i in cells.get((column, row), ()):
                    if west <= self.x[i] <= east and north <= self.y[i] <= south:
                        found.add(self.left[i])
                        found.add(self.right[i])
        return {self.codes[face] for face in found if face}

    def nearby(self) -> _Nearby:
        """Where to look for the borders of a place or of a commune; made once, when first asked for."""
        if self._nearby is None:
            borders: list[list[int]] = [[] for _ in self.codes]
            for i, (a, b) in enumerate(zip(self.left, self.right, strict=True)):
                borders[a].append(i)
                borders[b].append(i)
            cells: dict[str, dict[tuple[int, int], list[int]]] = {}
            for code, (since, until) in self.spans.items():
                of_frame = cells[code] = defaultdict(list)
                for i in range(since, until):
                    of_frame[self.x[i] // CELL, self.y[i] // CELL].append(i)
            self._nearby = _Nearby({code: face for face, code in enumerate(self.codes)}, borders, cells)
        return self._nearby

    def _line(self, i: int) -> list[Point]:
        a, b = self._ends[i], self._ends[i + 1]
        xs = accumulate(self.dx[a:b], initial=self.x[i])
        return list(zip(xs, accumulate(self.dy[a:b], initial=self.y[i]), strict=True))


def _conic(east: float, lat: float) -> tuple[float, float]:
    """Lambert's conformal projection of the sphere between 44° and 49°, as on French maps; in radians."""
    rho = _SCALE / tan(pi / 4 + radians(lat) / 2) ** _CONE
    return rho * sin(_CONE * radians(east)), -rho * cos(_CONE * radians(east))


_SOUTH, _NORTH = radians(44), radians(49)
_CONE = log(cos(_SOUTH) / cos(_NORTH)) / log(tan(pi / 4 + _NORTH / 2) / tan(pi / 4 + _SOUTH / 2))
_SCALE = cos(_SOUTH) * tan(pi / 4 + _SOUTH / 2) ** _CONE / _CONE
_BY_CODE = {frame.code: frame for frame in FRAMES}
