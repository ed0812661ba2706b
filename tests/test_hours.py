"""Opening hours against a clock on the wall, on the nights and days when clocks and calendars bite."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, rrule
from hypothesis import given, settings
from hypothesis import strategies as st
from jours_feries_france import JoursFeries

from routing.calendar import public_holidays, school_holidays
from routing.document_hours import EVERY_DAY, DatedException, Hours, SchoolHours, Span, WeeklySpan
from routing.hours import Schedule
from routing.model import Need

PARIS = ZoneInfo("Europe/Paris")
QUARTER = timedelta(minutes=15)
OVERSEAS = (
    "Indian/Reunion",
    "Indian/Mayotte",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Marquesas",
    "Pacific/Gambier",
    "Pacific/Wallis",
)
ALL_DAY = (Span(opens="00:00", closes="24:00"),)


def weekly(opens: str, closes: str, days: tuple[str, ...] = tuple(EVERY_DAY)) -> WeeklySpan:
    return WeeklySpan(opens=opens, closes=closes, days=days)


def schedule(zone: ZoneInfo = PARIS, territory: str | None = None, **parts: object) -> Schedule:
    return Schedule([Hours(needs=(Need.VISIT,), **parts)], zone, territory)


def is_open(it: Schedule, *local: int, fold: int = 0) -> bool:
    moment = datetime(*local, tzinfo=it.zone, fold=fold)
    return it.rule_at(moment.timestamp(), moment.year) is not None


def hours_open(it: Schedule, first: datetime, last: datetime) -> float:
    return sum(i.until - i.since for i in it.intervals(first.timestamp(), last.timestamp())) / 3600


def test_a_night_is_one_rule() -> None:
    night = schedule(weekly=(weekly("20:00", "08:00"),))
    assert is_open(night, 2026, 1, 12, 20, 0)
    assert is_open(night, 2026, 1, 13, 3, 10)
    assert is_open(night, 2026, 1, 13, 7, 59)
    assert not is_open(night, 2026, 1, 13, 8, 0)
    assert not is_open(night, 2026, 1, 13, 19, 59)


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    saturday_night = schedule(weekly=(weekly("20:00", "08:00", ("sat",)),))
    assert is_open(saturday_night, 2026, 1, 11, 7, 0)  # Sunday morning
    assert not is_open(saturday_night, 2026, 1, 10, 7, 0)  # Saturday morning
    assert not is_open(saturday_night, 2026, 1, 11, 21, 0)


def test_the_same_hour_twice_is_a_day_and_midnight_closes_nothing() -> None:
    monday = schedule(weekly=(weekly("08:00", "08:00", ("mon",)),))
    assert hours_open(monday, datetime(2026, 1, 5, tzinfo=PARIS), datetime(2026, 1, 11, tzinfo=PARIS)) == 24
    halves = schedule(weekly=(weekly("12:00", "24:00"), weekly("00:00", "12:00")))
    assert is_open(halves, 2026, 1, 6, 0, 0)
    assert is_open(halves, 2026, 1, 5, 23, 59)


@pytest.mark.parametrize(("evening", "length"), [(date(2026, 3, 28), 11), (date(2026, 10, 24), 13)])
def test_a_night_of_clock_change_lasts_what_it_lasts(evening: date, length: int) -> None:
    night = schedule(weekly=(weekly("20:00", "08:00"),))
    noon = datetime(evening.year, evening.month, evening.day, 12, tzinfo=PARIS)
    assert hours_open(night, noon, noon + timedelta(days=1)) == length


def test_an_hour_that_does_not_exist_is_the_moment_the_clock_jumps() -> None:
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    opening = schedule(weekly=(weekly("02:30", "06:00"),))
    assert opening.intervals(jump - 7200, jump + 7200)[0].since == jump
    closing = schedule(weekly=(weekly("01:00", "02:30"),))
    assert closing.intervals(jump - 7200, jump + 7200)[0].until == jump
    vanished = schedule(weekly=(weekly("02:10", "02:50"),))
    assert vanished.intervals(jump - 7200, jump + 7200) == ()


def test_an_hour_that_exists_twice_opens_at_the_first_and_closes_at_the_second() -> None:
    opening = schedule(weekly=(weekly("02:30", "06:00"),))
    assert is_open(opening, 2026, 10, 25, 2, 30, fold=0)
    assert is_open(opening, 2026, 10, 25, 2, 10, fold=1)
    closing = schedule(weekly=(weekly("22:00", "02:30"),))
    assert is_open(closing, 2026, 10, 25, 2, 40, fold=0)
    assert is_open(closing, 2026, 10, 25, 2, 29, fold=1)
    assert not is_open(closing, 2026, 10, 25, 2, 30, fold=1)


def test_a_holiday_replaces_the_week_by_territory() -> None:
    parts = {"weekly": (weekly("20:00", "08:00"),), "holidays": ALL_DAY}
    noon_of_good_friday = (2026, 4, 3, 12, 0)
    assert not is_open(schedule(**parts), *noon_of_good_friday)
    assert is_open(schedule(territory="6AE", **parts), *noon_of_good_friday)
    assert is_open(schedule(territory="6AE", **parts), 2026, 12, 26, 12, 0)
    assert not is_open(schedule(**parts), 2026, 12, 26, 12, 0)
    abolition = (2026, 12, 20, 12, 0)
    assert is_open(schedule(ZoneInfo("Indian/Reunion"), "974", **parts), *abolition)
    assert not is_open(schedule(ZoneInfo("America/Martinique"), "972", **parts), *abolition)


def test_the_eve_has_its_own_hours_unless_it_is_a_holiday_itself() -> None:
    parts = {"weekly": (weekly("20:00", "08:00"),), "eves": (Span(opens="17:00", closes="08:00"),)}
    assert is_open(schedule(**parts), 2026, 12, 24, 18, 0)
    assert not is_open(schedule(**parts), 2026, 12, 23, 18, 0)
    # In Alsace-Moselle 25 December is the eve of the 26th, and a holiday first.
    alsace = schedule(territory="6AE", holidays=(Span(opens="10:00", closes="11:00"),), **parts)
    assert not is_open(alsace, 2026, 12, 25, 18, 0)


def test_school_holidays_count_only_where_asked() -> None:
    summer = SchoolHours(zone="C", weekly=(weekly("00:00", "24:00"),))
    asked = schedule(weekly=(weekly("20:00", "08:00"),), school=summer)
    assert is_open(asked, 2026, 8, 3, 12, 0)
    assert not is_open(asked, 2026, 9, 15, 12, 0)
    assert not is_open(schedule(weekly=(weekly("20:00", "08:00"),)), 2026, 8, 3, 12, 0)


def test_urgent_then_dated_then_holiday_then_week() -> None:
    christmas = date(2026, 12, 25)
    closed = DatedException(label="Noël fermé", first=christmas, last=christmas)
    urgent = DatedException(
        label="crise",
        first=christmas,
        last=christmas,
        urgent=True,
        spans=(Span(opens="10:00", closes="12:00"),),
    )
    parts = {"weekly": (weekly("08:00", "20:00"),), "holidays": ALL_DAY}
    assert is_open(schedule(**parts), 2026, 12, 25, 6, 0)
    assert not is_open(schedule(exceptions=(closed,), **parts), 2026, 12, 25, 11, 0)
    both = schedule(exceptions=(closed, urgent), **parts)
    assert is_open(both, 2026, 12, 25, 11, 0)
    assert not is_open(both, 2026, 12, 25, 13, 0)


def test_an_exception_comes_back_each_year_even_over_new_year_and_on_leap_day() -> None:
    feast = DatedException(label="fêtes", first=date(2023, 12, 30), last=date(2024, 1, 2), yearly=True)
    night = schedule(weekly=(weekly("10:00", "12:00"),), exceptions=(feast,))
    assert not is_open(night, 2027, 1, 1, 11, 0)
    assert not is_open(night, 2026, 12, 31, 11, 0)
    assert is_open(night, 2026, 12, 29, 11, 0)
    assert is_open(night, 2023, 1, 1, 11, 0)  # before it was first meant
    leap = DatedException(label="29 février", first=date(2024, 2, 29), last=date(2024, 2, 29), yearly=True)
    leap_day = schedule(weekly=(weekly("10:00", "12:00"),), exceptions=(leap,))
    assert not is_open(leap_day, 2028, 2, 29, 11, 0)
    assert is_open(leap_day, 2027, 2, 28, 11, 0)
    assert is_open(leap_day, 2027, 3, 1, 11, 0)


def test_the_order_of_the_rules_changes_nothing() -> None:
    spans = (weekly("08:00", "12:00"), weekly("10:00", "20:00"), weekly("20:00", "08:00", ("sat",)))
    one, other = schedule(weekly=spans), schedule(weekly=spans[::-1])
    year = (datetime(2026, 1, 1, tzinfo=UTC).timestamp(), datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    assert one.intervals(*year) == other.intervals(*year)


clocks = st.integers(0, 24 * 4 - 1).map(lambda q: f"{q // 4:02d}:{q % 4 * 15:02d}")
days_ = st.lists(st.sampled_from(EVERY_DAY), max_size=7).map(tuple)
spans_ = st.builds(lambda o, c, d: WeeklySpan(opens=o, closes=c, days=d), clocks, clocks, days_)
NIGHTS = (
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2024, 2, 28, tzinfo=UTC),
    datetime(2026, 12, 31, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),  # Saint-Pierre-et-Miquelon turns its clock back
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(spans_, max_size=4).map(tuple),
    st.sampled_from(NIGHTS),
    st.sampled_from(("Europe/Paris", *OVERSEAS)),
)
def test_every_quarter_agrees_with_a_clock_on_the_wall(
    written: tuple[WeeklySpan, ...], start: datetime, zone: str
) -> None:
    it = schedule(ZoneInfo(zone), weekly=written)
    for quarter in range(2 * 24 * 4):
        moment = start + quarter * QUARTER
        assert (it.rule_at(moment.timestamp(), moment.year) is not None) == clock_says(
            written, moment, it.zone
        )


def clock_says(written: tuple[WeeklySpan, ...], moment: datetime, zone: ZoneInfo) -> bool:
    """The independent answer, by watching a clock on the wall quarter after quarter."""
    today = moment.astimezone(zone).date()
    return any(
        begins <= moment < ends
        for day in (today - timedelta(days=1), today)
        for span in written
        if EVERY_DAY[day.weekday()] in span.days
        for begins, ends in (_watched(span.opens, span.closes, day, zone),)
    )


@cache
def _watched(opens: str, closes: str, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first quarter that shows the opening time or later, to the last that shows the closing time,
    or, where no quarter shows it, the first that shows a later one."""
    start = datetime.combine(day - timedelta(days=1), time(), UTC)
    shown = [(start + n * QUARTER, (start + n * QUARTER).astimezone(zone)) for n in range(4 * 24 * 4)]
    clock = [(moment, f"{wall:%Y-%m-%d %H:%M}") for moment, wall in shown]
    first = f"{day} {opens}"
    last = f"{day + timedelta(days=1) if closes <= opens else day} {closes}"
    begins = next(moment for moment, wall in clock if wall >= first)
    at_closing = [moment for moment, wall in clock if wall == last]
    return begins, at_closing[-1] if at_closing else next(moment for moment, wall in clock if wall > last)


