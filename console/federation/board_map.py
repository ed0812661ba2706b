"""The board's map: each association's area, painted and marked by its state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from console import maps
from console.federation.coverage import midnight, seats
from console.federation.watching import Line
from routing.compiled import RuleBook
from routing.geography.places import Places
from routing.model import Need

MARKS = {"watch": "▲", "shut": "■", "away": "◐"}  # as the list and the table have them
PATTERNS = {"watch": "beads", "shut": "hatch", "away": "lines"}
WORDS = {"open": "ouvert", "watch": "à surveiller", "shut": "fermé", "away": "hors horaires"}


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
    calm_first = sorted(painted, key=lambda one: one.state != "open")
    return BoardMap(maps.country(), tuple(calm_first))
