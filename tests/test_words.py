"""A decision told to a person."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from routing.decision import decide
from routing.model import Load, Need
from routing.words import why
from tests.books_on_file import at, book_on_file

PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 1, 12, 3, 10, tzinfo=PARIS)
DAY = datetime(2026, 1, 12, 11, 0, tzinfo=PARIS)


def test_a_night_call_names_its_book_and_its_rule() -> None:
    book = book_on_file("gironde")
    said = why(decide(book, at("33063"), Need.VISIT, NIGHT), book, "33000")
    assert said.startswith("33000 → SOS Médecins Bordeaux (version 7, règle de nuit) ; ")


def test_overflow_is_told_with_its_cause() -> None:
    book = book_on_file("gironde")
    busy = Load(waiting={"bordeaux": 9})
    said = why(decide(book, at("33318"), Need.CONSULTATION, DAY, busy), book, "33600")
    assert "(version 7, 24 h/24) ; débordement vers Libourne car 9 appels en attente" in said


def test_closed_uncovered_and_unknown_are_told_as_such() -> None:
    book = book_on_file("gironde")
    closed = why(decide(book, at("33063"), Need.VISIT, DAY), book)
    assert "SOS Médecins Bordeaux ne répond pas à ce besoin maintenant" in closed
    assert "Bordeaux fermé à cette heure" in closed
    assert "hors secteur" in why(decide(book, at("97411"), Need.VISIT, DAY), book)
    assert why(decide(book, None, None, DAY), book).startswith("Lieu inconnu → Régulation nationale")


def test_a_call_back_and_a_strike_are_told() -> None:
    strike = {
        "id": "greve",
        "starts": "2026-01-12T00:00:00+01:00",
        "ends": "2026-01-13T00:00:00+01:00",
        "reason": "Grève",
    }
    book = book_on_file("gironde", closures=(strike,))
    assert "à l'arrêt (fermeture « greve »)" in why(decide(book, at("33063"), Need.VISIT, DAY), book)
    told = why(decide(book, at("33063"), Need.TELECONSULTATION, DAY), book)
    assert "rappel par le pool national de téléconsultation" in told
