"""The demonstration rule book: the associations of `data/associations.csv` with fictional numbers."""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from routing.document import (
    Area,
    Association,
    Callbacks,
    Document,
    National,
    Overflow,
    Phone,
    Reach,
    Regulator,
    Strategy,
)
from routing.document_hours import ROUND_THE_CLOCK, Hours, WeeklySpan
from routing.geography.grid import distance_km
from routing.geography.places import Commune, holiday_territory, time_zone
from routing.model import Need

DATA = Path(__file__).parent / "data"
NEIGHBOURS, NEIGHBOURHOOD_KM = 2, 80.0
FAR_NEIGHBOUR_KM = 200.0  # one pact at least for those who sit alone, such as Toulouse; none for Martinique
NATIONAL_DESK, NATIONAL_POOL = "national", "national-teleconsultation"
ACTS = {"visite": Need.VISIT, "consultation": Need.CONSULTATION}

# The blocks kept for fiction, by telephone zone (Arcep): a desk's number lies in its own zone.
ZONES = {
    "19900": "75 77 78 91 92 93 94 95",
    "26191": "14 18 22 27 28 29 35 36 37 41 44 45 49 50 53 56 61 72 76 85",
    "46571": "01 03 04 05 06 07 11 13 15 2A 2B 26 30 34 38 42 43 48 63 66 69 73 74 83 84",
    "53649": "09 12 16 17 19 23 24 31 32 33 40 46 47 64 65 79 81 82 86 87 972",
}
ELSEWHERE = "35301"


@cache
def demo_document() -> Document:
    """The demonstration, always the same: coverage as `data/coverage.csv` says, else the nearest in reach."""
    rows = _rows("associations.csv")
    practices = tomllib.loads((DATA / "practices.toml").read_text())
    desk_of = {user: desk for desk, users in practices["shared_desks"].items() for user in users}
    areas = _areas()
    return Document(
        national=National(regulator=NATIONAL_DESK, teleconsultation=(NATIONAL_POOL,)),
        reach=_reach(),
        regulators=(*_national_desks(), *_desks(rows, practices, desk_of)),
        associations=tuple(_association(row, rows, practices, desk_of, areas) for row in rows),
    )


def _association(
    row: dict[str, str],
    rows: list[dict[str, str]],
    practices: dict[str, Any],
    desk_of: dict[str, str],
    areas: dict[str, tuple[Area, ...]],
) -> Association:
    slug, seat = row["slug"], _seat(row)
    pool = slug in practices["teleconsultation"]["own_pool"]
    cap = practices["daily_caps"].get(slug)
    return Association(
        slug=slug,
        name=row["name"],
        city=row["city"],
        insee=row["insee_code"],
        lon=seat.lon,
        lat=seat.lat,
        opened=practices["opened"].get(slug),
        time_zone=time_zone(seat),
        holiday_territory=holiday_territory(seat) or None,
        regulators=(desk_of.get(slug, slug),),
        areas=areas[slug] if slug in areas else (_nearest(()),),
        hours=_hours(practices["hours"].get(slug, {})),
        overflow=tuple(Overflow(association=other, accepted=True) for other in _neighbours(row, rows)),
        daily_caps={} if cap is None else {Need.VISIT: cap},
        callbacks=Callbacks(regulators=(_pool_id(slug),) if pool else ()),
    )


def _hours(restricted: dict[str, list[str]]) -> tuple[Hours, ...]:
    free = tuple(need for need in Need if need not in restricted)
    found = [Hours(needs=free, weekly=ROUND_THE_CLOCK)]
    for need, (opens, closes) in restricted.items():
        found.append(Hours(needs=(Need(need),), weekly=(WeeklySpan(opens=opens, closes=closes),)))
    return tuple(found)


