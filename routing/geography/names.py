"""From a commune's name, spoken or typed, to the communes it may mean."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log10

from rapidfuzz import fuzz, process

from routing.geography.places import Commune, Places, parent

LONGEST_SPOKEN = 200  # characters looked at; a speech result that names a commune is shorter
NEAR_ENOUGH = 78.0  # fuzz.ratio under which two names are not taken for one another
INSIDE_A_SENTENCE = 0.9  # a name found among other words is a little less sure than a name alone
MISHEARD = 0.9  # nor is the best likeness ever as sure as the name itself
CUT_SHORT = 0.1  # of a commune's inhabitants, those taken to say the beginning of its name only
WORTH_SAYING = 0.005  # below, a match is no second choice
SHORTEST_BEGINNING = 3  # letters: Aix, Bar and Dol go on, and nobody means the hamlets of that name
SHORTEST = 4  # letters; a shorter word alone is a filler more often than a village (Us, Bu, Eu)

_HESITATION = frozenset(("euh", "heu", "euhm", "hum", "hein", "bah", "ben", "hmm", "mmm"))
_each = re.compile(r"\S+").findall
_FILLERS = frozenset(
    _each("""
    a actuellement ai allo alors appelle arrondissement au beaucoup bon bonjour bonsoir c ca ce chez
    commune dans de depuis docteur du en est et etre habitant habite habitons ici il j je juste la le
    les ma madame me merci moi mon monsieur nous on oui pardon plait pour pres quartier reside s se
    secteur sommes stp suis svp te trouve un une vers village ville vis voila vous
    """)
)
_ARTICLES = frozenset(("l", "le", "la", "les", "d", "de", "du", "des"))
_SHORT = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_OVERSEAS = {
    "guadeloupe": "971",
    "martinique": "972",
    "guyane": "973",
    "reunion": "974",
    "miquelon": "975",
    "mayotte": "976",
}
_CITIES = {"paris": ("751", 20), "lyon": ("6938", 9), "marseille": ("132", 16)}
_CARDINALS = _each("""
    deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit
    dix-neuf vingt
    """)
_ORDINALS = _each("""
    premier deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme onzieme douzieme
    treizieme quatorzieme quinzieme seizieme dix-septieme dix-huitieme dix-neuvieme vingtieme
    """)
_NUMBER_WORDS = {
    word.replace("-", " "): number
    for first, words in ((1, _ORDINALS), (2, _CARDINALS))  # "un" is an article more often than a number
    for number, word in enumerate(words, start=first)
} | {"premiere": 1, "second": 2, "seconde": 2}


@dataclass(frozen=True, slots=True)
class Match:
    """A commune that may be meant, and how likely (0..1); the caller is asked to confirm."""

    commune: Commune
    score: float


def find(places: Places, spoken: str, limit: int = 5) -> list[Match]:
    """The communes `spoken` may mean, the likeliest first; empty when nothing is like it. Takes any text.

    Tried in turn: a postcode in digits; an arrondissement ("Lyon 3e"); the name itself or its beginning,
    fillers taken away; a name inside the sentence; an overseas territory; the names most like it. Homonyms
    share the score by their inhabitants: plain "Saint-Denis" gives La Réunion's and Seine-Saint-Denis's at
    about a half each.
    """
    index = _index(places)
    words = _words(spoken[:LONGEST_SPOKEN])
    matches = (
        _by_digits(places, words)
        or _arrondissement(places, words)
        or _territory(places, words)
        or _named(index, words)
        or _inside(index, words)
        or _alike(index, words)
    )
    return matches[:limit]


def homonyms(places: Places, name: str) -> tuple[Commune, ...]:
    """The communes of exactly this name, however its accents, articles and hyphens are written."""
    return _index(places).by_name.get(normalised(name), ())


def prepare(places: Places) -> None:
    """Build the index of names now (about 0.2 s once per process) rather than in the first caller's ear."""
    _index(places)


def normalised(name: str) -> str:
    """Lower case, no accents, no punctuation, no articles, "st" as "saint": what two spellings share."""
    return _key(_words(name))


@dataclass(frozen=True, slots=True)
class _Index:
    by_name: dict[str, tuple[Commune, ...]]
    names: list[str]  # in alphabetical order


@lru_cache(maxsize=2)
def _index(places: Places) -> _Index:
    by_name: dict[str, tuple[Commune, ...]] = {}
    for commune in places.all():
        if parent(commune.insee) is None:
            key = normalised(commune.name)
            by_name[key] = (*by_name.get(key, ()), commune)
    return _Index(by_name, sorted(by_name))


def _words(text: str) -> list[str]:
    plain = text.lower().replace("œ", "oe").replace("æ", "ae")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return [_SHORT.get(word, word) for word in re.findall(r"[a-z0-9]+", plain) if word not in _HESITATION]


def _key(words: Sequence[str]) -> str:
    # A name made of articles only ("Les", "La") keeps them.
    return " ".join([word for word in words if word not in _ARTICLES] or words)


