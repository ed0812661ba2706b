"""A commune's name, as people say and type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.geography.names import Match, find, normalised
from routing.geography.places import Places

PLACES = Places.load()


@pytest.mark.parametrize(
    ("spoken", "insee"),
    [
        ("j'habite à Colomiers", "31149"),
        ("euh Saint Étienne", "42218"),
        ("Toulouse s'il vous plaît", "31555"),
        ("alors je suis à Tournefeuille merci", "31557"),
        ("TOULOUSE.", "31555"),
        ("st etienne", "42218"),
        ("Ste-Foy-lès-Lyon", "69202"),
        ("l'haÿ les roses", "94038"),
        ("Lay les Roses", "94038"),
        ("à Ville-d'Avray", "92077"),
        ("Bon-Encontre", "47032"),
        ("je suis à Eu", "76255"),
        ("Y", "80829"),
        ("le Havre", "76351"),
        ("Fort de France", "97209"),
        ("Saint-Denis de la Réunion", "97411"),
        ("La Réunion", "97411"),
        ("paris", "75056"),
        ("paris 15", "75115"),
        ("Paris 1er", "75101"),
        ("dans le quinzième arrondissement de Paris", "75115"),
        ("Paris dix-septième", "75117"),
        ("lyon 3e", "69383"),
        ("Marseille 12ème", "13212"),
        ("Lyon 15", "69123"),
        ("31500", "31555"),
        ("31 170 Tournefeuille", "31557"),
        ("3 1 5 0 0", "31555"),
        ("tolouse", "31555"),
        ("Colomié", "31149"),
        ("Boulogne", "92012"),
        ("Aix", "13001"),
        ("je suis à Pau", "64445"),
    ],
)
def test_what_is_said_is_understood(spoken: str, insee: str) -> None:
    matches = find(PLACES, spoken)
    assert matches, spoken
    assert matches[0].commune.insee == insee


@pytest.mark.parametrize("spoken", ["", "euh", "oui", "...", "blabla xyz", "je voudrais un médecin", "99999"])
def test_what_names_no_place_gives_nothing(spoken: str) -> None:
    assert find(PLACES, spoken) == []


def test_homonyms_share_the_score_by_inhabitants() -> None:
    first, second, *_ = find(PLACES, "Saint-Denis")
    assert {first.commune.insee, second.commune.insee} == {"93066", "97411"}
    assert 0.4 < second.score <= first.score < 0.6


def test_two_names_in_a_sentence_are_both_offered() -> None:
    named = {match.commune.name for match in find(PLACES, "dans la commune de Colomiers près de Toulouse")}
    assert named == {"Colomiers", "Toulouse"}


def test_a_name_misheard_scores_less_than_a_name() -> None:
    heard, misheard = find(PLACES, "Toulouse")[0], find(PLACES, "Tolouse")[0]
    assert misheard.score < heard.score


def test_a_name_said_whole_finds_a_commune_that_bears_it() -> None:
    for commune in PLACES.all()[::97]:
        first = find(PLACES, commune.name)[0].commune
        assert normalised(first.name).startswith(normalised(commune.name)), commune


SCRAPS = ["paris", "lyon", "3e", "saint", "l", "75", "0", "œ", "ß", "st"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(SCRAPS)).map(" ".join)))
def test_any_text_has_an_answer_in_order_of_likelihood(text: str) -> None:
    matches = find(PLACES, text)
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)
    assert all(isinstance(match, Match) and 0 <= match.score <= 1 for match in matches)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
