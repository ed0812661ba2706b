"""What a draft changes, in words; whatever differs is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from routing.differences import differences
from routing.document import Document
from tests.books_on_file import document_on_file
from tests.test_decision_odd_books import books

GIRONDE, PLACES = document_on_file("gironde")
WRITTEN = GIRONDE.model_dump(mode="json")
COMMUNES = {commune.insee: commune.name for commune in PLACES.all()}
NIGHT = {"opens": "20:00", "closes": "08:00"}
BORDEAUX, LIBOURNE, BERGERAC, PAU = range(4)


def said(after: Document, before: Document = GIRONDE) -> list[str]:
    return [difference.said for difference in differences(before, after, COMMUNES)]


def with_association(place: int, **changes: Any) -> Document:
    associations = list(WRITTEN["associations"])
    associations[place] = associations[place] | changes
    return Document.model_validate(WRITTEN | {"associations": associations})


def test_nothing_changed_tells_nothing() -> None:
    assert differences(GIRONDE, GIRONDE) == ()


def test_the_order_of_overflow_is_told_by_who_passes_behind_whom() -> None:
    pacts = [{"association": slug, "accepted": True} for slug in ("libourne", "bergerac")]
    before, after = (with_association(BORDEAUX, overflow=order) for order in (pacts, pacts[::-1]))
    assert said(after, before) == ["Libourne passe après Bergerac dans le débordement de Bordeaux."]


@pytest.mark.parametrize(
    ("weekly", "words"),
    [
        ([NIGHT], "Libourne ouvre la nuit de 20 h à 8 h (visite à domicile)."),
        ([NIGHT | {"days": ["fri", "sat"]}], "Libourne ouvre la nuit le vendredi et le samedi de 20 h à 8 h"),
        ([NIGHT | {"days": ["sun"]}], "Libourne ouvre la nuit le dimanche de 20 h à 8 h"),
        ([{"opens": "06:00", "closes": "08:00"}], "Libourne ouvre tous les jours de 6 h à 8 h"),
        (
            [{"opens": "21:00", "closes": "22:00", "days": ["mon", "tue", "wed"]}],
            "Libourne ouvre du lundi au mercredi de 21 h à 22 h",
        ),
        (
            [{"opens": "21:00", "closes": "24:00", "days": ["sun"]}],
            "Libourne ouvre le dimanche de 21 h à minuit",
        ),
    ],
)
def test_hours_are_told_as_a_person_would(weekly: list[dict[str, Any]], words: str) -> None:
    day = {"opens": "08:00", "closes": "20:00"}
    hours = [{"needs": ["visit"], "weekly": [day, *weekly]}, {"needs": ["consultation"], "weekly": [day]}]
    (told,) = said(with_association(LIBOURNE, hours=hours))
    assert told.startswith(words)


def test_what_closes_is_told_and_alike_needs_together() -> None:
    hours = [{"needs": ["visit", "consultation"], "weekly": [{"opens": "08:00", "closes": "18:00"}]}]
    assert said(with_association(LIBOURNE, hours=hours)) == [
        "Libourne ferme tous les jours de 18 h à 20 h (visite à domicile, consultation)."
    ]


def test_special_days_and_exceptions_are_told() -> None:
    noel = {"label": "Noël", "first": "2026-12-24", "last": "2026-12-25", "yearly": True}
    hours = WRITTEN["associations"][PAU]["hours"][0]
    told = said(with_association(PAU, hours=[hours | {"holidays": [NIGHT], "exceptions": [noel]}]))
    needs = "(visite à domicile, consultation, conseil médical)"
    assert told == [
        f"Pau répond les jours fériés de 20 h à 8 h {needs}.",
        f"Pau fait exception : « Noël » du 24/12/2026 au 25/12/2026, chaque année, à aucun moment {needs}.",
    ]


def test_communes_won_and_lost_are_named() -> None:
    areas = WRITTEN["associations"][BORDEAUX]["areas"]
    fewer = [areas[0] | {"communes": ["33063", "33243"]}, *areas[1:]]
    assert said(with_association(BORDEAUX, areas=fewer)) == [
        "Bordeaux : le secteur (visite à domicile) gagne la commune Libourne.",
        "Bordeaux : le secteur (visite à domicile) perd la commune Pessac.",
    ]


def test_a_closure_names_its_end_and_who_must_still_answer() -> None:
    strike = {
        "id": "greve",
        "reason": "Grève",
        "starts": "2026-06-01T06:00:00+02:00",
        "ends": "2026-06-02T06:00:00+02:00",
        "requisitioned": ["bordeaux"],
    }
    (told,) = said(Document.model_validate(WRITTEN | {"closures": [strike]}))
    assert told == (
        "Fermeture nationale « Grève » ajoutée, du 01/06/2026 à 6 h au 02/06/2026 à 6 h (tous les besoins) ; "
        "réquisition : Bordeaux."
    )


def test_a_desk_its_numbers_and_plain_fields_are_told() -> None:
    desks = [dict(desk) for desk in WRITTEN["regulators"]]
    desks[6] |= {"lines": 9, "phones": [{"number": "+33536490039"}]}
    assert said(Document.model_validate(WRITTEN | {"regulators": desks})) == [
        "Régulation Pau : le numéro 05 36 49 00 39 est ajouté, pas encore vérifié.",
        "Régulation Pau : le numéro 05 36 49 00 31 est retiré.",
        "Régulation Pau, lignes : 9 au lieu de 4.",
    ]


def test_a_desk_is_told_by_its_name_and_no_identifier() -> None:
    desks = [dict(desk) for desk in WRITTEN["regulators"]]
    desks[6] |= {"strategy": "all_at_once"}
    desks.append({"id": "pau-nuit", "name": "Régulation de nuit"})
    pau = next(one for one in WRITTEN["associations"] if one["slug"] == "pau")
    others = [one for one in WRITTEN["associations"] if one is not pau]
    changed = pau | {"regulators": [*pau["regulators"], "pau-nuit"]}
    told = said(Document.model_validate(WRITTEN | {"regulators": desks, "associations": [*others, changed]}))
    assert told == [
        "Pau : le poste Régulation de nuit s'ajoute.",
        "Régulation Pau, ordre d'appel : « tous ensemble » au lieu de « dans l'ordre ».",
        "Le poste Régulation de nuit est ajouté.",
    ]


def test_each_change_says_whose_rule_it_is() -> None:
    (told,) = differences(GIRONDE, with_association(PAU, asks_age=True))
    assert (told.association, told.rule) == ("pau", "associations/pau")
    assert told.said == "Pau, question de l'âge : oui au lieu de non."


@settings(max_examples=150, deadline=None)
@given(books, books)
def test_whatever_differs_is_told(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = Document.model_validate(one), Document.model_validate(other)
    assert bool(differences(before, after)) == (before != after)
