"""Codes that no commune has, and the clock or the holidays of another town, are told before they are live."""

from __future__ import annotations

from typing import Any

from routing.checks_places import misplaced
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places

PLACES = Places.load()


def told(slug: str, **changes: Any) -> list[tuple[str, str]]:
    written = demo_document().model_dump(mode="json")
    written["associations"] = [
        one | changes if one["slug"] == slug else one for one in written["associations"]
    ]
    document = Document.model_validate(written)
    found = list(misplaced(document, PLACES, slug))
    assert found == [one for one in misplaced(document, PLACES) if f"/{slug}/" in (one.rule or "")]
    assert not any(one.blocking for one in found)
    return [(one.kind, one.message) for one in found]


def test_the_demonstration_lies_where_it_says() -> None:
    assert list(misplaced(demo_document(), PLACES)) == []


def test_codes_that_no_commune_has_are_listed_once() -> None:
    area = {"needs": ["visit"], "communes": ["64445", "99999"], "postcodes": ["64000", "00000"]}
    assert told("pau", areas=[area, area | {"departements": ["2A", "20"], "except_communes": ["33999"]}]) == [
        (
            "unknown_place",
            "SOS Médecins Pau : aucune commune n'est connue sous ce code, et personne n'y est servi : "
            "99999, 00000, 33999, 20.",
        )
    ]
    many = told("pau", areas=[{"needs": ["visit"], "communes": [f"997{n:02}" for n in range(40)]}])
    assert many[0][1].endswith("99700, 99701, 99702, 99703, 99704 et d'autres."), "five of them are enough"
    assert [kind for kind, _ in told("pau", insee="64999")] == ["unknown_place"]


def test_the_clock_and_the_holidays_of_another_town_are_told() -> None:
    feasts = [{"needs": ["visit"], "holidays": [{"opens": "08:00", "closes": "20:00"}]}]
    (clock,) = told("pau", time_zone="Asia/Tokyo")
    assert clock == (
        "foreign_clock",
        "SOS Médecins Pau : ses horaires sont à l'heure Asia/Tokyo, et Pau à l'heure Europe/Paris.",
    )
    assert told("pau", time_zone="Europe/Madrid") == [], "the same clock by another name"
    assert told("strasbourg", holiday_territory=None) == [], "it keeps no holiday of its own"
    assert told("strasbourg", holiday_territory=None, hours=feasts) == [
        ("foreign_holidays", "SOS Médecins Strasbourg : ses jours fériés ne sont pas ceux de Strasbourg.")
    ]
    assert told("strasbourg", holiday_territory="6AE", hours=feasts) == []
