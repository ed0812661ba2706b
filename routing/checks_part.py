"""One association's draft proved while it is being typed: only the communes it can touch are looked at.

Communes are independent of one another, so the part's problems are those the whole would give for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from routing.checks import Report, check
from routing.compile import compile_book
from routing.coverage import Terrain, named_communes
from routing.document import Document
from routing.geography.places import Commune
from routing.proof import Known


class Part:
    """Some of the communes, as a gazetteer."""

    def __init__(self, terrain: Terrain, codes: Iterable[str]) -> None:
        self._all = terrain.places
        self._codes = frozenset(codes)
        self._communes = [terrain.communes[code] for code in sorted(self._codes) if code in terrain.communes]

    def all(self) -> Iterable[Commune]:
        """Its communes."""
        return self._communes

    def by_postcode(self, code: str) -> Iterable[Commune]:
        """Those of a postcode that belong to it."""
        return [commune for commune in self._all.by_postcode(code) if commune.insee in self._codes]


def check_association(
    document: Document,
    slug: str,
    terrain: Terrain,
    since: datetime,
    until: datetime,
    before: Document,
    known: Known | None = None,
) -> Report:
    """Prove a draft where `slug` can make a difference: its communes, before and after, and those of whom it
    helps. The faults of the document itself are told in full; counts are the part's."""
    codes = set(touched(before, slug, terrain)) | set(touched(document, slug, terrain))
    part = Part(terrain, codes)
    return check(compile_book(document, 0, part), part, since, until, known)


def touched(document: Document, slug: str, terrain: Terrain) -> Iterator[str]:
    """Every commune from which this association may be asked."""
    reach = document.reach
    farthest = max(reach.consultation, reach.visit_elsewhere, *reach.visit.values(), 0.0)
    for one in document.associations:
        helped = slug in (pact.association for pact in one.overflow)
        if one.slug == slug or helped or _replaced(document, one.slug, slug):
            yield from (insee for _, insee, _ in terrain.near(one.lon, one.lat, farthest))
            for area in one.areas:
                yield from named_communes(one, area, terrain)


def _replaced(document: Document, one: str, slug: str) -> bool:
    return any(c.association in (None, one) and slug in c.meanwhile for c in document.closures)
