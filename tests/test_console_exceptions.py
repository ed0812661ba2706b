"""« Exceptions »: days unlike the others, holidays proposed with the place's own calendar, on the draft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from config.settings import Settings
from console.access.roles import Role
from console.association import exceptions
from console.association.editing import Unreadable
from console.association.exceptions import Special
from routing.calendar import holiday_names, public_holidays
from routing.demo import demo_document
from routing.document import Association
from routing.document_hours import ROUND_THE_CLOCK, DatedException, Hours, Span, Weekday, WeeklySpan
from routing.model import Need
from tests.console import Console, console
from tests.test_console_association import words
from tests.test_console_desks import draft, send
from tests.test_console_overflow import of

PAGE, TODAY, CHRISTMAS = "/a/pau/exceptions", date(2026, 11, 22), date(2026, 12, 25)
WEEK = (
    WeeklySpan(opens="08:00", closes="20:00", days=tuple(Weekday)[:6]),
    WeeklySpan(opens="10:00", closes="18:00", days=(Weekday.SUN,)),
)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def pau(*hours: Hours, **known: object) -> Association:
    return of(demo_document()).model_copy(update={"hours": hours, **known})


def dated(label: str = "Fermé", day: date = CHRISTMAS, **known: object) -> DatedException:
    return DatedException(**{"label": label, "first": day, "last": day, **known})


TWO = pau(
    Hours(needs=(Need.VISIT, Need.ADVICE), weekly=WEEK),
    Hours(needs=(Need.CONSULTATION,), weekly=ROUND_THE_CLOCK),
)


def hours(one: Association, need: Need) -> Hours:
    return next(h for h in one.hours if need in h.needs)


def test_an_exception_is_added_for_some_needs_replaced_by_its_days_and_taken_away() -> None:
    added = exceptions.added(TWO, (Need.VISIT,), dated())
    assert hours(added, Need.VISIT).exceptions == (dated(),)
    assert hours(added, Need.ADVICE).exceptions == ()
    assert hours(added, Need.VISIT).weekly == WEEK
    again = exceptions.added(added, (Need.VISIT, Need.CONSULTATION), dated("Noël"))
    (row,) = exceptions.rows(again)
    assert (row.exception.label, set(row.needs)) == ("Noël", {Need.VISIT, Need.CONSULTATION})
    bare = exceptions.removed(again, row.id)
    assert exceptions.rows(bare) == []
    assert {need: hours(bare, need).weekly for need in bare.menu if need is not Need.TELECONSULTATION} == {
        need: hours(TWO, need).weekly for need in TWO.menu if need is not Need.TELECONSULTATION
    }
    assert exceptions.removed(again, "nothing") == again


@pytest.mark.parametrize(
    ("like", "visits"),
    [
        ("sunday", (Span(opens="10:00", closes="18:00"),)),
        ("usual", (Span(opens="08:00", closes="20:00"),)),
        ("round", (Span(opens="00:00", closes="24:00"),)),
        ("shut", ()),
    ],
)
def test_a_holiday_is_settled_for_the_needs_that_say_nothing_of_it(
    like: str, visits: tuple[Span, ...]
) -> None:
    one = exceptions.added(TWO, (Need.CONSULTATION,), dated())
    found = exceptions.undecided(one, TODAY)
    assert [(h.day, h.name) for h in found] == [(CHRISTMAS, "Noël"), (date(2027, 1, 1), "Jour de l'an")]
    settled = exceptions.settled(one, found[0], like)
    assert hours(settled, Need.VISIT).exceptions[0].spans == visits
    assert hours(settled, Need.CONSULTATION).exceptions == (dated(),), "what was laid down stays"
    assert [h.day for h in exceptions.undecided(settled, TODAY)] == [date(2027, 1, 1)]


def test_the_calendar_is_the_territorys_own() -> None:
    names = [h.name for h in exceptions.undecided(pau(holiday_territory="6AE"), TODAY)]
    assert names == ["Noël", "Saint-Étienne", "Jour de l'an"]
    for territory in (None, "6AE", "MQ", "RE"):
        assert holiday_names(territory, 2027).keys() == public_holidays(territory, 2027)
    yearly = exceptions.added(
        TWO, tuple(Need), dated(day=date(2020, 12, 24), last=CHRISTMAS.replace(2020), yearly=True)
    )
    assert [h.day for h in exceptions.undecided(yearly, TODAY)] == [date(2027, 1, 1)]
    fixed = exceptions.with_special(TWO, Special(tuple(Need), (), None, None))
    assert exceptions.undecided(fixed, TODAY) == []


def test_what_is_typed_reads_as_what_was_written() -> None:
    for typed in ("8h-12h, 14h-20h", "20h-8h", "24h/24", "fermé"):
        assert exceptions.typed(exceptions.spans_of("hours", typed)) == typed
    with pytest.raises(Unreadable):
        exceptions.spans_of("hours", "le matin")


def test_a_strike_is_laid_down_and_the_fortnight_shows_it(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    strike = {"label": "Grève", "first": "2026-12-03", "last": "", "hours": "8h-12h", "needs": ["visit"]}
    assert send(browser, PAGE, **strike, step="add")[0] == 303
    exception = hours(of(draft(desk)), Need.VISIT).exceptions[0]
    assert exception == dated("Grève", date(2026, 12, 3), spans=(Span(opens="08:00", closes="12:00"),))
    page = words(browser.text(PAGE))
    assert "Les 14 prochains jours, avec ce brouillon" in page
    assert "Jeudi 3 décembre 8 h – 12 h Grève" in page
    assert "Grève" not in words(browser.text("/a/pau/horaires")) or desk.office.book.version == 1
    for wrong, told in (
        ({"label": ""}, "Donnez un nom"),
        ({"first": ""}, "premier jour"),
        ({"first": "2026-11-01"}, "sont passés"),
        ({"last": "2026-12-01"}, "vient avant"),
        ({"hours": "le matin"}, "n'est pas lisible"),
        ({"needs": []}, "Cochez au moins une demande"),
    ):
        status, page = send(browser, PAGE, **{**strike, **wrong}, step="add")
        assert (status, told in page) == (422, True), wrong


def test_a_holiday_is_settled_in_one_press_and_special_days_in_one_form(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    assert "Noël (25/12)" in words(browser.text("/a/pau/"))
    assert send(browser, PAGE, **{"like-2026-12-25": "shut"}, step="settle:2026-12-25")[0] == 303
    assert hours(of(draft(desk)), Need.ADVICE).exceptions == (dated("Noël"),)
    assert "Noël (25/12)" not in words(browser.text("/a/pau/"))
    assert "déjà prévu" in send(browser, PAGE, **{"like-2026-12-25": "shut"}, step="settle:2026-12-25")[1]
    school = {"zone": "A", "school-mon": "9h-17h", "school-sun": "fermé"}
    special = {"special-needs": ["visit"], "holidays": "fermé", "eves": "8h-18h", **school}
    assert send(browser, PAGE, **special, step="special")[0] == 303
    held = hours(of(draft(desk)), Need.VISIT)
    assert (held.holidays, held.eves) == ((), (Span(opens="08:00", closes="18:00"),))
    assert held.school
    assert (held.school.zone, len(held.school.weekly)) == ("A", 1)
    assert send(browser, PAGE, **{**special, "school-tue": "tôt"}, step="special")[0] == 422
