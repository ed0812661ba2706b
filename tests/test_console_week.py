"""The week as a secretary types it: read forgivingly, proved, told in words, published over what she read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from console.access.roles import Role
from console.association import week
from console.association.week import Illegible
from routing.document_hours import EVERY_DAY, Weekday, WeeklySpan
from routing.model import Need
from tests.console import Browser, Console, console
from tests.test_console_association import words

MONDAY = Weekday.MON
PAGE, DRAFT = "/a/pau/horaires/semaine", "/a/pau/brouillon"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def form(browser: Browser, **changed: object) -> dict[str, object]:
    """What the page holds, with some fields typed over."""
    page = browser.text(PAGE)
    fields = re.findall(r'name="([a-z]{3})" value="([^"]*)"', page)
    days = {name: unescape(value) for name, value in fields if name in set(EVERY_DAY)}
    return {**days, "needs": ["visit"], "stamp": stamp_of(page), **changed}


def stamp_of(page: str) -> str:
    found = re.search(r'name="stamp" value="(\w+)"', page)
    assert found, "no stamp on this page"
    return found[1]


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("8h-12h, 14h-20h", [("08:00", "12:00"), ("14:00", "20:00")]),
        ("de 8 h à 12 h et 14h30–20h", [("08:00", "12:00"), ("14:30", "20:00")]),
        ("20h-8h", [("20:00", "08:00")]),
        ("20h - minuit", [("20:00", "24:00")]),
        ("24h/24", [("00:00", "24:00")]),
        ("24 h sur 24", [("00:00", "24:00")]),
        ("0800-1200", [("08:00", "12:00")]),
        ("fermé", []),
        ("", []),
    ],
)
def test_a_day_is_read_as_it_is_said(typed: str, spans: list[tuple[str, str]]) -> None:
    found = week.read({MONDAY: typed})
    assert [(span.opens, span.closes) for span in found] == spans
    assert all(span.days == (MONDAY,) for span in found)


@pytest.mark.parametrize("typed", ["8h", "8h-", "matin", "8h-12h-14h", "25h-26h"])
def test_an_illegible_day_is_named_and_the_others_are_not(typed: str) -> None:
    with pytest.raises(Illegible) as wrong:
        week.read({MONDAY: typed, Weekday.TUE: "8h-12h"})
    assert list(wrong.value.days) == [MONDAY]


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@given(st.lists(st.tuples(clocks, clocks, st.sets(st.sampled_from(EVERY_DAY), min_size=1)), max_size=4))
def test_what_is_written_reads_as_the_same_week(spans: list[tuple[str, str, set[Weekday]]]) -> None:
    first = [WeeklySpan(opens=a, closes=b, days=tuple(days)) for a, b, days in spans]
    once = week.written(first)
    assert week.written(week.read(once)) == once


def test_a_week_goes_into_the_draft_then_into_force(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    kept = browser.send(PAGE, **form(browser, sun="8h-20h", sat="20h-8h"), step="keep")
    assert (kept.status_code, kept.location) == (303, DRAFT)
    shown = browser.text(DRAFT)
    assert "dimanche" in words(shown)
    assert desk.office.book.version == 1, "a draft changes nothing"
    assert 'value="8h-20h"' in browser.text(PAGE), "the editor goes on where it was left"
    done = browser.send(f"{DRAFT}/publier", page=DRAFT, stamp=stamp_of(shown), reason="Été", when="now")
    assert (done.status_code, desk.office.book.version) == (303, 2)
    shown = words(browser.text("/a/pau/horaires"))
    assert "Dimanche 8 h – 20 h" in shown
    assert "Samedi 20 h – 8 h le lendemain" in shown
    document = desk.office.book.document
    assert document
    pau = next(one for one in document.associations if one.slug == "pau")
    assert week.written(week.hours_of(pau, Need.CONSULTATION).weekly)[Weekday.SUN] == "24h/24"


def test_monday_is_copied_without_a_script(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    page = browser.send(PAGE, **form(browser, mon="9h-19h"), step="workdays").text
    assert page.count('value="9h-19h"') == 5
    assert desk.office.book.version == 1


def test_what_cannot_be_read_is_shown_where_it_was_typed(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    answer = browser.send(PAGE, **form(browser, wed="le matin"), step="keep")
    assert answer.status_code == 422
    assert "« le matin » n'est pas lisible" in words(answer.text)
    assert 'value="le matin"' in answer.text


def test_of_two_people_at_one_form_the_later_one_sees_both_changes(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    typed = form(browser, sun="8h-20h")
    other = desk.entered(Role.FEDERATION)
    assert other.send(PAGE, **form(other, mon="9h-19h"), step="keep").status_code == 303
    late = browser.send(PAGE, **typed, step="keep")
    told = words(late.text)
    assert late.status_code == 409
    assert "lundi" in told
    assert "dimanche" in told
