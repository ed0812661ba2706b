"""A verdict for each entry pasted, before anything is saved: new, another's, already yours, unclear. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.association.area_effect import Owners
from console.association.area_paste import Entry
from routing.model import Need


class Verdict(StrEnum):
    """What is thought of an entry; the last two cannot be kept."""

    NEW = "new"
    TAKEN = "taken"  # another association answers for it, or for some of it
    GONE = "gone"  # would be taken away
    ALREADY = "already"
    CHOOSE = "choose"
    UNKNOWN = "unknown"


BAD = (Verdict.CHOOSE, Verdict.UNKNOWN)
WORDS = {
    Verdict.NEW: ("+", "à ajouter"),
    Verdict.TAKEN: ("▲", "à ajouter, déjà servie"),
    Verdict.GONE: ("−", "à retirer"),
    Verdict.ALREADY: ("=", "rien à faire"),
    Verdict.CHOOSE: ("?", "à préciser"),
    Verdict.UNKNOWN: ("✕", "inconnu"),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry, its one verdict, and why in words."""

    entry: Entry
    verdict: Verdict
    said: str

    @property
    def good(self) -> bool:
        """Whether it can be kept as it is."""
        return self.verdict not in BAD


def judged(
    entries: Iterable[Entry],
    owners: Mapping[Need, Owners],
    needs: Iterable[Need],
    slug: str,
    names: Mapping[str, str],
    *,
    remove: bool,
) -> tuple[Judged, ...]:
    """One verdict an entry. `names`: commune, and association by slug, in words."""
    grounds = [owners.get(need, {}) for need in needs]
    seen: dict[frozenset[str], str] = {}
    found = []
    for entry in entries:
        key = frozenset(entry.communes)
        if not entry.read:
            verdict = Verdict.CHOOSE if entry.choices else Verdict.UNKNOWN
            found.append(Judged(entry, verdict, entry.problem or ""))
        elif key in seen:
            found.append(Judged(entry, Verdict.ALREADY, f"Dit deux fois : voir « {seen[key]} »."))
        else:
            seen[key] = entry.text
            judge = _leaving if remove else _joining
            found.append(judge(entry, grounds, slug, names))
    return tuple(found)


def _joining(entry: Entry, grounds: list[Owners], slug: str, names: Mapping[str, str]) -> Judged:
    mine = {code for code in entry.communes if all(slug in ground.get(code, ()) for ground in grounds)}
    what = _what(entry, names)
    if len(mine) == len(entry.communes):
        return Judged(entry, Verdict.ALREADY, f"{what} : déjà dans votre secteur.")
    yours = f" {len(mine)} déjà à vous." if mine else ""
    others: Counter[str] = Counter()
    for code in entry.communes:
        others.update({one for ground in grounds for one in ground.get(code, ()) if one != slug})
    if not others:
        return Judged(entry, Verdict.NEW, f"{what} : sans association jusqu'ici.{yours}")
    single = len(entry.communes) == 1
    told = ", ".join(
        names.get(one, one) + ("" if single else f" ({count})") for one, count in others.most_common()
    )
    return Judged(entry, Verdict.TAKEN, f"{what} : aujourd'hui dans le secteur de {told}.{yours}")


def _leaving(entry: Entry, grounds: list[Owners], slug: str, names: Mapping[str, str]) -> Judged:
    mine = [code for code in entry.communes if any(slug in ground.get(code, ()) for ground in grounds)]
    what = _what(entry, names)
    if not mine:
        return Judged(entry, Verdict.ALREADY, f"{what} : pas dans votre secteur.")
    counted = "" if len(mine) == len(entry.communes) else f" {len(mine)} communes sont à vous."
    return Judged(entry, Verdict.GONE, f"{what}.{counted}")


def _what(entry: Entry, names: Mapping[str, str]) -> str:
    if entry.departement is not None:
        return f"Tout le département {entry.departement}, {len(entry.communes)} communes"
    told = [names.get(code, code) for code in entry.communes[:4]]
    rest = len(entry.communes) - len(told)
    return ", ".join(told) + (f" et {rest} autres communes" if rest else "")
