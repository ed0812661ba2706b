"""What changed in the communes an association names as its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from routing.document import Area
from routing.words import NEEDS

MOST_NAMED = 6  # communes told by name; the others are counted
_LISTS = {
    "communes": ("la commune", "communes"),
    "postcodes": ("le code postal", "codes postaux"),
    "departements": ("le département", "départements"),
    "except_communes": ("sauf la commune", "communes exceptées"),
}
_Alike = tuple[tuple[str, ...], date | None, date | None, bool, float | None]


def areas_in_words(
    before: Sequence[Area], after: Sequence[Area], communes: Mapping[str, str]
) -> Iterator[str]:
    """Phrases for areas that are new, gone, or name other communes."""
    if tuple(before) == tuple(after):
        return
    old, new = _alike(before), _alike(after)
    told = False
    for alike in dict.fromkeys((*old, *new)):
        for field, words in _LISTS.items():
            one, other = (set(areas.get(alike, {}).get(field, ())) for areas in (old, new))
            for verb, codes in (("gagne", other - one), ("perd", one - other)):
                if codes:
                    told = True
                    yield f"le secteur {_named(alike)} {verb} {_codes(codes, words, communes)}"
        if (alike in old) != (alike in new) and _bare(old, new, alike):
            told = True
            yield f"le secteur {_named(alike)} {'est ajouté' if alike in new else 'est supprimé'}"
    if not told:
        yield "le secteur est récrit sans changer de communes"


def _alike(areas: Sequence[Area]) -> dict[_Alike, dict[str, list[str]]]:
    """Areas of the same needs, dates and kind, their lists put together."""
    found: dict[_Alike, dict[str, list[str]]] = {}
    for area in areas:
        needs = tuple(sorted(area.needs))
        key = (needs, area.valid_from, area.valid_until, area.nearest, area.radius_km)
        lists = found.setdefault(key, defaultdict(list))
        for field in _LISTS:
            lists[field] += getattr(area, field)
    return found


def _bare(
    old: dict[_Alike, dict[str, list[str]]], new: dict[_Alike, dict[str, list[str]]], alike: _Alike
) -> bool:
    """No list says that it came or went."""
    lists = old.get(alike) or new.get(alike) or {}
    return not any(lists.get(field) for field in _LISTS)


def _named(alike: _Alike) -> str:
    needs, since, until, nearest, radius = alike
    words = [", ".join(NEEDS[need] for need in needs)]  # type: ignore[index] # a StrEnum's value is its key
    if nearest:
        words.append("au plus proche")
    if radius is not None:
        words.append(f"à {radius:g} km")
    if since is not None:
        words.append(f"dès le {since:%d/%m/%Y}")
    if until is not None:
        words.append(f"jusqu'au {until:%d/%m/%Y}")
    return f"({', '.join(words)})"


def _codes(codes: set[str], words: tuple[str, str], communes: Mapping[str, str]) -> str:
    one, several = words
    named = sorted(communes.get(code, code) for code in codes)
    if len(named) == 1:
        return f"{one} {named[0]}"
    rest = f" et {len(named) - MOST_NAMED} autres" if len(named) > MOST_NAMED else ""
    return f"{len(named)} {several} : {', '.join(named[:MOST_NAMED])}{rest}"
