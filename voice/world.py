"""What a step may look at, made of the real map, the live rule book and Redis."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from routing import words
from routing.book import LiveBook
from routing.compiled import RuleBook
from routing.decision import decide, offers
from routing.geography import names
from routing.geography.landlines import Landlines
from routing.geography.places import Places, departement_of, holiday_territory
from routing.model import Decision, Load, Located, Need, PlaceSource
from voice.call import OpenCallback, World
from workers.records.load import LiveLoad

CLEAR_NAME = 0.8  # below this likeness a spoken name is asked again
HOMONYMS = 3  # a menu has four choices, the last one « une autre commune »
# Written on envelopes though every arrondissement has a code of its own: the whole city.
_WHOLE_CITIES = {"69000": "69123", "13000": "13055"}
# « 12 rue de Paris à Lille » names Lille; a street alone names no commune.
_STREET = re.compile(r"\b(?:rue|avenue|boulevard|place|route|chemin|impasse|allée|quai|square)\s+\w")
_CODE = re.compile(r"\b[0-9]{2} ?[0-9]{3}\b")
_TOWN = re.compile(r".*\b(?:à|au|aux)\s+(.+)", re.DOTALL)
_PARIS, _PARIS_CODES = "75056", "75"  # all other codes of Paris are CEDEX
Recorded = Callable[[str | None], str | None]  # a recording's name to its URL; None: it cannot be played
_NONE: Mapping[str | None, str] = {}
spoken: Recorded = _NONE.get  # where no recording can be played


class Map:
    """Places, landline prefixes and spoken names, as the flow asks for them."""

    def __init__(self, places: Places, landlines: Landlines) -> None:
        self.places, self._landlines = places, landlines

    def name(self, insee: str) -> str | None:
        """The commune's name."""
        commune = self.places.commune(insee)
        return commune.name if commune else None

    def by_postcode(self, code: str) -> tuple[str, ...]:
        """INSEE codes sharing a postcode, most inhabitants first; 75000 and 69000 are whole cities."""
        sharing = tuple(commune.insee for commune in self.places.by_postcode(code))
        if not sharing and len(code) == 5 and code.startswith(_PARIS_CODES):
            return (_PARIS,)
        whole = _WHOLE_CITIES.get(code)
        return (whole,) if whole else sharing

    def told_apart(self, insee: str) -> str:
        """« Valence, dans le 26 »."""
        return f"{self.name(insee) or insee}, dans le {departement_of(insee)}"

    def locate(self, number: str | None) -> Located | None:
        """Where a landline's prefix lies."""
        return self._landlines.locate(number) if number else None

    def spoken(self, words: str) -> tuple[Located, ...]:
        """The commune that was said; a few that share its name where they hold most who may mean it."""
        if _STREET.search(words.lower()) and not _CODE.search(words):
            town = _TOWN.fullmatch(words)
            words = town[1] if town else ""
        best: dict[str, float] = {}
        for match in names.find(self.places, words):
            best.setdefault(match.commune.insee, match.score)
        found = [Located(insee, score, PlaceSource.SPOKEN) for insee, score in best.items()]
        if found and found[0].confidence >= CLEAR_NAME:
            return (found[0],)
        heard = names.normalised(words).split()
        likely = found[:HOMONYMS]
        # Homonyms share one score; what merely sounds alike is no choice (« zéro »: Yzeron, Izeron).
        same = all(names.normalised(self.name(one.commune) or "").split()[0] in heard for one in likely)
        return tuple(likely) if same and sum(one.confidence for one in likely) >= CLEAR_NAME else ()


class Book:
    """One rule book, as the flow asks it."""

    def __init__(self, book: RuleBook, places: Places, recorded: Recorded = spoken) -> None:
        self._book, self._places, self._recorded = book, places, recorded
        self.version = book.version

    def decide(self, place: Located | None, need: Need | None, at: datetime, load: Load) -> Decision:
        """Whom to ring."""
        return decide(self._book, place, need, at, load)

    def offers(self, place: Located | None, at: datetime) -> tuple[Need, ...]:
        """What can be had there now."""
        return offers(self._book, place, at)

    def owners(self, insee: str) -> frozenset[str]:
        """The associations that own a commune."""
        return self._book.owners(insee)

    def emergency(self, place: Located | None) -> str:
        """What to dial there in a danger to life."""
        commune = self._places.commune(place.commune) if place else None
        return self._book.emergency_number(holiday_territory(commune) if commune else None)

    def asks_age(self, slug: str | None) -> bool:
        """Whether the association wants the age class."""
        association = self._book.association(slug) if slug else None
        return association is not None and association.asks_age

    def video(self, slug: str | None) -> bool:
        """Whether a video room can be had for this association's patients."""
        return self._book.video_of(slug) is not None

    def announcement(self, slug: str | None, at: datetime) -> str | None:
        """What the association wants said before its desk rings."""
        del at
        association = self._book.association(slug) if slug else None
        return association.announcement if association else None

    def red_flags(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        """The red flags of the associations that own the place."""
        owners = self._book.owners(place.commune, at.timestamp()) if place else frozenset()
        found = (self._book.associations[slug].red_flags for slug in sorted(owners))
        return tuple(text for text in found if text)

    def recording(self, slug: str | None) -> str | None:
        """Where its announcement's recording is fetched, if this machine can play it now."""
        association = self._book.association(slug) if slug else None
        return self._recorded(association.announcement_audio) if association else None

    def campaign(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        """Sentences of the campaigns under way there."""
        return self._book.campaign(place.commune if place else None, at.timestamp())


class Surroundings:
    """Makes the `World` of each step; nothing in it waits for a store."""

    def __init__(self, live_book: LiveBook, map_: Map, load: LiveLoad, recorded: Recorded = spoken) -> None:
        self._live_book, self._map, self._load, self._recorded = live_book, map_, load, recorded

    def at(self, now: datetime, open_callback: OpenCallback | None = None) -> World:
        """The world at an instant."""
        book = Book(self._live_book.current, self._map.places, self._recorded)
        return World(book, self._map, now, self._load.current(), open_callback)

    def why(self, decision: Decision) -> str:
        """The decision in one French paragraph, for whoever asks where a call went."""
        place = self._map.name(decision.commune) if decision.commune else None
        return words.why(decision, self._live_book.current, place)