def test_a_year_of_weekly_hours_agrees_with_dateutil() -> None:
    it = schedule(weekly=(weekly("09:00", "12:30", ("mon", "wed", "sat")),))
    new_year = datetime(2026, 1, 1, tzinfo=PARIS)
    days = rrule(DAILY, dtstart=new_year, until=new_year + timedelta(days=364), byweekday=(0, 2, 5))
    expected = [
        (
            int(day.replace(hour=9).timestamp()),
            int(day.replace(hour=12, minute=30).timestamp()),
        )
        for day in days
    ]
    year = (datetime(2026, 1, 1, tzinfo=PARIS).timestamp(), datetime(2027, 1, 1, tzinfo=PARIS).timestamp())
    assert [(i.since, i.until) for i in it.intervals(*year)] == expected


@pytest.mark.parametrize("year", range(2020, 2040))
def test_holidays_agree_with_jours_feries_france(year: int) -> None:
    assert public_holidays(None, year) == set(JoursFeries.for_year(year).values())
    assert public_holidays("6AE", year) == set(JoursFeries.for_year(year, zone="Alsace-Moselle").values())


def test_a_year_no_calendar_knows_is_an_ordinary_year() -> None:
    assert public_holidays(None, 1) == frozenset()
    assert school_holidays("A", 9998) == frozenset()
    assert schedule(weekly=(weekly("20:00", "08:00"),)).rule_at(-6e10, 1) is None
