"""Codes that are no place; clocks and holidays that are not those of the town an association sits in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from routing.coverage import Gazetteer
from routing.document import Association, Document
from routing.geography.places import Commune, holiday_territory, time_zone
from routing.problem import Problem

MOST_TOLD = 5  # codes of one association: a list of another year's communes may hold hundreds
SEASONS = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7))


def misplaced(document: Document, places: Gazetteer, slug: str | None = None) -> Iterator[Problem]:
    """Warnings about every association, or one; `places` are all communes there are."""
    communes = {commune.insee: commune for commune in places.all()}
    departements = {commune.departement for commune in communes.values()}
    for one in document.associations:
        if slug in (None, one.slug):
            codes = [
                code
                for area in one.areas
                for code in (
                    *(insee for insee in (*area.communes, *area.except_communes) if insee not in communes),
                    *(code for code in area.postcodes if not places.by_postcode(code)),
                    *(number for number in area.departements if number not in departements),
                )
            ]
            yield from _codes(one, codes)
            if one.insee in communes:
                yield from _seat(one, communes[one.insee])
            else:
                yield from _codes(one, [one.insee])


def _codes(one: Association, codes: Iterable[str]) -> Iterator[Problem]:
    unknown = list(dict.fromkeys(codes))
    if unknown:
        told = ", ".join(unknown[:MOST_TOLD]) + (" et d'autres" if len(unknown) > MOST_TOLD else "")
        said = f"{one.name} : aucune commune n'est connue sous ce code, et personne n'y est servi : {told}."
        yield Problem("unknown_place", False, said, rule=f"associations/{one.slug}/areas")


def _seat(one: Association, seat: Commune) -> Iterator[Problem]:
    rule = f"associations/{one.slug}/hours"
    here, there = ZoneInfo(one.time_zone), ZoneInfo(time_zone(seat))
    if any(at.astimezone(here).utcoffset() != at.astimezone(there).utcoffset() for at in SEASONS):
        said = f"{one.name} : ses horaires sont à l'heure {here.key}, et {seat.name} à l'heure {there.key}."
        yield Problem("foreign_clock", False, said, commune=seat.insee, rule=rule)
    if (one.holiday_territory or "") != holiday_territory(seat) and _minds_holidays(one):
        said = f"{one.name} : ses jours fériés ne sont pas ceux de {seat.name}."
        yield Problem("foreign_holidays", False, said, commune=seat.insee, rule=rule)


def _minds_holidays(one: Association) -> bool:
    return any(hours.holidays is not None or hours.eves is not None for hours in one.hours)
