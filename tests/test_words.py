"""A decision told to a person."""

from __future__ import annotations

import ast
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from routing import words
from routing.compile import compile_book
from routing.decision import decide
from routing.document import Document
from routing.model import Load, Need
from routing.search import TITLES
from routing.words import WORDED, why
from tests.books_on_file import at, book_on_file, document_on_file
from tests.test_decision_odd_books import COMMUNES, PLACES, books, loads, moments

ROUTING = Path(words.__file__).parent

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


def test_one_of_a_thing_is_told_as_one() -> None:
    document, places = document_on_file("gironde")
    desks = (one.model_copy(update={"lines": 1, "waiting_limit": 1}) for one in document.regulators)
    book = compile_book(document.model_copy(update={"regulators": tuple(desks)}), 7, places)
    for load, cause in (
        (Load(waiting={"bordeaux": 1}), "car 1 appel en attente"),
        (Load(lines_in_use={"bordeaux": 1}), "car 1 ligne prise"),
    ):
        assert cause in why(decide(book, at("33318"), Need.CONSULTATION, DAY, load), book, "33600")
    assert [words.some(n, "appel") for n in (0, 1, 2)] == ["0 appel", "1 appel", "2 appels"]
    assert [words.of(city) for city in ("Ajaccio", "Évry", "Pau")] == ["d'Ajaccio", "d'Évry", "de Pau"]


def test_every_rule_a_decision_can_name_has_words() -> None:
    told = {
        node.args[0].value
        for name in ("search", "decision")
        for node in ast.walk(ast.parse((ROUTING / f"{name}.py").read_text()))
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"say", "TraceLine"}
    }
    handed_on = {"owner", "meanwhile", "reach", "desk"}  # through `add_all`
    coverage = {rule for titles in TITLES.values() for _, rule in titles}
    assert told | handed_on | coverage | {"hours", "overflow"} == WORDED
    assert {"place", "book", "closure", "desk.none", "overflow.cap", "load", "national"} <= told


@settings(max_examples=150, deadline=None)
@given(
    books,
    st.sampled_from((*COMMUNES, "99999", None)),
    st.sampled_from((*Need, None)),
    moments,
    loads,
)
def test_any_decision_is_told_in_one_paragraph(
    written: dict[str, Any], commune: str | None, need: Need | None, moment: datetime, load: Load
) -> None:
    book = compile_book(Document.model_validate(written), 41, PLACES)
    decision = decide(book, at(commune) if commune else None, need, moment, load)
    assert {line.rule for line in decision.trace} <= WORDED
    told = why(decision, book, commune)
    assert "(version 41" in told
    assert told.endswith(f"{book.national_name}.")
    assert "\n" not in told


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
    told = why(decide(book, at("33063"), Need.VISIT, DAY), book)
    assert "Bordeaux à l'arrêt jusqu'au 13/01/2026 à 0 h" in told
    assert "Grève" not in told, "its reason is for its own people"
    told = why(decide(book, at("33063"), Need.TELECONSULTATION, DAY), book)
    assert "rappel par le pool national de téléconsultation" in told
