"""From a landline's number to the commune it most likely rings in."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from pathlib import Path

from routing.model import Located, PlaceSource

PREFIXES_FILE = Path(__file__).parent / "data" / "prefixes.tsv.gz"
PREFIXES_FORMAT = "3624-prefixes-1"

# Numbers move inside their 01-05 zone since 2020, all over metropolitan France since 2023 (Arcep), and the
# table is of 2013: even an exact prefix is a hint. An assumption until call records can calibrate it.
STAYED = 0.85
# An overseas number outside the table says its territory only; the chef-lieu stands for it.
TERRITORY_ONLY = 0.3

_TERRITORIES = {
    "0262": "97411",
    "0263": "97411",
    "0269": "97611",
    "0508": "97502",
    "0590": "97105",
    "0594": "97302",
    "0596": "97209",
}
_NUMBER = re.compile(
    r"(?:(?:\+|00)33(?:0|\(0\))?(?P<metropole>[1-5][0-9]{8})"
    r"|(?:\+|00)(?:262(?P<indian>26[239][0-9]{6})"
    r"|(?P<caribbean>59[046])(?P<again>(?P=caribbean)[0-9]{6})"
    r"|508(?:508)?(?P<miquelon>[1-9][0-9]{5}))"
    r"|(?P<national>0[1-5][0-9]{8}))"
)


class Landlines:
    """The number plan's prefixes, in memory (about 3 MB), frozen after loading."""

    __slots__ = ("_prefixes",)

    def __init__(self, prefixes: Mapping[str, tuple[str, float]]) -> None:
        """`prefixes`: national prefix of 6, 5 or 4 digits -> (INSEE code, share of callers near it)."""
        self._prefixes = prefixes

    @classmethod
    def load(cls, path: Path | None = None) -> Landlines:
        """Read `prefixes.tsv.gz` as `build` wrote it; ValueError when the file is of another format."""
        first, *lines = gzip.decompress((path or PREFIXES_FILE).read_bytes()).decode().splitlines()
        if first != PREFIXES_FORMAT:
            raise ValueError(f"not a {PREFIXES_FORMAT} file: {first[:40]!r}")
        rows = (line.split("\t") for line in lines)
        shared: dict[tuple[str, str], tuple[str, float]] = {}  # a few hundred places serve all prefixes
        return cls(
            {
                prefix: shared.setdefault((insee, share), (insee, float(share)))
                for prefix, insee, share in rows
            }
        )

    def locate(self, number: str | None) -> Located | None:
        """Where a caller's number says they are, or None: any text is taken, E.164 is expected.

        Confidence, falling from tier to tier:
        1. the exact prefix 0ZABPQ: `STAYED` x the share of its numbering zone's inhabitants who live within
           15 km of the zone's chief town (Toulouse high, the zone that is all Corsica low);
        2. else the zone that holds more than half of the known prefixes under the first five digits, then
           four: the same, x that majority;
        3. else, overseas, the territory's chief town: `TERRITORY_ONLY`.
        Mobiles (06, 07), 08, 09, foreign, withheld and unknown prefixes are None: they say no place.
        """
        national = _national(number)
        if national is None:
            return None
        for length in (6, 5, 4):
            known = self._prefixes.get(national[:length])
            if known is not None:
                return Located(known[0], round(STAYED * known[1], 3), PlaceSource.LANDLINE)
        territory = _TERRITORIES.get(national[:4])
        return Located(territory, TERRITORY_ONLY, PlaceSource.LANDLINE) if territory else None


def _national(number: str | None) -> str | None:
    """The ten digits dialled inside France (0561...; 0508 before a number of Saint-Pierre-et-Miquelon)."""
    if not isinstance(number, str):
        return None
    match = _NUMBER.fullmatch(re.sub(r"[\s.\-]", "", number))
    if match is None:
        return None
    if match["miquelon"]:
        return "0508" + match["miquelon"]
    return match["national"] or "0" + (match["metropole"] or match["indian"] or match["again"])
