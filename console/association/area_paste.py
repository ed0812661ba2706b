"""What people paste for an area, entry by entry: codes, postcodes, names, départements, rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from console.french import count
from routing.geography import names
from routing.geography.grid import distance_km
from routing.geography.places import Commune, Places

MOST_SUGGESTED = 30  # entries for which likenesses are looked for: each costs some milliseconds
MOST_CHOICES = 12
_CODE = re.compile(r"\d{4,5}|2[ab]\d{3}", re.IGNORECASE)
_DEPARTEMENT = re.compile(r"(?:d[ée]p(?:artement|t)?\.?\s*)?(\d{1,3}|2[ab])", re.IGNORECASE)
_CODE_NAME = re.compile(r"(\d{4,5}|2[ab]\d{3})[\s:–—-]+(\D.*)", re.IGNORECASE)
_NAME_CODE = re.compile(r"(\D.*?)[\s:(–—-]+(\d{4,5}|2[ab]\d{3})\)?", re.IGNORECASE)
_NAME_DEPARTEMENT = re.compile(r"(.*\D)[\s(]+(\d{1,3}|2[ab])\)?", re.IGNORECASE)
_WITH_PARTS = re.compile(r"(paris|lyon|marseille)\b.*\d", re.IGNORECASE)
_CEDEX = re.compile(r"\s+cedex\b.*", re.IGNORECASE)
_BULLETS = " \t\u00a0\u202f-–—•*·\"'«»"


class Digits(StrEnum):
    """What five digits alone are: as most of the pasted ones can only be, or as people say."""

    GUESS = "guess"
    POSTCODE = "postcode"
    INSEE = "insee"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several things an entry may mean: the text that says it plainly, and its label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read: communes, or a whole département, or why not; `choices` where one must be made."""

    text: str
    communes: tuple[str, ...] = ()
    departement: str | None = None
    problem: str | None = None
    choices: tuple[Choice, ...] = ()

    @property
    def read(self) -> bool:
        """Whether it says plainly what is meant."""
        return self.problem is None


