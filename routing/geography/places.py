"""The communes of France: by INSEE code, by postcode, with their clock and their public holidays."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from sys import intern

COMMUNES_FILE = Path(__file__).parent / "data" / "communes.tsv.gz"
COMMUNES_FORMAT = "3624-communes-2"  # the file's first line; another format is refused, not misread

_CITIES = (("751", "75056"), ("6938", "69123"), ("132", "13055"))
_CITY_STARTS = tuple(start for start, _ in _CITIES)

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
    "989": "Etc/GMT+8",  # Clipperton, UTC-8: the tz database has no zone for it
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
    """Every commune, in memory (about 15 MB), frozen after loading."""

    __slots__ = ("_by_insee", "_by_postcode")

    def __init__(self, communes: Iterable[Commune]) -> None:
        self._by_insee = {commune.insee: commune for commune in communes}
        cities = {parent(insee) for insee in self._by_insee if insee.startswith(_CITY_STARTS)}
        by_postcode: dict[str, list[Commune]] = {}
        for commune in sorted(self._by_insee.values(), key=attrgetter("population"), reverse=True):
            if commune.insee not in cities:  # a postcode of Paris, Lyon or Marseille says the arrondissement
                for postcode in commune.postcodes:
                    by_postcode.setdefault(postcode, []).append(commune)
        self._by_postcode = {postcode: tuple(sharing) for postcode, sharing in by_postcode.items()}

    @classmethod
    @cache  # nothing changes it, and a process that asks twice means the same one
    def load(cls, path: Path | None = None) -> Places:
        """Read `communes.tsv.gz` as `build` wrote it; ValueError when the file is of another format."""
        first, *columns = gzip.decompress((path or COMMUNES_FILE).read_bytes()).decode().splitlines()
        if first != COMMUNES_FORMAT:
            raise ValueError(f"not a {COMMUNES_FORMAT} file: {first[:40]!r}")
        return cls(_communes(*columns))

    def commune(self, insee: str) -> Commune | None:
        """The commune with this INSEE code: a whole city (75056) and its arrondissements (75103) both are."""
        return self._by_insee.get(insee)

    def by_postcode(self, code: str) -> tuple[Commune, ...]:
        """The communes sharing a postcode, most inhabitants first; 75003 gives the arrondissement alone."""
        return self._by_postcode.get(code, ())

    def all(self) -> Sequence[Commune]:
        """Every commune by INSEE code: whole cities *and* their arrondissements (see `parent`)."""
        return tuple(self._by_insee.values())


def _communes(
    insee: str, name: str, population: str, lon: str, lat: str, postcodes: str
) -> Sequence[Commune]:
    """Communes from one line of tab-separated values a field."""
    codes = insee.split("\t")
    lists = postcodes.split("\t")
    shared = {text: tuple(text.split(" ")) for text in set(lists)}  # neighbours often share their postcodes
    fields: dict[str, Iterable[object]] = {
        "insee": codes,
        "name": name.split("\t"),
        "departement": map(departement_of, codes),
        "population": map(int, population.split("\t")),
        "lon": map(float, lon.split("\t")),
        "lat": map(float, lat.split("\t")),
        "postcodes": map(shared.__getitem__, lists),
    }
    communes = [Commune.__new__(Commune) for _ in codes]
    # Slot by slot: a frozen dataclass's own __init__ would take half of the whole loading time.
    for field, values in fields.items():
        deque(map(Commune.__dict__[field].__set__, communes, values), maxlen=0)
    return communes


def parent(insee: str) -> str | None:
    """The city an arrondissement belongs to (75103 -> 75056), None for all other codes."""
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
