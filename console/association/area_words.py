"""An area's rule in French: what it claims, save what, from when to when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.french import of
from routing.document import Area, Association

MOST_NAMED = 4


def said(one: Association, area: Area, communes: Mapping[str, str], departements: Mapping[str, str]) -> str:
    """« Les communes plus proches de Pau que d'une autre association, que personne ne nomme… »"""
    claims = " ; ".join(_claims(one, area, communes, departements)) or "rien"
    excepted = _named(area.except_communes, communes)
    text = claims + (f", sauf {excepted}" if excepted else "") + _dates(area)
    return f"{text[:1].upper()}{text[1:]}."


def _claims(
    one: Association, area: Area, communes: Mapping[str, str], departements: Mapping[str, str]
) -> Iterator[str]:
    if area.communes:
        many = len(area.communes) > MOST_NAMED
        yield f"{len(area.communes)} communes nommées" if many else _named(area.communes, communes)
    if area.postcodes:
        yield "les communes " + _counted(area.postcodes, "du code postal", "des codes postaux")
    for code in area.departements:
        yield f"tout le département {departements.get(code, code)} ({code})"
    radius = None if area.radius_km is None else f"à {area.radius_km:g} km".replace(".", ",")
    if area.nearest:
        within = f", {radius} au plus" if radius else ", à portée de visite ou de consultation"
        yield f"les communes que personne ne nomme et dont {one.city} est la ville la plus proche{within}"
    elif radius:
        yield f"les communes {radius} ou moins du siège {of(one.city)}"


def _counted(codes: tuple[str, ...], single: str, several: str) -> str:
    return f"{single if len(codes) == 1 else several} {', '.join(codes)}"


def _named(codes: tuple[str, ...], communes: Mapping[str, str]) -> str:
    told = [communes.get(code, code) for code in codes[:MOST_NAMED]]
    rest = len(codes) - len(told)
    return ", ".join(told) + (f" et {rest} autre{'s' if rest > 1 else ''}" if rest else "")


def _dates(area: Area) -> str:
    since = f", à partir du {area.valid_from:%d/%m/%Y}" if area.valid_from else ""
    return since + (f", jusqu'au {area.valid_until:%d/%m/%Y} compris" if area.valid_until else "")