class Reader:
    """Reads for one association: of several communes of a name, the nearest to its seat are offered first."""

    def __init__(self, places: Places, departements: Mapping[str, str], seat: Commune | None = None) -> None:
        self.places, self.departements, self.seat = places, departements, seat
        self._by_departement: dict[str, list[str]] = {}
        for commune in places.all():
            self._by_departement.setdefault(commune.departement, []).append(commune.insee)
        # Saint-Martin is a village more often than a collectivity, which has its number.
        self._named = {
            names.normalised(n): c for c, n in departements.items() if not c.startswith(("975", "977", "978"))
        }

    def read(self, text: str, digits: Digits = Digits.GUESS) -> tuple[Entry, ...]:
        """Every entry in order, each with exactly one outcome. Never raises; blank ones are left out."""
        split = [entry for line in text.splitlines() for entry in self._entries(line)]
        digits = self._guessed(split) if digits is Digits.GUESS else digits
        found, suggested = [], 0
        for parts in split:
            entry = self._row(parts) if len(parts) > 1 else self._entry(parts[0], digits)
            if entry is None:
                suggested += 1
                entry = self._unknown("\t".join(parts), suggested <= MOST_SUGGESTED)
            found.append(entry)
        return tuple(found)

    def _entries(self, line: str) -> Iterator[tuple[str, ...]]:
        """A row of cells that tell of one commune stays together; else each cell is an entry."""
        cells = tuple(part for cell in re.split(r"[\t;,|]", line) if (part := cell.strip(_BULLETS)))
        if len(cells) > 1 and (self._row(cells) is not None or self._heading(line, cells)):
            yield cells
        else:
            yield from ((cell,) for cell in cells)

    def _heading(self, line: str, cells: Iterable[str]) -> bool:
        """A row of a table in which nothing can be read: its title, as a rule. It is one entry."""
        entries = (self._entry(cell, Digits.GUESS) for cell in cells)
        return "\t" in line and not any(entry is not None and entry.read for entry in entries)

    def _guessed(self, split: Iterable[tuple[str, ...]]) -> Digits:
        """What the codes that can only be one thing say of those that could be both."""
        only = {Digits.POSTCODE: 0, Digits.INSEE: 0}
        for code in (_full(cell) for parts in split for cell in parts if _CODE.fullmatch(cell)):
            postcode, insee = bool(self.places.by_postcode(code)), self.places.commune(code) is not None
            if postcode != insee:
                only[Digits.POSTCODE if postcode else Digits.INSEE] += 1
        return Digits.INSEE if only[Digits.INSEE] > only[Digits.POSTCODE] else Digits.POSTCODE

    def _row(self, cells: Sequence[str]) -> Entry | None:
        """Cells that tell of one commune together: a code and a name, both codes, a name and a number."""
        text = "\t".join(cells)  # to be read again as the same row
        codes = [_full(cell) for cell in cells if _CODE.fullmatch(cell)]
        named = [found for cell in cells if (found := self._called(cell))]
        if len(named) == 1 and codes:
            meant = [self._of_code(code) & named[0] for code in codes]
            agreed = set.intersection(*([one for one in meant if one] or [set()]))  # others are inhabitants
            return Entry(text, (min(agreed),)) if len(agreed) == 1 else None
        if len(codes) == 2 and not named:
            pairs = ((codes[0], codes[1]), (codes[1], codes[0]))
            both = [a for a, b in pairs if (c := self.places.commune(a)) is not None and b in c.postcodes]
            return Entry(text, (both[0],)) if both and len(cells) == len(codes) else None
        if len(named) == 1 and len(cells) == 2:
            return self._in_departement(text, cells[0], cells[1])
        return None

    def _entry(self, text: str, digits: Digits) -> Entry | None:
        plain = _CEDEX.sub("", text)
        if _CODE.fullmatch(plain):
            return self._code(text, _full(plain), digits)
        if found := _DEPARTEMENT.fullmatch(plain):
            return self._departement(text, found[1])
        if found := _CODE_NAME.fullmatch(plain):
            return self._code_and_name(text, _full(found[1]), found[2])
        if found := _NAME_CODE.fullmatch(plain):
            return self._code_and_name(text, _full(found[2]), found[1])
        if (found := _NAME_DEPARTEMENT.fullmatch(plain)) and (
            entry := self._in_departement(text, found[1].strip(_BULLETS + "("), found[2])
        ):
            return entry
        return self._name(text, plain)

    def _code(self, text: str, code: str, digits: Digits) -> Entry | None:
        postcode = tuple(commune.insee for commune in self.places.by_postcode(code))
        insee = (code,) if self.places.commune(code) else ()
        first, second = (insee, postcode) if digits is Digits.INSEE else (postcode, insee)
        if first or second:
            return Entry(text, first or second)
        return Entry(text, problem=f"Ni un code postal, ni un code INSEE : {code}.")

    def _departement(self, text: str, number: str) -> Entry:
        code = number.upper().zfill(2)
        if code in self._by_departement:
            return Entry(text, tuple(self._by_departement[code]), departement=code)
        return Entry(text, problem=f"Pas de département {code} avec des communes.")

    def _code_and_name(self, text: str, code: str, name: str) -> Entry | None:
        meant = self._of_code(code)
        named = self._called(name)
        if len(agreed := meant & named) == 1:
            return Entry(text, tuple(agreed))
        likely = {code for code in meant if self._is_like(name, code)}
        if len(likely) == 1:  # « Toulouse centre », « Jurencon »: the code makes it sure
            return Entry(text, tuple(likely))
        if not meant and not named:
            return None
        why = (
            f"Le code {code} n'existe pas."
            if not meant
            else f"Le code {code} et le nom ne vont pas ensemble."
        )
        return self._choose(text, meant | named, why)

    def _in_departement(self, text: str, name: str, number: str) -> Entry | None:
        code = number.upper().zfill(2)
        there = [c.insee for c in names.homonyms(self.places, name) if c.departement == code]
        if len(there) == 1:
            return Entry(text, tuple(there))
        if self._named.get(names.normalised(name)) == code and code in self._by_departement:
            return self._departement(text, code)
        return None

    def _name(self, text: str, name: str) -> Entry | None:
        found = self._called(name)
        departement = self._named.get(names.normalised(name))
        if departement in self._by_departement and departement is not None:
            if not found or departement == "75":  # Paris is both, and the same ground
                return self._departement(text, departement)
            return self._choose(text, found, "Une commune, ou tout un département.", departement)
        if len(found) == 1:
            return Entry(text, tuple(found))
        if found:
            return self._choose(text, found, f"{len(found)} communes portent ce nom.")
        return None

    def _unknown(self, text: str, suggest: bool) -> Entry:
        likely = names.find(self.places, text, limit=4) if suggest and re.search(r"[^\W\d]{4}", text) else []
        if likely:
            return self._choose(text, {m.commune.insee for m in likely}, "Aucune commune de ce nom.")
        return Entry(text, problem="Ni un nom, ni un code connus.")

    def _choose(self, text: str, codes: Iterable[str], why: str, departement: str | None = None) -> Entry:
        communes = [found for code in codes if (found := self.places.commune(code))]
        seat = self.seat
        if seat is not None:
            communes.sort(key=lambda one: (distance_km(one, seat), one.insee))
        else:
            communes.sort(key=lambda one: (-one.population, one.insee))
        choices = [Choice(f"{one.insee} {one.name}", self._label(one)) for one in communes[:MOST_CHOICES]]
        if departement is not None:
            label = f"Tout le département {self.departements[departement]} ({departement})"
            choices.append(Choice(f"Département {departement}", label))
        return Entry(text, problem=why, choices=tuple(choices))

    def _label(self, one: Commune) -> str:
        away = f", à {count(round(distance_km(one, self.seat)))} km" if self.seat else ""
        return f"{one.name} ({one.departement}){away}"

    def _called(self, name: str) -> set[str]:
        """The communes of exactly this name; « Lyon 3e » too, and « Marseille 1er Arrondissement »."""
        if _WITH_PARTS.match(name):
            sure = names.find(self.places, name, limit=2)
            return {sure[0].commune.insee} if len(sure) == 1 and sure[0].score == 1.0 else set()
        return {commune.insee for commune in names.homonyms(self.places, name)}

    def _is_like(self, name: str, code: str) -> bool:
        """Whether this is a commune's name with something after it, or misspelt."""
        commune = self.places.commune(code)
        one, other = names.normalised(name), names.normalised(commune.name) if commune else ""
        return f"{one} ".startswith(f"{other} ") or fuzz.ratio(one, other) >= names.NEAR_ENOUGH

    def _of_code(self, code: str) -> set[str]:
        found = {commune.insee for commune in self.places.by_postcode(code)}
        return found | ({code} if self.places.commune(code) else set())


def _full(code: str) -> str:
    """Five characters: a spreadsheet takes the leading zero of 01004 away."""
    return code.upper().zfill(5)
