"""Microseconds a decision, warm, and seconds of prompts before the first ring."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

from routing.compile import compile_book
from routing.decision import decide
from routing.demo import demo_document
from routing.geography.places import Places
from routing.model import Load, Located, Need, PlaceSource
from voice import prompts

CHARACTERS_A_SECOND = 15  # of French speech; what the stand-in counts with too
COMMUNES = 500


def main() -> dict[str, float]:
    """Measure and print; returns the figures."""
    places = Places.load()
    book = compile_book(demo_document(), 1, places)
    chosen = random.Random(3624).sample([c.insee for c in places.all()], COMMUNES)
    asked = [(Located(insee, 1.0, PlaceSource.POSTCODE), need) for insee in chosen for need in Need]
    at, load = datetime(2026, 3, 2, 3, 0, tzinfo=UTC), Load()
    for place, need in asked:
        decide(book, place, need, at, load)
    began = time.perf_counter()
    for place, need in asked:
        decide(book, place, need, at, load)
    spent = time.perf_counter() - began
    menu = prompts.need_menu(list(Need))
    known = prompts.WELCOME + prompts.confirm_place("Toulouse") + menu
    typed = prompts.WELCOME + prompts.ASK_PLACE + menu + prompts.connecting("Toulouse")
    figures = {
        "microseconds_a_decision": spent / len(asked) * 1e6,
        "prompt_seconds_known_landline": len(known) / CHARACTERS_A_SECOND,
        "prompt_seconds_typed_postcode": len(typed) / CHARACTERS_A_SECOND,
    }
    for name, value in figures.items():
        print(f"decisions.{name}: {value:.2f}")
    return figures
