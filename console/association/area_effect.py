"""Who answers for which commune under a text, and « qui perd, qui gagne » from one text to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing.checks_part import Part, touched
from routing.coverage import Terrain, chains
from routing.document import Document
from routing.geography.places import Commune
from routing.model import Need

Owners = Mapping[str, tuple[str, ...]]  # commune -> slugs, the nearest seat first; nobody's are left out
DRAWN = (Need.VISIT, Need.CONSULTATION)  # the needs every association has a ground for


@dataclass(frozen=True, slots=True)
class Balance:
    """What one association gains and loses for one need."""

    slug: str
    communes_in: int
    communes_out: int
    people_in: int
    people_out: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one need: balances, and the communes that become a hole or double, or cease to be."""

    need: Need
    balances: tuple[Balance, ...]
    holes: tuple[Commune, ...]
    filled: tuple[Commune, ...]
    doubled: tuple[Commune, ...]
    undoubled: tuple[Commune, ...]

    @property
    def nothing(self) -> bool:
        """Whether it leaves everything as it was."""
        return not (self.balances or self.holes or self.filled or self.doubled or self.undoubled)


def owners(document: Document, terrain: Terrain, codes: Iterable[str], instant: float) -> dict[Need, Owners]:
    """Who answers for these communes at an instant, for every need somebody has an area for."""
    part = Part(terrain, codes)
    return {
        need: {code: found for code, chain in by_commune.items() if (found := chain.owners(instant))}
        for need, by_commune in chains(document, Terrain(part)).items()
    }


def ground_of(slug: str, terrain: Terrain, *documents: Document) -> frozenset[str]:
    """Every commune this association may touch under any of these texts; cities by arrondissement."""
    found = {code for document in documents for code in touched(document, slug, terrain)}
    return frozenset(found - terrain.parts.keys())


def effects(before: Mapping[Need, Owners], after: Mapping[Need, Owners], terrain: Terrain) -> list[Effect]:
    """Need by need, what changes from one to the other."""
    return [
        found
        for need in Need
        if not (found := _effect(need, before.get(need, {}), after.get(need, {}), terrain)).nothing
    ]


def _effect(need: Need, before: Owners, after: Owners, terrain: Terrain) -> Effect:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    turned: dict[str, list[Commune]] = {"holes": [], "filled": [], "doubled": [], "undoubled": []}
    for code in sorted(before.keys() | after.keys()):
        old, new, commune = before.get(code, ()), after.get(code, ()), terrain.communes[code]
        for slug, place in (*((s, 0) for s in new if s not in old), *((s, 1) for s in old if s not in new)):
            counts[slug][place] += 1
            counts[slug][place + 2] += commune.population
        turn = _turn(len(old), len(new))
        if turn is not None:
            turned[turn].append(commune)
    balances = tuple(Balance(slug, *numbers) for slug, numbers in sorted(counts.items()))
    return Effect(need, balances, **{turn: _largest(communes) for turn, communes in turned.items()})


def _turn(old: int, new: int) -> str | None:
    """What a commune becomes whose owners are so many instead of so many."""
    if old and not new:
        return "holes"
    if new and not old:
        return "filled" if new == 1 else "doubled"
    if (old > 1) != (new > 1):
        return "doubled" if new > 1 else "undoubled"
    return None


def _largest(communes: list[Commune]) -> tuple[Commune, ...]:
    return tuple(sorted(communes, key=lambda one: (-one.population, one.insee)))
