"""A year of 3624's calls under the book in force and a draft: `python -m bench.replay [calls]`.

The calls follow the hours and weekdays of the load profile, the communes their inhabitants. Making them is
timed apart, since the console reads them from SQL instead.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

from routing.compile import compile_book
from routing.coverage import Terrain
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places
from routing.model import Need
from routing.replay import PastCall, replay

YEAR = 6_500_000
NEEDS = (Need.VISIT, Need.CONSULTATION, Need.TELECONSULTATION, Need.ADVICE, None)
SHARES = (0.52, 0.24, 0.07, 0.12, 0.05)
# Relative calls by hour of the day: mornings and evenings.
HOURS = (20, 14, 11, 9, 8, 10, 18, 34, 52, 60, 58, 52, 46, 44, 44, 46, 50, 58, 68, 74, 70, 58, 42, 30)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def main(count: int) -> None:
    """Replay under a draft that touches one association, and under one that touches them all."""
    places = Places.load()
    terrain = Terrain(places)
    before = compile_book(demo_document(), 1, terrain)
    past = _Past(places, count)
    began = perf_counter()
    made = sum(1 for _ in past.calls())
    print(f"{made} calls read in {perf_counter() - began:.1f} s")
    for name, draft in (("one association", _one_by_night()), ("all associations", _all_by_day())):
        after = compile_book(draft, 2, terrain)
        for days in (365, 7):
            began = perf_counter()
            found = replay(before, after, past.calls(days), SINCE, SINCE + timedelta(days=days))
            seconds = perf_counter() - began
            print(f"{name}, {days} days: {found.calls} calls, {found.moved} moved, {seconds:.2f} s")
    print(f"{getrusage(RUSAGE_SELF).ru_maxrss // 1024} MB")


class _Past:
    """Calls in columns, 11 bytes each, in order of time."""

    def __init__(self, places: Places, count: int) -> None:
        chance = Random(3624)
        communes = places.all()
        self._codes = [commune.insee for commune in communes]
        people = [commune.population for commune in communes]
        hours = [hour for day in range(365) for hour in range(24 * day, 24 * day + 24)]
        self._instants = array("d", (0.0,)) * 0
        drawn = chance.choices(hours, [HOURS[hour % 24] for hour in hours], k=count)
        self._instants.extend(
            sorted(SINCE.timestamp() + 3600 * hour + 3600 * chance.random() for hour in drawn)
        )
        self._places = array("H", chance.choices(range(len(communes)), people, k=count))
        self._needs = array("B", chance.choices(range(5), SHARES, k=count))

    def calls(self, days: int = 365) -> Iterator[PastCall]:
        """The calls of the first days."""
        until = SINCE.timestamp() + 86400 * days
        last = next((i for i, at in enumerate(self._instants) if at >= until), len(self._instants))
        places = map(self._codes.__getitem__, self._places[:last])
        return zip(places, map(NEEDS.__getitem__, self._needs[:last]), self._instants[:last], strict=True)


def _one_by_night() -> Document:
    return _visits_closed_by_day({"bordeaux"})


def _all_by_day() -> Document:
    return _visits_closed_by_day({one.slug for one in demo_document().associations})


def _visits_closed_by_day(slugs: set[str]) -> Document:
    written = demo_document().model_dump(mode="json")
    for one in written["associations"]:
        if one["slug"] in slugs:
            for hours in one["hours"]:
                hours["needs"] = [need for need in hours["needs"] if need != "visit"]
            one["hours"].append({"needs": ["visit"], "weekly": [{"opens": "20:00", "closes": "08:00"}]})
    return Document.model_validate(written)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else YEAR)
