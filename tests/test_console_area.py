"""An area is changed by pasting: every entry has one verdict, what changes is said, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from console.access.roles import Role
from console.association import area_change, area_effect
from console.association.area_change import Addition
from console.association.area_paste import Digits, Entry, Reader
from console.association.area_verdicts import Verdict, judged
from console.association.workbench import with_association
from console.maps import departement_names
from routing import drafts
from routing.coverage import Terrain
from routing.demo import demo_document
from routing.document import Area, Association
from routing.geography.places import Places
from routing.model import Need
from tests.console import Browser, Console, console
from tests.test_console_association import words

PAGE = "/a/pau/secteur"
NOW = 1_795_000_000.0  # November 2026


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


@cache
def terrain() -> Terrain:
    return Terrain(Places.load())


@cache
def reader() -> Reader:
    places = Places.load()
    return Reader(places, departement_names(), places.commune("64445"))


def pau() -> Association:
    return next(one for one in demo_document().associations if one.slug == "pau")


def one(text: str, digits: Digits = Digits.GUESS) -> Entry:
    (found,) = reader().read(text, digits)
    return found


@pytest.mark.parametrize(
    ("typed", "insee"),
    [
        ("64445", "64445"),
        ("Jurançon", "64284"),
        ("jurancon", "64284"),
        ("St Jean de Luz", "64483"),
        ("31500 Toulouse", "31555"),
        ("Toulouse (31)", "31555"),
        ("Pau (64000)", "64445"),
        ("PAU CEDEX 9", "64445"),
        ("Saint-Denis\t974", "97411"),
        ("64445\tPau\t64000\t77 130", "64445"),
        ("64000;Pau", "64445"),
        ("64000, Pau", "64445"),
        ("1004", "01004"),  # a spreadsheet took the zero away
        ("2a004 Ajaccio", "2A004"),
        ("Paris 12e", "75112"),
        ("- « Bizanos »", "64132"),
    ],
)
def test_a_commune_is_recognised_however_it_is_written(typed: str, insee: str) -> None:
    assert one(typed) == Entry(one(typed).text, (insee,))


@pytest.mark.parametrize(
    ("typed", "code"), [("65", "65"), ("dép. 65", "65"), ("Hautes-Pyrénées", "65"), ("Landes (40)", "40")]
)
def test_a_departement_is_recognised(typed: str, code: str) -> None:
    assert one(typed).departement == code
    assert len(one(typed).communes) > 300


def test_a_postcode_is_all_its_communes_and_a_list_is_taken_apart() -> None:
    assert len(one("64230").communes) == 15
    assert [e.communes for e in reader().read("Pau, Lescar; Billère\n\n64000 Pau, 64230 Lescar")] == [
        ("64445",), ("64335",), ("64129",), ("64445",), ("64335",),
    ]  # fmt: skip


def test_five_digits_are_what_most_of_the_others_can_only_be() -> None:
    both = "64102"  # Bayonne's INSEE code; a made-up column tells which it is
    assert reader().read(f"{both}\n64445\n64024")[0].communes == ("64102",)
    ambiguous = "31500"
    assert reader().read(f"{ambiguous}\n31000\n64000")[0].communes == ("31555",)
    assert reader().read(f"{ambiguous}\n31555\n64445")[0].communes == ("31500",)
    assert one(ambiguous, Digits.INSEE).communes == ("31500",)


@pytest.mark.parametrize(
    ("typed", "why", "choice"),
    [
        ("Saint-Martin", "communes portent ce nom", "65392 Saint-Martin"),
        ("Jurencon", "Aucune commune de ce nom", "64284 Jurançon"),
        ("64000 Toulouse", "ne vont pas ensemble", "64445 Pau"),
        ("Landes", "tout un département", "Département 40"),
    ],
)
def test_what_is_not_clear_is_left_to_choose_the_nearest_first(typed: str, why: str, choice: str) -> None:
    found = one(typed)
    assert not found.read
    assert why in str(found.problem)
    assert choice in [c.text for c in found.choices]
    assert all(one(c.text, Digits.INSEE).read for c in found.choices), "a choice is plain when read again"


@pytest.mark.parametrize("typed", ["99999", "n'importe quoi", "Code INSEE", "99", "0", "…", "x" * 300])
def test_what_is_unknown_is_said(typed: str) -> None:
    assert [bool(entry.problem) and not entry.communes for entry in reader().read(typed)] in ([True], [])


typed_text = st.text(
    st.one_of(st.sampled_from("0123456789 ,;\t\n()-'éPauLescar"), st.characters(codec="utf-8")), max_size=60
)


@given(typed_text, st.booleans())
def test_the_reader_never_raises_and_every_entry_has_exactly_one_verdict(text: str, remove: bool) -> None:
    entries = reader().read(text)
    for entry in entries:
        assert entry.text.strip()
        assert entry.read == bool(entry.communes)
        assert not (entry.read and entry.choices)
    verdicts = judged(entries, {}, (Need.VISIT,), "pau", {}, remove=remove)
    assert [verdict.entry for verdict in verdicts] == list(entries)
    letters = sum(len(re.findall(r"[^\W_]", entry.text)) for entry in entries)
    assert letters == len(re.findall(r"[^\W_]", text)), "nothing that was typed is lost"


@given(st.lists(st.sampled_from(["Pau", "Jurencon", "99999", "64230", "Saint-Martin"]), max_size=8))
def test_what_could_not_be_read_is_told_the_same_when_it_is_sent_again(lines: list[str]) -> None:
    bad = [entry for entry in reader().read("\n".join(lines)) if not entry.read]
    assert list(reader().read("\n".join(entry.text for entry in bad))) == bad


def effects(changed: Association) -> list[area_effect.Effect]:
    before = demo_document()
    after = with_association(before, changed)
    codes = area_effect.ground_of("pau", terrain(), before, after)
    grounds = [area_effect.owners(document, terrain(), codes, NOW) for document in (before, after)]
    return area_effect.effects(*grounds, terrain())


def test_who_gains_who_loses_and_the_hole_are_told() -> None:
    more = Addition((Need.VISIT,), ("64102", "64024"))
    less = area_change.without(pau(), (Need.VISIT,), ("64445",), terrain())
    (told,) = effects(area_change.with_more(less, more))
    assert {balance.slug: (balance.communes_in, balance.communes_out) for balance in told.balances} == {
        "bayonne": (0, 2),
        "pau": (2, 1),
    }
    assert [commune.name for commune in told.holes] == ["Pau"]


def test_taking_away_what_was_added_gives_the_same_area() -> None:
    added = area_change.with_more(pau(), Addition((Need.VISIT,), ("64102",), ("40",)))
    back = area_change.without(added, (Need.VISIT,), ("64102",), terrain())
    assert area_change.without(back, (Need.VISIT,), (), terrain(), "40") == pau().model_copy(
        update={
            "areas": (
                Area(needs=(Need.CONSULTATION,), nearest=True),
                Area(needs=(Need.VISIT,), nearest=True, except_communes=("64102",)),
            )
        }
    )


def test_an_exception_is_lifted_when_its_commune_is_added() -> None:
    without = area_change.without(pau(), tuple(Need), ("64445",), terrain())
    assert without.areas[0].except_communes == ("64445",)
    again = area_change.with_more(without, Addition((Need.VISIT, Need.CONSULTATION), ("64445",)))
    assert again.areas[0].except_communes == ()


def test_a_part_of_a_named_departement_is_excepted_not_lost() -> None:
    named = pau().model_copy(update={"areas": (Area(needs=(Need.VISIT,), departements=("64",)),)})
    (area,) = area_change.without(named, (Need.VISIT,), ("64445",), terrain()).areas
    assert (area.departements, area.except_communes) == (("64",), ("64445",))


def stamp(browser: Browser) -> str:
    found = re.search(r'name="stamp" value="(\w+)"', browser.text(PAGE))
    assert found
    return found[1]


def paste(browser: Browser, text: str, step: str, **more: object) -> tuple[int, str]:
    form = {"mode": "add", "needs": ["visit"], "stamp": stamp(browser), **more}
    answer = browser.send(PAGE, text=text, step=step, **form)
    return answer.status_code, words(answer.text)


def test_three_bad_lines_stay_in_the_box_and_the_good_ones_are_kept(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    text = "Anglet\nJurencon\n64102 Bayonne\nSaint-Martin\n99999\nPau"
    _, checked = paste(browser, text, "check")
    assert "3 lignes à revoir" in checked
    assert "Anglet : aujourd'hui dans le secteur de Bayonne." in checked
    assert "Saint-Martin (978), à 6 449 km" in checked
    assert drafts.still_open(desk.office.engine, "pau") == (), "checking changes nothing"
    answer = browser.send(PAGE, text=text, step="keep", mode="add", needs=["visit"], stamp=stamp(browser))
    assert "3 lignes gardées dans le brouillon. Il en reste 3 à revoir" in words(answer.text)
    box = re.search(r"<textarea id=\"text\".*?>(.*?)</textarea>", answer.text, re.DOTALL)
    assert box
    assert box[1].split() == ["Jurencon", "Saint-Martin", "99999"]
    (draft,) = drafts.still_open(desk.office.engine, "pau")
    areas = next(a for a in draft.document.associations if a.slug == "pau").areas
    assert areas[-1] == Area(needs=(Need.VISIT,), communes=("64024", "64102"))
    assert desk.office.book.version == 1


def test_a_choice_makes_a_line_good(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    status, _ = paste(browser, "Saint-Jean", "keep", **{"choice-0": "31488 Saint-Jean"})
    assert status == 303
    (draft,) = drafts.still_open(desk.office.engine, "pau")
    assert next(a for a in draft.document.associations if a.slug == "pau").areas[-1].communes == ("31488",)


def test_dates_and_rules_are_kept_and_what_is_unreadable_is_said(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    status, told = paste(browser, "Anglet", "check", since="bientôt")
    assert (status, "« bientôt » n'est pas une date" in told) == (422, True)
    assert paste(browser, "Anglet", "check", needs=[])[0] == 422
    assert "le vendredi 1er janvier" in paste(browser, "Anglet", "check", since="01/01/2027")[1]
    assert paste(browser, "Anglet", "keep", since="01/01/2027", until="31/12/2027")[0] == 303
    rule = {
        "mode": "rule",
        "index": "0",
        "nearest": "1",
        "radius": "30 km",
        "needs": ["visit", "consultation"],
    }
    assert paste(browser, "64132 Bizanos", "keep", digits="insee", **rule)[0] == 303
    (draft,) = drafts.still_open(desk.office.engine, "pau")
    first, second = next(a for a in draft.document.associations if a.slug == "pau").areas
    assert (first.radius_km, first.except_communes) == (30.0, ("64132",))
    assert (second.valid_from, second.valid_until) == (date(2027, 1, 1), date(2027, 12, 31))
    assert paste(browser, "", "keep-delete", mode="rule", index="1")[0] == 303
    (draft,) = drafts.still_open(desk.office.engine, "pau")
    assert len(next(a for a in draft.document.associations if a.slug == "pau").areas) == 1


def test_of_two_people_the_later_one_sees_both_changes_and_keeps_her_list(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    old = stamp(browser)
    paste(browser, "Anglet", "keep")
    status, told = paste(browser, "Biarritz", "keep", stamp=old)
    assert status == 409
    assert "Anglet" in told
    assert "Biarritz" in told


def test_a_member_sees_the_area_and_cannot_change_it(desk: Console) -> None:
    page = desk.entered(Role.MEMBER, "martinique").text("/a/martinique/secteur")
    assert "Fort-de-France" in page
    assert '<path class="own"' in page
    assert "Ajouter ou retirer" not in page


def test_a_verdict_tells_what_is_said_twice_and_what_is_not_theirs() -> None:
    entries = reader().read("Pau\n64445 Pau\nAnglet")
    grounds = {Need.VISIT: {"64445": ("pau",), "64024": ("bayonne",)}}
    told = judged(entries, grounds, (Need.VISIT,), "pau", {}, remove=True)
    assert [one.verdict for one in told] == [Verdict.GONE, Verdict.ALREADY, Verdict.ALREADY]
