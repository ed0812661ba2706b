"""The rule book on paper: it travels as JSON unchanged; a wrong one is refused in French, with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.demo import demo_document
from routing.document import Document, DocumentRefused, read, schema
from routing.numbers import callable_problem, caller_id_problem, normalise, target_problem
from tests.books_on_file import document_on_file


def refusal(document: dict[str, object]) -> tuple[str, ...]:
    with pytest.raises(DocumentRefused) as refused:
        read(json.dumps(document))
    return refused.value.problems


@pytest.mark.parametrize("document", [demo_document(), document_on_file("gironde")[0]])
def test_export_and_import_give_the_same_book(document: Document) -> None:
    assert read(document.to_json()) == document
    assert read(document.to_json()).to_json() == document.to_json()


def test_the_schema_names_every_part() -> None:
    assert {"associations", "regulators", "closures", "national"} <= set(schema()["properties"])  # type: ignore[call-overload]  # JSON


def test_every_fault_is_told_at_once_with_its_place() -> None:
    problems = refusal({"associations": [{"slug": "Bordeaux!"}], "regulator": []})
    assert "national : champ manquant" in problems
    assert "regulator : champ inconnu" in problems
    assert any(problem.startswith("associations[1].slug : forme non reconnue") for problem in problems)


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        (
            "closures",
            [{"id": "x", "starts": "2026-01-02T00:00:00Z", "reason": "r"}],
            "closures[1].ends : champ manquant",
        ),
        (
            "closures",
            [{"id": "x", "starts": "2026-01-02T00:00:00Z", "ends": "2026-01-01T00:00:00Z", "reason": "r"}],
            "closures[1] : la fermeture finit avant de commencer",
        ),
        (
            "closures",
            [{"id": "x", "starts": "2026-01-02T00:00:00", "ends": "2026-01-03T00:00:00Z", "reason": "r"}],
            "closures[1].starts : une date et une heure avec décalage (+01:00) sont attendues",
        ),
        (
            "regulators",
            [{"id": "x", "name": "X", "ring_seconds": 1}],
            "regulators[1].ring_seconds : au moins 5 est attendu",
        ),
        (
            "regulators",
            [{"id": "x", "name": "X", "strategy": "order"}],
            "regulators[1].strategy : valeur inconnue"
            " (attendu : in_order, all_at_once, rotating ou longest_idle)",
        ),
        (
            "regulators",
            [{"id": "Régulation", "name": "X"}],
            "regulators[1].id : forme non reconnue"
            " (attendu : minuscules sans accent, chiffres et tirets, la-rochelle)",
        ),
        (
            "closures",
            [
                {
                    "id": "x",
                    "starts": "0001-01-01T00:00:00+14:00",
                    "ends": "2026-01-03T00:00:00Z",
                    "reason": "r",
                }
            ],
            "closures[1].starts : une année de 1970 à 2199 est attendue",
        ),
    ],
)
def test_a_fault_is_told_in_french(part: str, value: object, told: str) -> None:
    assert refusal({"national": {"regulator": "n"}, part: value}) == (told,)


def places_of(part: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a document, and to every group of values."""
    yield way
    named = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in named:
        yield from places_of(value, (*way, name))


def test_no_wrong_value_anywhere_is_told_in_english() -> None:
    whole = document_on_file("gironde")[0].model_dump(mode="json")
    whole |= {"regulators": whole["regulators"][:2], "associations": whole["associations"][:1]}
    wrong = (None, "x", "", -1, 1.5, 1e300, 10**30, "9" * 5000, [], {"a": 1}, ["x"], "2026-01-01T10:00", True)
    told = set()
    for *way, name in filter(None, places_of(whole)):
        for value in wrong:
            text = json.loads(json.dumps(whole))
            reduce(getitem, way, text)[name] = value
            try:
                read(json.dumps(text))
            except DocumentRefused as refused:
                told |= {problem.partition(" : ")[2] for problem in refused.problems}
    assert len(told) > 20
    assert [said for said in told if said.startswith("valeur refusée") or "^" in said or " or " in said] == []


def test_a_file_that_cannot_be_read_says_where_it_stops() -> None:
    good = demo_document().model_dump_json(indent=2)
    assert read(b"\xef\xbb\xbf" + good.encode()) == demo_document(), "as an editor of Windows keeps it"
    for text, said in (
        (good[:-1], f"document : ce n'est pas du JSON, ligne {len(good.splitlines())}"),
        (good.encode("utf-16"), "document : ce fichier n'est pas un texte en UTF-8"),
        ("[" * 100_000, "document : ce n'est pas du JSON, ligne 1"),
    ):
        with pytest.raises(DocumentRefused) as refused:
            read(text)
        assert refused.value.problems == (said,)


@settings(max_examples=200)
@given(st.text() | st.binary())
def test_any_text_is_a_book_or_refused(text: str | bytes) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(text)
    assert refused.value.problems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("05 61 00 00 00", "+33561000000"),
        ("+33 (0)5 61 00 00 00", "+33561000000"),
        ("0033561000000", "+33561000000"),
        ("06 39 98 00 01", "+33639980001"),
        ("0639 00 00 00", "+262639000000"),
        ("0696 00 00 00", "+596696000000"),
        ("0590.00.00.00", "+590590000000"),
        ("+44 20 0000 0000", "+442000000000"),
        ("3624", None),
        ("anonymous", None),
        ("+266696687", "+266696687"),
        ("", None),
        ("٠٥٦١٠٠٠٠٠٠", None),
        ("0561 00 00", None),
    ],
)
def test_a_number_is_read_as_it_is_written_in_france(written: str, meant: str | None) -> None:
    assert normalise(written) == meant


@pytest.mark.parametrize(
    "number",
    [
        "+33536490001",
        "+33199000001",
        "+33639980001",
        "+33970000000",
        "+596596000000",
        "+262692000000",
        "+687000000",
    ],
)
def test_french_numbers_of_here_and_overseas_may_ring(number: str) -> None:
    assert callable_problem(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "3624", "+333624", "15", "+3315", "112", "116117", "197", "3114", "+33800000000", "+33899000000",
        "+442000000000", "+33561", "+3356100000000", "+590800000000", "+266696687", "anonymous", "", "+",
        "+33a61000000", "sip:a@b.fr",
    ],
)  # fmt: skip
def test_no_other_number_may(number: str) -> None:
    assert callable_problem(number)


def test_a_desk_may_be_reached_by_sip_and_never_shows_a_mobile() -> None:
    assert target_problem("sip:regulation@sos.example") is None
    assert target_problem("sip:") is not None
    assert caller_id_problem("+33639980001") is not None
    assert caller_id_problem("+33199000001") is None


@settings(max_examples=300)
@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    number = normalise(text)
    assert number is None or number.startswith("+")
    callable_problem(text)
    target_problem(text)
