"""Microseconds a decision, warm, and seconds of prompts before the first ring."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from math import inf

from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.decision import decide
from routing.demo import demo_document
from routing.document import Document, Reach
from routing.geography.places import Places
from routing.model import Load, Located, Need, PlaceSource
from voice import prompts

CHARACTERS_A_SECOND = 15  # of French speech; what the stand-in counts with too
COMMUNES = 500
MANY = 10_000  # associations
ROUNDS = 20


def main() -> dict[str, float]:
    """Measure and print; returns the figures."""
    places = Places.load()
    chosen = random.Random(3624).sample([c.insee for c in places.all()], COMMUNES)
    asked = [(Located(insee, 1.0, PlaceSource.POSTCODE), need) for insee in chosen for need in Need]
    books = [compile_book(document, 1, places) for document in (demo_document(), _crowded(places))]
    few, many = _microseconds(books, asked)
    menu = prompts.need_menu(list(Need))
    known = prompts.WELCOME + prompts.confirm_place("Toulouse") + menu
    typed = prompts.WELCOME + prompts.ASK_PLACE + menu + prompts.connecting("Toulouse")
    figures = {
        "microseconds_a_decision": few,
        f"microseconds_with_{MANY}": many,
        "prompt_seconds_known_landline": len(known) / CHARACTERS_A_SECOND,
        "prompt_seconds_typed_postcode": len(typed) / CHARACTERS_A_SECOND,
    }
    for name, value in figures.items():
        print(f"decisions.{name}: {value:.2f}")
    return figures


def _microseconds(books: Sequence[RuleBook], asked: Sequence[tuple[Located, Need]]) -> list[float]:
    """A decision under each book: the best of many rounds in turn, since other work only ever adds."""
    at, load = datetime(2026, 3, 2, 3, 0, tzinfo=UTC), Load()
    best = [inf] * len(books)
    for _ in range(ROUNDS):
        for i, book in enumerate(books):
            began = time.perf_counter()
            for place, need in asked:
                decide(book, place, need, at, load)
            best[i] = min(best[i], time.perf_counter() - began)
    return [spent / len(asked) * 1e6 for spent in best]


def _crowded(places: Places) -> Document:
    """The demonstration's associations over and over, in towns of their own: some two reach a commune."""
    document = demo_document()
    towns = random.Random(3624).sample(places.all(), MANY)
    written = cycle(document.associations)
    crowd = tuple(
        next(written).model_copy(update={"slug": f"a{number}", "lon": town.lon, "lat": town.lat})
        for number, town in enumerate(towns)
    )
    near = Reach(visit={}, visit_elsewhere=6, consultation=6)
    return document.model_copy(update={"associations": crowd, "reach": near})
