"""The coverage page: all postcodes, who answers where, and a file that opens in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from config.settings import Settings
from console import maps, warm
from console.access.roles import Role
from console.association.workbench import with_association
from console.drawings import KEPT, Drawings
from console.federation.coverage import State, coverage
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.demo import demo_document
from routing.document import Area
from routing.geography.places import Places
from routing.model import Need
from tests.console import Console, console
from tests.test_console_association import words

MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.load()


@pytest.fixture(scope="module")
def book(places: Places) -> RuleBook:
    """Pau names Bayonne, and so does Bayonne: the commune is in two areas."""
    document = demo_document()
    for slug in ("pau", "bayonne"):
        one = next(a for a in document.associations if a.slug == slug)
        named = (*one.areas, Area(needs=(Need.VISIT,), communes=("64102",)))
        document = with_association(document, one.model_copy(update={"areas": named}))
    return compile_book(document, 1, places)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def test_every_postcode_has_one_state_and_the_sums_agree(book: RuleBook, places: Places) -> None:
    found = coverage(book, places, Need.VISIT, MIDNIGHT)
    codes = [one.code for inside in found.postcodes.values() for one in inside]
    known = {code for commune in places.all() for code in commune.postcodes}
    assert len(codes) == len(set(codes)) == len(known) == found.total.postcodes
    assert sum(found.total.states.values()) == found.total.postcodes
    assert found.total.communes == 35_006
    assert [row.code for row in found.rows] == sorted(maps_codes(places))
    states = {one.code: one for one in found.postcodes["64"]}
    assert states["64100"].state is State.DOUBLE
    assert states["64100"].owners == ("bayonne", "pau"), "the nearest first"
    assert states["64000"].state is State.WHOLE
    assert states["64470"].state is State.NONE
    assert states["64120"].state is State.PART
    assert found.doubled
    assert found.covered


def test_a_place_is_drawn_on_every_sheet_that_shows_it() -> None:
    country = maps.country()
    assert len(country.points(2.35, 48.85, "75")) == 2
    ((x, y),) = country.points(-61.07, 14.6, "972")
    left, top, width, height = next(sheet.box for sheet in country.insets if sheet.code == "972")
    assert left < x < left + width
    assert top < y < top + height
    assert country.points(-149.5, -17.5, "987") == ()
    assert len(country.departements) == 101
    assert sum(len(shape.d) for shape in country.departements) < 90_000


def test_each_association_is_one_shape_on_the_map(book: RuleBook) -> None:
    shapes = {shape.code: shape for shape in maps.areas(book, Need.VISIT, MIDNIGHT)}
    assert set(shapes) == set(book.associations)
    assert shapes["pau"].name == "SOS Médecins Pau"


def test_a_drawing_is_kept_in_a_file_until_it_is_spoilt_or_old(tmp_path: Path) -> None:
    drawn: list[str] = []

    def draw(told: str) -> str:
        drawn.append(told)
        return f"M{told}z"

    kept = Drawings(Path(__file__))
    assert [kept.kept("pau", lambda: draw("pau")) for _ in range(2)] == ["Mpauz"] * 2
    assert drawn == ["pau"] * 2, "nowhere to keep it"
    kept.folder = tmp_path / "maps"
    for told in ("pau", "pau", "bayonne"):
        assert kept.kept(told, partial(draw, told)) == f"M{told}z"
    assert drawn[2:] == ["pau", "bayonne"]
    for path in kept.folder.iterdir():
        path.write_text('"M', encoding="utf-8")
    assert kept.kept("pau", lambda: draw("pau")) == "Mpauz"
    assert drawn[4:] == ["pau"]
    for number in range(KEPT + 3):
        kept.kept(str(number), partial(draw, str(number)))
    assert len(list(kept.folder.iterdir())) == KEPT
    assert Drawings(Path(maps.__file__)).kept("pau", lambda: "another program") == "another program"


def test_who_answers_at_a_place_is_told_in_order(desk: Console) -> None:
    browser = desk.entered(Role.FEDERATION)
    told = words(browser.text("/federation/couverture?lieu=64000"))
    assert "Régulation Pau → Régulation Bayonne → Régulation nationale" in told
    assert "Pau → SOS Médecins Pau (version 1, 24 h/24)" in told
    assert "Aucune commune de ce nom" in words(browser.text("/federation/couverture?lieu=00000"))
    assert "Lescar (64)" in words(browser.text("/federation/couverture?lieu=Lescar"))


def test_a_console_that_can_keep_no_file_starts_and_shows_its_pages(desk: Console) -> None:
    for folder in ("templates", "maps"):
        (desk.office.settings.var_dir / folder).write_text("in the way")
    warm.prepare(desk.app)
    maps.drawings.folder = None
    assert "Couverture" in desk.entered(Role.FEDERATION).text("/federation/couverture")


def test_the_file_opens_in_a_french_spreadsheet(desk: Console) -> None:
    answer = desk.entered(Role.AUDITOR).get("/federation/couverture/communes.csv?besoin=consultation")
    assert answer.text.startswith("\ufeffcode postal;code INSEE;commune;")
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert len({row["code postal"] for row in rows}) == 6_310
    (pau,) = [row for row in rows if row["code INSEE"] == "64445"]
    assert (pau["état"], pau["associations"], pau["besoin"]) == ("une association", "Pau", "consultation")


def maps_codes(places: Places) -> set[str]:
    return {commune.departement for commune in places.all()}
