"""What a caller says when asked for a commune, as the call hears it: a town, a choice of towns, or none."""

import pytest

from routing.geography.landlines import Landlines
from routing.geography.places import Places
from voice.world import Map

MAP = Map(Places.load(), Landlines({}))


@pytest.mark.parametrize(
    ("said", "towns"),
    [
        ("Strasbourg", ["67"]),
        ("Saint-Denis", ["974", "93"]),
        ("St Denis en Seine-Saint-Denis", ["974", "93"]),
        ("Boulogne", ["92", "62", "31"]),
        ("Valence", ["26"]),
        ("Aix", ["13", "73", "62"]),
        ("12 rue de Paris à Lille", ["59"]),
        ("5 place du Marché, au Mans", ["72"]),
        ("12 rue de Paris 59 000 Lille", ["59"]),
        ("rue de Strasbourg", []),
        ("Rue", ["80"]),
        ("l'étoile", ["80", "39", "26"]),
        ("zéro", []),
        ("toux", []),
        ("mon mari ne respire plus", []),
        ("les", []),
        ("", []),
    ],
)
def test_what_is_said_names_a_town_a_choice_or_none(said: str, towns: list[str]) -> None:
    assert [MAP.told_apart(one.commune).rpartition(" ")[2] for one in MAP.spoken(said)] == towns


@pytest.mark.parametrize(
    ("typed", "communes"),
    [
        ("75000", ("75056",)),
        ("75370", ("75056",)),
        ("75016", ("75116",)),
        ("69000", ("69123",)),
        ("13000", ("13055",)),
        ("20200", ("2B033", "2B353", "2B305", "2B309")),
        ("97133", ("97701",)),
        ("98714", ("98735",)),
        ("33077", ()),
        ("75", ()),
        ("98000", ()),
    ],
)
def test_a_typed_code_is_a_commune_a_whole_city_or_none(typed: str, communes: tuple[str, ...]) -> None:
    assert MAP.by_postcode(typed) == communes
