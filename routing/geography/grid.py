"""Distances on the globe, and a grid that finds what lies near a point without looking at everything."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, cos, floor, radians, sin, sqrt
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")

EARTH_RADIUS_KM = 6371.0088
KM_PER_DEGREE = EARTH_RADIUS_KM * radians(1)


class HasPlace(Protocol):
    """Anything with a longitude and a latitude, in degrees (WGS 84)."""

    @property
    def lon(self) -> float: ...

    @property
    def lat(self) -> float: ...


def distance_km(a: HasPlace, b: HasPlace) -> float:
    """Great-circle distance in km; a few parts in a thousand off the ellipsoid, which no rule here needs."""
    return great_circle_km(a.lon, a.lat, b.lon, b.lat)


def great_circle_km(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Haversine distance in km between two points given in degrees."""
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    half = sin((phi_b - phi_a) / 2) ** 2 + cos(phi_a) * cos(phi_b) * sin(radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


class Grid(Generic[T]):
    """Items by place, in square cells of `cell_degrees`; built once, then only read.

    Wraps at the 180th meridian; not meant for the poles.
    """

    def __init__(self, items: Iterable[tuple[float, float, T]], cell_degrees: float = 0.25) -> None:
        """`items` are (lon, lat, item), degrees."""
        # Whole cells around the globe, or the 180th meridian would cut one in two.
        self._columns = max(1, round(360 / cell_degrees))
        self._size = 360 / self._columns
        self._cells: dict[tuple[int, int], list[tuple[float, float, T]]] = {}
        for lon, lat, item in items:
            cell = (floor(lon / self._size) % self._columns, floor(lat / self._size))
            self._cells.setdefault(cell, []).append((lon, lat, item))

    def near(self, lon: float, lat: float, radius_km: float) -> list[tuple[float, T]]:
        """(km, item) for all items within `radius_km`, nearest first; equals in the order they came."""
        found = []
        for cell in self._cells_around(lon, lat, radius_km):
            for item_lon, item_lat, item in self._cells.get(cell, ()):
                distance = great_circle_km(lon, lat, item_lon, item_lat)
                if distance <= radius_km:
                    found.append((distance, item))
        found.sort(key=lambda pair: pair[0])
        return found

    def _cells_around(self, lon: float, lat: float, radius_km: float) -> Iterable[tuple[int, int]]:
        reach_lat = radius_km / KM_PER_DEGREE + 1e-9  # rounding must not lose what lies on the edge
        # A degree of longitude is shortest at the edge that lies nearest to a pole.
        shrink = cos(radians(min(89.0, abs(lat) + reach_lat)))
        reach_lon = min(180.0, reach_lat / shrink)
        rows = range(floor((lat - reach_lat) / self._size), floor((lat + reach_lat) / self._size) + 1)
        first, last = floor((lon - reach_lon) / self._size), floor((lon + reach_lon) / self._size)
        columns = {column % self._columns for column in range(first, last + 1)}
        return ((column, row) for column in sorted(columns) for row in rows)
