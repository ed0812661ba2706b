"""The landline prefixes' file, from Arcep's numbering zones."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from routing.geography.grid import distance_km
from routing.geography.places import Places

NEAR_KM = 15.0  # what counts as "there": the usual distance from one association's town to its outskirts

# Zones whose name is no INSEE code of today. Mayotte: Mamoudzou holds the prefecture.
_RENAMED = {"09751": "97502", "09761": "97611", "20004": "2A004", "97127": "97801"}


def read_pairs(path: Path, key: str, value: str) -> dict[str, str]:
    """Two columns of a CSV file (plain or gzip) as a mapping."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return {row[key]: row[value] for row in csv.DictReader(text.decode("utf-8").splitlines())}


def zone_communes(zones: Mapping[str, str], mentioned: Iterable[str], places: Places) -> dict[str, str]:
    """Numbering zone -> the commune of today that stands for it; ValueError when there is none.

    `zones`: zone -> its chief town; a zone that is only `mentioned` (97416) is called after its own.
    """
    found: dict[str, str] = {}
    for zone, chief in ({zone: zone for zone in mentioned} | dict(zones)).items():
        insee = next((code for code in (_RENAMED.get(zone, zone), chief) if places.commune(code)), None)
        if insee is None:
            raise ValueError(f"zone {zone}: no commune of today stands for it")
        found[zone] = insee
    return found


def shares(chiefs: Mapping[str, str], members: Mapping[str, str], places: Places) -> dict[str, float]:
    """Zone -> share of its inhabitants who live within `NEAR_KM` of the commune that stands for it (0..1).

    `members`: commune -> zone, of 2013; communes that have merged since are left out.
    """
    near: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for insee, zone in members.items():
        commune, chief = places.commune(insee), places.commune(chiefs[zone])
        if commune is None or chief is None:
            continue
        total[zone] += commune.population
        if distance_km(commune, chief) <= NEAR_KM:
            near[zone] += commune.population
    # A zone without a list of communes is no better known than the average one.
    average = near.total() / total.total() if total.total() else 0.5
    return {zone: near[zone] / total[zone] if total[zone] else average for zone in chiefs}


def prefixes(
    table: Mapping[str, str], chiefs: Mapping[str, str], weight: Mapping[str, float]
) -> Iterator[tuple[str, str, float]]:
    """(prefix, INSEE code, share) for six-digit prefixes, and shorter ones where a majority agrees.

    `table`: six-digit prefix -> zone.
    """
    below: dict[str, Counter[str]] = defaultdict(Counter)
    for prefix, zone in table.items():
        yield prefix, chiefs[zone], weight[zone]
        for length in (4, 5):
            below[prefix[:length]][zone] += 1
    for prefix, zones in below.items():
        zone, count = max(zones.items(), key=lambda item: (item[1], item[0]))
        if 2 * count > zones.total():
            yield prefix, chiefs[zone], weight[zone] * count / zones.total()
