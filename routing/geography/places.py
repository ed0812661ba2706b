"""The communes of France: by INSEE code, by postcode, with their clock and their public holidays."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern

COMMUNES_FILE = Path(__file__).parent / "data" / "communes.tsv.gz"
COMMUNES_FORMAT = "3624-communes-1"  # the file's first line; another format is refused, not misread

_CITIES = (("751", "75056"), ("6938", "69123"), ("132", "13055"))

# IANA zones of the territories; all others keep Paris time.
_TIME_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
_MARQUESAS = frozenset({"98718", "98723", "98731", "98746", "98756", "98757"})
_GAMBIER = "98719"

# Keys of PyPI holidays' France. Alsace-Moselle: Good Friday and 26 December (ordonnance of 16 August 1892).
_HOLIDAY_TERRITORIES = {
    "57": "57",
    "67": "6AE",
    "68": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, or a municipal arrondissement of Paris, Lyon or Marseille."""

    insee: str
    name: str
    departement: str  # "31", "2A", "974"; a collectivity's three digits overseas ("987")
    population: int
    lon: float  # degrees; the town hall, or the best known place (data/SOURCES.md)
    lat: float
    postcodes: tuple[str, ...]


class Places:
    """Every commune, in memory (about 20 MB), frozen after loading."""

    __slots__ = ("_by_insee", "_by_postcode")

    def __init__(self, communes: Sequence[Commune]) -> None:
        self._by_insee = {commune.insee: commune for commune in communes}
        self._by_postcode: dict[str, tuple[Commune, ...]] = {}
        cities = {parent(commune.insee) for commune in communes}
        for commune in sorted(communes, key=lambda one: -one.population):
            if commune.insee in cities:
                continue  # a postcode of Paris, Lyon or Marseille says the arrondissement
            for postcode in commune.postcodes:
                self._by_postcode[postcode] = (*self._by_postcode.get(postcode, ()), commune)

    @classmethod
    def load(cls, path: Path | None = None) -> Places:
        """Read `communes.tsv.gz` as `build` wrote it; ValueError when the file is of another format."""
        first, *lines = gzip.decompress((path or COMMUNES_FILE).read_bytes()).decode().splitlines()
        if first != COMMUNES_FORMAT:
            raise ValueError(f"not a {COMMUNES_FORMAT} file: {first[:40]!r}")
        insee, names, populations, lons, lats, postcodes = zip(
            *(line.split("\t") for line in lines), strict=True
        )
        lists = {text: tuple(text.split()) for text in set(postcodes)}  # many communes share one list
        return cls(
            list(
                map(
                    Commune,
                    insee,
                    names,
                    map(departement_of, insee),
                    map(int, populations),
                    map(float, lons),
                    map(float, lats),
                    map(lists.__getitem__, postcodes),
                )
            )
        )

    def commune(self, insee: str) -> Commune | None:
        """The commune with this INSEE code; whole cities (75056) and arrondissements (75103) both are known."""
        return self._by_insee.get(insee)

    def by_postcode(self, code: str) -> tuple[Commune, ...]:
        """The communes that share a postcode, most inhabitants first; 75003 gives the arrondissement alone."""
        return self._by_postcode.get(code, ())

    def all(self) -> Sequence[Commune]:
        """Every commune in order of INSEE code: whole cities *and* their arrondissements (see `parent`)."""
        return tuple(self._by_insee.values())


def parent(insee: str) -> str | None:
    """The city an arrondissement belongs to (75103 -> 75056), None for all other codes."""
    if insee[:2] not in ("75", "69", "13"):
        return None
    return next((city for start, city in _CITIES if insee.startswith(start)), None)


def departement_of(insee: str) -> str:
    """The département of an INSEE code: two characters, three overseas."""
    return intern(insee[:3] if insee.startswith(("97", "98")) else insee[:2])


def time_zone(commune: Commune) -> str:
    """The IANA zone whose clock hangs on the commune's walls."""
    if commune.insee in _MARQUESAS:
        return "Pacific/Marquesas"
    if commune.insee == _GAMBIER:
        return "Pacific/Gambier"
    return _TIME_ZONES.get(commune.departement, "Europe/Paris")


def holiday_territory(commune: Commune) -> str:
    """The subdivision key of PyPI `holidays` for France, '' where the national days alone apply."""
    return _HOLIDAY_TERRITORIES.get(commune.departement, "")
