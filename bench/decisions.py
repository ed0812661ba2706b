"""Microseconds a decision, warm, and seconds of prompts before the first ring."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from itertools import cycle

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


def main() -> dict[str, float]:
    """Measure and print; returns the figures."""
    places = Places.load()
    chosen = random.Random(3624).sample([c.insee for c in places.all()], COMMUNES)
    asked = [(Located(insee, 1.0, PlaceSource.POSTCODE), need) for insee in chosen for need in Need]
    menu = prompts.need_menu(list(Need))
    known = prompts.WELCOME + prompts.confirm_place("Toulouse") + menu
    typed = prompts.WELCOME + prompts.ASK_PLACE + menu + prompts.connecting("Toulouse")
    figures = {
        "microseconds_a_decision": _microseconds(compile_book(demo_document(), 1, places), asked),
        f"microseconds_with_{MANY}": _microseconds(compile_book(_crowded(places), 1, places), asked),
        "prompt_seconds_known_landline": len(known) / CHARACTERS_A_SECOND,
        "prompt_seconds_typed_postcode": len(typed) / CHARACTERS_A_SECOND,
    }
    for name, value in figures.items():
        print(f"decisions.{name}: {value:.2f}")
    return figures


def _microseconds(book: RuleBook, asked: list[tuple[Located, Need]]) -> float:
    """The best of seven rounds: other work only ever adds."""
    at, load = datetime(2026, 3, 2, 3, 0, tzinfo=UTC), Load()
    rounds = []
    for _ in range(8):
        began = time.perf_counter()
        for place, need in asked:
            decide(book, place, need, at, load)
        rounds.append(time.perf_counter() - began)
    return min(rounds[1:]) / len(asked) * 1e6


def _crowded(places: Places) -> Document:
    """The demonstration's associations over and over, each in a town of its own, reaching 8 km: three to a commune."""
    document = demo_document()
    towns = random.Random(3624).sample(places.all(), MANY)
    written = cycle(document.associations)
    crowd = tuple(
        next(written).model_copy(update={"slug": f"a{number}", "lon": town.lon, "lat": town.lat})
        for number, town in enumerate(towns)
    )
    near = Reach(visit={}, visit_elsewhere=8, consultation=8)
    return document.model_copy(update={"associations": crowd, "reach": near})
