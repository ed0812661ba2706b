"""A landline's number is a hint of a place; any other text is none."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.geography.landlines import STAYED, TERRITORY_ONLY, Landlines
from routing.geography.places import Places
from routing.model import PlaceSource


@pytest.fixture(scope="module")
def landlines() -> Landlines:
    return Landlines.load()


@pytest.mark.parametrize(
    ("number", "insee"),
    [
        ("+33561000000", "31555"),
        ("+33142000000", "75056"),
        ("+33472000000", "69123"),
        ("+33328000000", "59350"),
        ("0561000000", "31555"),
        ("05 61 00 00 00", "31555"),
        ("0033561000000", "31555"),
        ("+33 (0)5 61 00 00 00", "31555"),
        ("+33495310000", "2A004"),
        ("+262262000000", "97411"),
        ("+262263000000", "97411"),
        ("+262269000000", "97611"),
        ("+590590000000", "97105"),
        ("+594594000000", "97302"),
        ("+596596000000", "97209"),
        ("+508410000", "97502"),
        ("+508508410000", "97502"),
    ],
)
def test_a_geographic_number_is_placed(landlines: Landlines, number: str, insee: str) -> None:
    located = landlines.locate(number)
    assert located is not None
    assert located.commune == insee
    assert located.source is PlaceSource.LANDLINE
    assert 0 < located.confidence <= STAYED


@pytest.mark.parametrize(
    "number",
    [
        None,
        "",
        "anonymous",
        "Restricted",
        "+266696687",
        "sip:x@y",
        "sip:+33561000000@example.org",
        "+33",
        "+3356100000",
        "+335610000000",
        "+33639981234",
        "+33799000000",
        "+33800000000",
        "+33970000000",
        "+442071838750",
        "+262692000000",
        "+590690000000",
        "+596696000000",
        "+590596000000",
        "+33٥٦١٠٠٠٠٠٠",
        "+33270000000",
        "+33199000000",
        "3624",
    ],
)
def test_mobiles_foreign_withheld_and_nonsense_are_no_place(landlines: Landlines, number: str | None) -> None:
    assert landlines.locate(number) is None


@given(st.one_of(st.text(), st.from_regex(r"\+?(33|262|590|508)[0-9]{0,12}", fullmatch=True)))
def test_any_text_has_an_answer(text: str) -> None:
    located = LANDLINES.locate(text)
    assert located is None or (0 < located.confidence <= STAYED and PLACES.commune(located.commune))


LANDLINES = Landlines.load()
PLACES = Places.load()


def test_every_prefix_of_the_table_leads_to_a_commune_of_today(landlines: Landlines) -> None:
    exact = {prefix for prefix in landlines._prefixes if len(prefix) == 6}
    assert len(exact) == 17_861
    for prefix in landlines._prefixes:
        located = landlines.locate("+33" + prefix[1:] + "0" * (10 - len(prefix)))
        assert located is not None, prefix
        assert PLACES.commune(located.commune), prefix


def test_confidence_falls_with_each_tier() -> None:
    table = Landlines({"056100": ("31555", 0.9), "05610": ("31555", 0.6), "0561": ("31555", 0.5)})
    numbers = ("+33561000000", "+33561090000", "+33561900000", "+262263000000")
    confidences = [located.confidence for number in numbers if (located := table.locate(number))]
    assert confidences == [
        round(STAYED * 0.9, 3),
        round(STAYED * 0.6, 3),
        round(STAYED * 0.5, 3),
        TERRITORY_ONLY,
    ]
    assert table.locate("+33562000000") is None


def test_a_zone_as_wide_as_an_island_says_less_than_a_town(landlines: Landlines) -> None:
    corsica, lille = landlines.locate("+33495310000"), landlines.locate("+33328000000")
    assert corsica is not None
    assert lille is not None
    assert corsica.confidence < 0.5 < lille.confidence


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "prefixes.tsv.gz"
    other.write_bytes(gzip.compress(b"prefix,insee\n056100,31555\n"))
    with pytest.raises(ValueError, match="3624-prefixes"):
        Landlines.load(other)
