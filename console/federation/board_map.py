"""The board's map: each association's area, painted and marked by its state, and how it is kept warm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog

from console import maps
from console.federation.coverage import midnight, seats
from console.federation.watching import Line
from routing.compiled import RuleBook
from routing.geography.places import Places
from routing.model import Need

EVERY = 2.0  # seconds between two looks whether the book or the day is another
MARKS = {"watch": "▲", "shut": "■", "away": "◐"}  # as the list and the table have them
PATTERNS = {"watch": "beads", "shut": "hatch", "away": "lines"}
WORDS = {"open": "ouvert", "watch": "à surveiller", "shut": "fermé", "away": "hors horaires"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Painted:
    """One association's area, and where its mark stands; several where the sheet shows its seat twice."""

    city: str
    state: str
    d: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BoardMap:
    """What the template draws. Associations without a drawn area have their mark alone."""

    country: maps.Country
    land: str
    painted: tuple[Painted, ...]

    @property
    def told(self) -> str:
        """The map in one sentence, for who does not see it."""
        states = [one.state for one in self.painted]
        counted = [(states.count(state), word) for state, word in WORDS.items()]
        return ", ".join(f"{many} {word}" for many, word in counted if many)


def board_map(book: RuleBook, places: Places, lines: Iterable[Line], now: datetime) -> BoardMap:
    """The areas for visits, by state; what is not open is drawn last, over its neighbours."""
    areas = {shape.code: shape.d for shape in maps.areas(book, Need.VISIT, midnight(now))}
    where: dict[str, list[tuple[int, int]]] = {}
    for city, x, y in seats(book, places):
        where.setdefault(city, []).append((x, y))
    painted = [
        Painted(line.city, line.state, areas.get(line.slug, ""), tuple(where.get(line.city, ())))
        for line in lines
    ]
    return BoardMap(maps.country(), _land(), tuple(sorted(painted, key=lambda one: one.state != "open")))


def keep_warm(book: Callable[[], RuleBook], clock: Callable[[], datetime]) -> None:
    """Draw the areas of each new book and day in a thread, so that no page waits for them."""

    def keep() -> None:
        drawn: tuple[int, float] | None = None
        while True:
            current, day = book(), midnight(clock())
            if current.version and drawn != (current.version, day):
                try:
                    _land()
                    maps.areas(current, Need.VISIT, day)
                except Exception as fault:  # the page itself will say so; the thread must live
                    log.error("map_not_drawn", fault=type(fault).__name__)
                drawn = (current.version, day)
            waiting.wait(EVERY)

    waiting = threading.Event()
    threading.Thread(target=keep, name="board-map", daemon=True).start()


@cache
def _land() -> str:
    """All that is drawn of France, as one path."""
    (land,) = maps.country().shapes(dict.fromkeys(maps.outlines().codes[1:], "land"), {})
    return land.d
