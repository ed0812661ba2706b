"""How a need is covered: each postcode's state, and each département's; worked out once per book."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from operator import itemgetter

from console import maps
from console.french import PARIS
from routing.compiled import RuleBook
from routing.geography.places import Commune, Places, parent
from routing.model import Need
from routing.words import NEEDS

COVERED = (Need.VISIT, Need.CONSULTATION)


class State(StrEnum):
    """How a postcode or a commune is covered."""

    WHOLE = "whole"
    PART = "part"  # some of a postcode's communes
    NONE = "none"
    DOUBLE = "double"  # two associations in at least one commune


WORDS = {
    State.WHOLE: ("●", "une association"),
    State.DOUBLE: ("◆", "deux secteurs"),
    State.PART: ("◐", "en partie"),
    State.NONE: ("○", "sans association"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One département: its postcodes by state, its communes without association, their inhabitants."""

    code: str
    name: str
    postcodes: int
    states: Counter[State]
    communes: int
    uncovered: int
    doubled: int
    inhabitants: int


@dataclass(frozen=True, slots=True)
class Postcode:
    """One postcode, the state of its communes, and who answers there, the nearest first."""

    code: str
    communes: tuple[Commune, ...]
    owners: tuple[str, ...]
    state: State


@dataclass(frozen=True, eq=False)
class Coverage:
    """A need under one book on one day."""

    need: Need
    owners: dict[str, tuple[str, ...]]  # INSEE code -> slugs; cities by arrondissement
    postcodes: dict[str, tuple[Postcode, ...]]  # by département
    rows: tuple[Row, ...]
    total: Row
    covered: str  # paths for the map of the country
    doubled: str


@lru_cache(maxsize=8)
def coverage(book: RuleBook, places: Places, need: Need, midnight: float) -> Coverage:
    """The book is frozen and titles begin and end at midnight: this holds for a day of a book."""
    ground = ground_of(places)
    owners = {one.insee: book.chain(need, one.insee).owners(midnight) for one in ground.communes}
    by_departement = {
        departement: tuple(_postcode(code, inside, owners) for code, inside in codes)
        for departement, codes in ground.postcodes.items()
    }
    rows = tuple(_rows(ground, owners, by_departement))
    paint = {code: ("doubled" if len(found) > 1 else "covered") for code, found in owners.items() if found}
    paths = {shape.code: shape.d for shape in maps.country().shapes(paint, {})}
    return Coverage(
        need,
        owners,
        by_departement,
        rows,
        _total(rows),
        paths.get("covered", ""),
        paths.get("doubled", ""),
    )


@dataclass(frozen=True)
class Ground:
    """The same under every book: the communes (cities by arrondissement), by postcode and département."""

    communes: tuple[Commune, ...]
    postcodes: dict[str, list[tuple[str, tuple[Commune, ...]]]]  # by département
    departements: dict[str, list[Commune]]


@lru_cache(maxsize=2)
def ground_of(places: Places) -> Ground:
    """The country's, put in order once."""
    cities = {parent(one.insee) for one in places.all()}
    communes = tuple(one for one in places.all() if one.insee not in cities)
    departements: dict[str, list[Commune]] = defaultdict(list)
    for one in communes:
        departements[one.departement].append(one)
    return Ground(communes, _postcodes(communes), dict(sorted(departements.items())))


def seats(book: RuleBook, places: Places) -> tuple[tuple[str, int, int], ...]:
    """City and place on the map of every association's seat."""
    document = book.document
    found = []
    for one in document.associations if document else ():
        commune = places.commune(one.insee)
        for x, y in maps.country().points(one.lon, one.lat, commune.departement) if commune else ():
            found.append((one.city, x, y))
    return tuple(found)


def midnight(now: datetime) -> float:
    """The Parisian one before `now`, in seconds UTC."""
    local = now.astimezone(PARIS)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def table(found: Coverage, names: dict[str, str]) -> str:
    """A CSV file that opens right in a French Excel: one commune and postcode a line."""
    out = StringIO()
    out.write("\ufeff")
    lines = csv.writer(out, delimiter=";", lineterminator="\r\n")
    lines.writerow(
        (
            "code postal",
            "code INSEE",
            "commune",
            "département",
            "habitants",
            "besoin",
            "état",
            "associations",
        )
    )
    need = NEEDS[found.need]
    ends = {who: _ending(who, names) for who in set(found.owners.values())}
    lines.writerows(
        (
            postcode.code,
            one.insee,
            one.name,
            one.departement,
            one.population,
            need,
            *ends[found.owners[one.insee]],
        )
        for departement in found.postcodes.values()
        for postcode in departement
        for one in postcode.communes
    )
    return out.getvalue()


def _ending(owners: tuple[str, ...], names: dict[str, str]) -> tuple[str, str]:
    return WORDS[_state([owners])][1], ", ".join(names.get(slug, slug) for slug in owners)


def _postcodes(communes: Iterable[Commune]) -> dict[str, list[tuple[str, tuple[Commune, ...]]]]:
    sharing: dict[tuple[str, str], list[Commune]] = defaultdict(list)
    for one in communes:
        for code in one.postcodes:
            sharing[code, code[:3] if code.startswith(("97", "98")) else one.departement].append(one)
    kept: dict[str, dict[str, tuple[Commune, ...]]] = defaultdict(dict)
    seen: dict[str, str] = {}
    for (code, departement), inside in sorted(sharing.items(), key=itemgetter(0)):
        first = seen.setdefault(code, departement)  # a few straddle two départements: told in the first
        kept[first][code] = (*kept[first].get(code, ()), *inside)
    return {departement: list(found.items()) for departement, found in sorted(kept.items())}


def _postcode(code: str, inside: tuple[Commune, ...], owners: dict[str, tuple[str, ...]]) -> Postcode:
    titles = [owners[one.insee] for one in inside]
    who = tuple(dict.fromkeys(slug for found in titles for slug in found))
    return Postcode(code, inside, who, _state(titles))


def _state(titles: list[tuple[str, ...]]) -> State:
    if any(len(found) > 1 for found in titles):
        return State.DOUBLE
    held = sum(1 for found in titles if found)
    return State.WHOLE if held == len(titles) else State.PART if held else State.NONE


def _rows(
    ground: Ground, owners: dict[str, tuple[str, ...]], postcodes: dict[str, tuple[Postcode, ...]]
) -> Iterator[Row]:
    for code, inside in ground.departements.items():
        told = postcodes.get(code, ())
        bare = [one for one in inside if not owners[one.insee]]
        yield Row(
            code,
            maps.departement_names().get(code, code),
            len(told),
            Counter(one.state for one in told),
            len(inside),
            len(bare),
            sum(len(owners[one.insee]) > 1 for one in inside),
            sum(one.population for one in bare),
        )


def _total(rows: tuple[Row, ...]) -> Row:
    states: Counter[State] = sum((row.states for row in rows), Counter())
    numbers = (
        sum(getattr(row, name) for row in rows)
        for name in ("communes", "uncovered", "doubled", "inhabitants")
    )
    return Row("", "France", sum(row.postcodes for row in rows), states, *numbers)