def _neighbours(row: dict[str, str], rows: list[dict[str, str]]) -> list[str]:
    seat = _seat(row)
    distances = sorted((distance_km(seat, _seat(other)), other["slug"]) for other in rows if other is not row)
    near = [slug for km, slug in distances if km <= NEIGHBOURHOOD_KM]
    return near[:NEIGHBOURS] or [slug for km, slug in distances[:1] if km <= FAR_NEIGHBOUR_KM]


def _areas() -> dict[str, tuple[Area, ...]]:
    """What `coverage.csv` says, as areas of communes with their dates, then the nearest-seat rule."""
    communes: dict[str, dict[tuple[Need, date | None, date | None], list[str]]] = defaultdict(dict)
    for row in _rows("coverage.csv"):
        period = (ACTS[row["act"]], _date(row["valid_from"]), _date(row["valid_to"]))
        communes[row["slug"]].setdefault(period, []).append(row["insee_code"])
    found = {}
    for slug, periods in communes.items():
        named = tuple(
            Area(needs=(need,), communes=tuple(codes), valid_from=since, valid_until=until)
            for (need, since, until), codes in periods.items()
        )
        # A commune whose membership ended is not taken back by being near.
        left = tuple(code for (_, _, until), codes in periods.items() if until for code in codes)
        found[slug] = (*named, *_around(left))
    return found


def _around(left: tuple[str, ...]) -> tuple[Area, ...]:
    if not left:
        return (_nearest(()),)
    visit = Area(needs=(Need.VISIT,), nearest=True, except_communes=left)
    return visit, Area(needs=(Need.CONSULTATION,), nearest=True)


def _nearest(left: tuple[str, ...]) -> Area:
    return Area(needs=(Need.VISIT, Need.CONSULTATION), nearest=True, except_communes=left)


def _reach() -> Reach:
    """The SAS radius plus twice its enlargement for visits, 60 km for consultation."""
    rows = _rows("search_radius.csv")
    table = {row["departement"]: float(row["radius_km"]) + 2 * float(row["enlargement_km"]) for row in rows}
    return Reach(visit=table, visit_elsewhere=0.0, consultation=60.0)


def _national_desks() -> Iterator[Regulator]:
    yield Regulator(
        id=NATIONAL_DESK,
        name="Régulation nationale",
        phones=(Phone(number="+33199003600", verified=True),),
        lines=30,
        ring_seconds=55,
        accept_key=False,
    )
    yield Regulator(
        id=NATIONAL_POOL,
        name="Téléconsultation nationale",
        phones=(Phone(number="+33199003625", verified=True),),
        lines=20,
    )


def _desks(
    rows: list[dict[str, str]], practices: dict[str, Any], desk_of: dict[str, str]
) -> Iterator[Regulator]:
    for place, row in enumerate(rows, start=1):
        slug, block = row["slug"], _block(row["departement"])
        count = practices["lines_at_once"].get(slug, 1)
        if slug not in desk_of:
            yield Regulator(
                id=slug,
                name=f"Régulation {row['city']}",
                phones=tuple(_phone(block, 1000 + 10 * place + line) for line in range(count)),
                strategy=Strategy.ALL_AT_ONCE if count > 1 else Strategy.IN_ORDER,
            )
        if slug in practices["teleconsultation"]["own_pool"]:
            yield Regulator(
                id=_pool_id(slug),
                name=f"Téléconsultation {row['city']}",
                phones=(_phone(block, 5000 + 10 * place),),
            )


def _phone(block: str, last: int) -> Phone:
    return Phone(number=f"+33{block}{last:04d}", verified=True)


def _pool_id(slug: str) -> str:
    return f"{slug}-teleconsultation"


def _block(departement: str) -> str:
    return next((block for block, inside in ZONES.items() if departement in inside.split()), ELSEWHERE)


def _seat(row: dict[str, str]) -> Commune:
    lon, lat = float(row["lon"]), float(row["lat"])
    return Commune(row["insee_code"], row["city"], row["departement"], 0, lon, lat, ())


def _date(text: str) -> date | None:
    return date.fromisoformat(f"{text}-01" if len(text) == len("2017-11") else text) if text else None


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
