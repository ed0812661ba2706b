"""Who answers around one association under one text, worked out once per text and hour, with its maps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.association import area_effect
from console.association.area_effect import Owners
from console.association.workbench import Ground
from console.french import alphabetical
from console.maps_area import AreaMap, drawn
from routing.coverage import Terrain
from routing.document import Association, Document
from routing.geography.places import Commune, Places
from routing.model import Need

HOUR = 3600
KEPT = 24  # texts remembered
_kept: OrderedDict[tuple[str, str, int], Standing] = OrderedDict()


@dataclass(frozen=True)
class Standing:
    """An association's ground under one text at one instant."""

    one: Association
    codes: frozenset[str]  # the communes looked at
    owners: Mapping[Need, Owners]
    terrain: Terrain
    places: Places
    _maps: dict[Need, AreaMap | None] = field(default_factory=dict)

    def served(self, need: Need) -> frozenset[str]:
        """The communes it answers for."""
        slug = self.one.slug
        return frozenset(code for code, slugs in self.owners.get(need, {}).items() if slug in slugs)

    def communes(self, need: Need) -> list[Commune]:
        """The same, by name."""
        found = (self.terrain.communes[code] for code in self.served(need))
        return sorted(found, key=lambda one: alphabetical(one.name))

    def map(self, need: Need, before: Standing | None = None) -> AreaMap | None:
        """Its map; with `before`, what came and went is told apart."""
        if before is not None:
            return drawn(self.one, self.owners.get(need, {}), self.places, before.served(need))
        if need not in self._maps:
            self._maps[need] = drawn(self.one, self.owners.get(need, {}), self.places)
        return self._maps[need]


def standing(now: Ground, terrain: Terrain, places: Places, instant: float) -> Standing:
    """As the text on the workbench has it; `instant` in seconds, to the hour."""
    key = (now.slug, now.stamp, int(instant // HOUR))
    found = _kept.get(key)
    if found is None:
        codes = area_effect.ground_of(now.slug, terrain, now.document)
        found = _kept[key] = _over(now.document, now.slug, codes, terrain, places, instant)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def both(
    now: Ground, changed: Document, terrain: Terrain, places: Places, instant: float
) -> tuple[Standing, Standing]:
    """As the text has it and as it would be changed, over the same communes."""
    codes = area_effect.ground_of(now.slug, terrain, now.document, changed)
    before = standing(now, terrain, places, instant)
    if not codes <= before.codes:
        before = _over(now.document, now.slug, codes, terrain, places, instant)
    return before, _over(changed, now.slug, before.codes, terrain, places, instant)


def _over(
    document: Document, slug: str, codes: frozenset[str], terrain: Terrain, places: Places, instant: float
) -> Standing:
    one = next(one for one in document.associations if one.slug == slug)
    return Standing(one, codes, area_effect.owners(document, terrain, codes, instant), terrain, places)