def _by_digits(places: Places, words: Sequence[str]) -> list[Match]:
    digits = re.search(r"\b[0-9](?: ?[0-9]){4}\b", " ".join(words))
    if digits is None:
        return []
    communes = places.by_postcode(digits[0].replace(" ", ""))
    named = [one for one in communes if normalised(one.name) in _key(words)]
    return _shared(named or communes, 1.0)


def _arrondissement(places: Places, words: Sequence[str]) -> list[Match]:
    city = next((word for word in words if word in _CITIES), None)
    if city is None:
        return []
    start, last = _CITIES[city]
    number = _number(" ".join(words))
    if number is None or not 1 <= number <= last:
        return []
    insee = f"{start}{number:0{5 - len(start)}}"
    commune = places.commune(insee)
    return [Match(commune, 1.0)] if commune else []


def _number(text: str) -> int | None:
    digits = re.search(r"\b([0-9]{1,2})(?: ?(?:e|er|eme|ieme|ere|nd|nde))?\b", text)
    if digits:
        return int(digits[1])
    spelt = [word for word in _NUMBER_WORDS if re.search(rf"\b{word}\b", text)]
    return _NUMBER_WORDS[max(spelt, key=len)] if spelt else None


def _territory(places: Places, words: Sequence[str]) -> list[Match]:
    """A whole island named alone: its most populous communes, not a hamlet of that name (La Réunion)."""
    *_, core = _peeled(words)
    departement = _OVERSEAS.get(_key(core))
    there = [one for one in places.all() if one.departement == departement] if departement else []
    return _shared(there, INSIDE_A_SENTENCE)


def _named(index: _Index, words: Sequence[str]) -> list[Match]:
    """Communes of that very name, and those whose name goes on (Boulogne -> Boulogne-Billancourt)."""
    for remaining in _peeled(words):
        name = _key(remaining)
        weights = {one: one.population + 1.0 for one in index.by_name.get(name, ())}
        sureness = 1.0 if weights else INSIDE_A_SENTENCE
        weights |= {one: CUT_SHORT * (one.population + 1) for one in _longer(index, name)}
        if weights:
            total = sum(weights.values())
            return _ranked(
                [Match(one, round(sureness * weight / total, 3)) for one, weight in weights.items()]
            )
    return []


def _longer(index: _Index, name: str) -> Iterator[Commune]:
    if len(name) < SHORTEST_BEGINNING:
        return
    start, end = bisect_left(index.names, name + " "), bisect_left(index.names, name + "!")  # "!" follows " "
    for longer in index.names[start:end]:
        yield from index.by_name[longer]


def _inside(index: _Index, words: Sequence[str]) -> list[Match]:
    core = [word for word in words if word not in _ARTICLES]
    for length in range(min(len(core), 8), 0, -1):
        runs = (" ".join(core[at : at + length]) for at in range(len(core) - length + 1))
        hits = [run for run in runs if run in index.by_name and len(run) >= SHORTEST and run not in _FILLERS]
        if hits:
            matches = [match for hit in hits for match in _shared(index.by_name[hit], INSIDE_A_SENTENCE)]
            return _told_apart(matches, core)
    return []


def _told_apart(matches: list[Match], words: Sequence[str]) -> list[Match]:
    territories = {_OVERSEAS[word] for word in words if word in _OVERSEAS}
    there = [match.commune for match in matches if match.commune.departement in territories]
    return _shared(there, INSIDE_A_SENTENCE) if there else _ranked(matches)


def _alike(index: _Index, words: Sequence[str]) -> list[Match]:
    *_, core = _peeled(words)
    query = _key(core)
    if len(query) < SHORTEST:
        return []
    found = process.extract(query, index.names, scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH, limit=20)
    return _ranked(
        [
            Match(commune, round(MISHEARD * (ratio / 100) ** 2 * _renown(commune), 3))
            for name, ratio, _ in found
            for commune in index.by_name[name]
        ]
    )


def _renown(commune: Commune) -> float:
    """0.5 for a hamlet to 1 for Paris: of two likenesses, the town that more people live in."""
    return 0.5 + 0.5 * min(1.0, log10(commune.population + 1) / 6.3)


def _peeled(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """The words, then with one filler less in front at a time, with and without those behind."""
    remaining = list(words)
    yield remaining
    while remaining and remaining[0] in _FILLERS:
        remaining = remaining[1:]
        yield remaining
        yield _without_tail(remaining)
    yield _without_tail(remaining)


def _without_tail(words: Sequence[str]) -> Sequence[str]:
    end = len(words)
    while end and words[end - 1] in _FILLERS:
        end -= 1
    return words[:end]


def _shared(communes: Sequence[Commune], whole: float) -> list[Match]:
    """Homonyms share a score by their inhabitants (plus one: six villages of the Meuse have none)."""
    total = sum(commune.population + 1 for commune in communes)
    return _ranked([Match(one, round(whole * (one.population + 1) / total, 3)) for one in communes])


def _ranked(matches: Iterable[Match]) -> list[Match]:
    ranked = sorted(matches, key=lambda match: (-match.score, -match.commune.population, match.commune.insee))
    return ranked[:1] + [match for match in ranked[1:] if match.score >= WORTH_SAYING]
