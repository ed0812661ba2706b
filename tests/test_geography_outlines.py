"""The outlines: every commune is there, neighbours share borders, and any group of them is one shape."""

from __future__ import annotations

import gzip
import re
from itertools import pairwise
from pathlib import Path

import pytest

from routing.geography.borders import Border, Point, rings, simplified, spliced
from routing.geography.build_files import write_outlines
from routing.geography.outlines import FRAMES, MAINLAND, OUTLINES_FILE, Frame, Outlines, frame_of
from routing.geography.places import Places, departement_of, parent

UNKNOWN_GROUND = {"975", "977", "978", "986", "987", "988", "989"}
WITH_A_NEIGHBOUR = {"15031", "15035", "15047", "15171"}  # split off too lately for the outlines


@pytest.fixture(scope="module")
def outlines() -> Outlines:
    return Outlines.load()


def area(shape: list[list[Point]]) -> float:
    """Square kilometres within the rings, holes taken off."""
    doubled = sum(a[0] * b[1] - a[1] * b[0] for ring in shape for a, b in pairwise([*ring, ring[0]]))
    return abs(doubled) / 2 * 0.02**2


def test_every_commune_has_an_outline(outlines: Outlines) -> None:
    communes = Places.load().all()
    cities = {parent(one.insee) for one in communes}
    wanted = {one.insee for one in communes if one.departement not in UNKNOWN_GROUND} - cities
    assert wanted - set(outlines.codes[1:]) == WITH_A_NEIGHBOUR
    assert len(outlines.codes) - 1 == 34_913
    page = (OUTLINES_FILE.parent / "SOURCES.md").read_text(encoding="utf-8")
    assert re.search(
        rf"^34913 communes and arrondissements, {len(outlines.left)} borders", page, re.MULTILINE
    )


def test_the_committed_file_is_what_the_writer_writes(outlines: Outlines, tmp_path: Path) -> None:
    assert OUTLINES_FILE.stat().st_size < 2_500_000
    columns = [getattr(outlines, name) for name in ("left", "right", "points", "x", "y", "dx", "dy")]
    write_outlines(tmp_path / "again", outlines.codes[1:], outlines.spans, columns)
    again = gzip.decompress((tmp_path / "again").read_bytes())
    assert again == gzip.decompress(OUTLINES_FILE.read_bytes())


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(gzip.compress(b"3624-outlines-0\n{}\n"))
    with pytest.raises(ValueError, match="3624-outlines-1"):
        Outlines.load(tmp_path / "odd")


def test_the_departements_have_the_size_they_are_known_for(outlines: Outlines) -> None:
    paint = {code: departement_of(code) for code in outlines.codes[1:]}
    found = {name: area(shape) for f in FRAMES for name, shape in outlines.regions(paint, f).items() if shape}
    known = {"64": 7645, "75": 105, "33": 10_000, "2A": 4014, "972": 1128, "974": 2504, "93": 236}
    assert {name: round(found[name] / known[name], 1) for name in known} == dict.fromkeys(known, 1.0)
    assert len(found) == 101


def test_france_has_no_holes_but_llivia(outlines: Outlines) -> None:
    country = outlines.regions(dict.fromkeys(outlines.codes[1:], "France"), MAINLAND)["France"]
    inland = [ring for ring in country if _turns(ring) != _turns(max(country, key=len))]
    x, y = MAINLAND.project(1.98, 42.465)
    # A lagoon or a bay closed by its sandbar is a hole too; none is larger than a commune.
    assert [ring for ring in inland if area([ring]) > 11 and not _around(ring, x, y)] == []
    assert any(_around(ring, x, y) for ring in inland)


def test_a_simplified_map_has_neither_gaps_nor_overlaps(outlines: Outlines) -> None:
    here = {code: code for code in outlines.codes[1:] if code.startswith("64")}
    each = outlines.regions(here, MAINLAND, tolerance=20)
    whole = outlines.regions(dict.fromkeys(here, "64"), MAINLAND, tolerance=20)["64"]
    # Twenty units are 400 m: the sum of all communes differs from the whole by the outer border alone.
    assert sum(map(area, each.values())) == pytest.approx(area(whole), rel=0.01)
    assert outlines.regions(here, MAINLAND, tolerance=20, few=True) == each, "few communes, the same lines"


def test_a_whole_city_paints_its_arrondissements(outlines: Outlines) -> None:
    city = outlines.regions({"75056": "Paris"}, MAINLAND)["Paris"]
    parts = outlines.regions({f"751{n:02}": "Paris" for n in range(1, 21)}, MAINLAND)["Paris"]
    assert len(city) == 1
    assert area(city) == area(parts)


def test_a_place_lies_where_its_commune_is_drawn(outlines: Outlines) -> None:
    places = Places.load()
    for insee in ("64445", "97209", "29019", "2A004", "59350"):
        commune = places.commune(insee)
        assert commune is not None
        frame = frame_of(commune.departement)
        assert frame is not None
        (ring, *_) = outlines.regions({insee: "here"}, frame)["here"]
        x, y = frame.project(commune.lon, commune.lat)
        assert _around(ring, x, y)
        box = (x - 20, y - 20, x + 20, y + 20)
        assert insee in outlines.within(frame, (box[0] - 400, box[1] - 400, box[2] + 400, box[3] + 400))


def test_collectivities_without_outlines_have_no_sheet() -> None:
    assert frame_of("987") is None
    assert isinstance(frame_of("2B"), Frame)


SQUARE = [
    Border("a", "", [(0, 0), (0, 9), (9, 9)]),
    Border("", "a", [(0, 0), (9, 0)]),
    Border("a", "b", [(9, 9), (9, 5), (9, 0)]),
    Border("b", "", [(9, 9), (18, 9), (18, 0), (9, 0)]),
]


def test_lines_are_spliced_where_nothing_branches_off() -> None:
    found = spliced(SQUARE)
    assert len(found) == 3
    assert {len(border.line) for border in found} == {3, 4}
    assert area(rings(found, "a")) == area(rings(SQUARE, "a")) == 81 * 0.02**2


def test_points_on_a_straight_line_are_left_out() -> None:
    assert simplified(Border("a", "b", [(9, 9), (9, 5), (9, 0)]), 1).line == [(9, 9), (9, 0)]
    island = Border("a", "", [(0, 0), (5, 0), (9, 0), (9, 9), (0, 9), (0, 0)])
    assert simplified(island, 1).line == [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]


def _turns(ring: list[Point]) -> bool:
    return sum(a[0] * b[1] - a[1] * b[0] for a, b in pairwise([*ring, ring[0]])) > 0


def _around(ring: list[Point], x: float, y: float) -> bool:
    inside = False
    for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside
