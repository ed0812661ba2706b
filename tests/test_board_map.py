"""The board's map: each area by its state, with a pattern and a mark, in words too, and quick once warm."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.settings import Settings
from console import navigation
from console.access.roles import Grant, Role, Stage, Who
from console.federation.board_map import MARKS, PATTERNS, WORDS, board_map
from console.federation.watching import Line, lines
from console.office import Office
from routing.model import Need
from tests.console import Console, console
from workers.records.live import picture


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def told(office: Office) -> list[Line]:
    with office.engine.connect() as connection:
        return lines(office.book, picture(connection, office.now()), (), office.now())


def test_every_state_has_a_mark_a_pattern_and_a_word_and_calm_has_neither() -> None:
    assert {"open"} == WORDS.keys() - MARKS.keys() == WORDS.keys() - PATTERNS.keys()
    assert len(set(MARKS.values())) == len(set(PATTERNS.values())) == 3


def test_each_association_is_painted_by_its_state_and_counted_in_words(desk: Console) -> None:
    office = desk.office
    all_lines = told(office)
    changed = [replace(one, shut=(Need.VISIT,)) if one.slug == "pau" else one for one in all_lines]
    drawn = board_map(office.book, office.places, changed, office.now())
    pau = drawn.painted[-1]
    assert (pau.city, pau.state, len(pau.marks)) == ("Pau", "shut", 1), "over its neighbours"
    assert drawn.told == f"{len(all_lines) - 1} ouvert, 1 fermé"
    paris = next(one for one in drawn.painted if one.city == "Paris")
    assert len(paris.marks) == 2, "on the enlarged sheet too"
    assert all(one.d for one in drawn.painted if one.city in {"Pau", "Bayonne", "Fort-de-France"})


def test_the_page_has_map_and_table_is_quick_once_warm_and_stands_under_one_tab(desk: Console) -> None:
    federation = desk.entered(Role.FEDERATION)
    page = federation.text("/federation/")
    assert "Carte des associations" in page
    assert page.count('class="state-open"') > 50
    took = []
    for _ in range(5):
        began = time.process_time()
        federation.text("/federation/")
        took.append(time.process_time() - began)
    assert min(took) < 0.1, took
    for path in ("/a/pau/comptes", "/a/pau/horaires/semaine", "/federation/regles/1"):
        nav = re.search(r'<nav class="tabs".*?</nav>', federation.text(path), re.S)
        assert nav
        assert nav[0].count('aria-current="page"') == 1, path
        assert nav[0].count('aria-current="true"') == 1, path


def test_tabs_show_nobody_a_group_of_what_they_may_not_see() -> None:
    def who(*grants: Grant) -> Who:
        return Who("1", "x", "x@example.org", grants, "s", Stage.FULL)

    doctor = navigation.shown(
        navigation.ASSOCIATION, "callbacks.listed", who(Grant(Role.DOCTOR, "pau")), "pau"
    )
    assert [one.label for one in doctor] == ["Maintenant", "Rappels", "Chiffres", "Règles", "Gestion"]
    assert [one.label for one in doctor[-1].tabs] == ["Feuille à imprimer"]
    assert [one.label for one in doctor if one.current] == ["Rappels"]
    auditor = navigation.shown(navigation.FEDERATION, "messages.new", who(Grant(Role.AUDITOR)))
    assert [one.label for one in auditor] == ["Maintenant", "Chiffres", "Règles", "Service"]
    (rules,) = [one for one in auditor if one.current]
    assert [tab.label for tab in rules.tabs if tab.current] == ["Fermetures et messages"]
    assert rules.endpoint == "closures.listed"
