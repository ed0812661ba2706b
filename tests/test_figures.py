"""The figures by their definitions, the history's comparisons, and what a spreadsheet gets."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, update

from routing.model import Need
from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told, some_calls
from workers.callbacks.callback import Booking, Promise
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import callbacks
from workers.callbacks.vault import Vault
from workers.records import export, history, paris
from workers.records.figures import DEFINITIONS, Figures
from workers.records.history import By, Span
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.whole import monthly, whole, wholes

DAY = NOON.date()


def count(engine: Engine, *calls: Told) -> None:
    lines = [event.text() for call in calls for event in call.events]
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(lines, NOON + timedelta(days=1))


def of_day(engine: Engine, association: str | None = None) -> Figures:
    with engine.begin() as connection:
        return history.total(connection, Span(DAY, DAY, association))


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def five_calls() -> list[Told]:
    """Taken in 20 s, taken in 70 s, lost after 40 s, called back, hung up at once."""
    booked = Told("CA4", at(4), who="d").decided().ringing()
    booked.say("unanswered", 25, regulator="d-toulouse", disposition="busy").say("booked", 30)
    return [
        Told("CA1", at(1), who="a").decided(10).ringing().taken(20, 100).over(),
        Told("CA2", at(2), who="b").decided(20).ringing().taken(70, 300).over(),
        Told("CA3", at(3), who="c").decided().ringing().say("left", 40, stage="ringing").over(),
        booked.over(),
        Told("CA5", at(5), who="e").over(after=1),
    ]


def test_each_figure_is_what_its_definition_says(engine: Engine) -> None:
    count(engine, *five_calls())
    figures = of_day(engine)
    assert (figures.presented, figures.answered, figures.lost) == (5, 2, 1)
    assert (figures.callbacks, figures.early, figures.persons) == (1, 1, 5)
    assert (figures.qs30, figures.qs60, figures.within(90)) == (0.25, 0.25, 0.5)
    assert (figures.answer_rate, figures.loss_rate, figures.lost_after_30_rate) == (0.5, 0.25, 0.2)
    assert (figures.wait, figures.talk) == (45.0, 200.0)
    assert figures.ivr == pytest.approx((10 + 20 + 10 + 10) / 4, abs=0.1)


def test_presented_calls_are_each_counted_in_one_place_only(engine: Engine) -> None:
    count(engine, *some_calls(300, 21, every=30))
    figures = of_day(engine)
    parts = figures.answered + figures.lost + figures.callbacks + figures.early
    assert parts == figures.presented == 300
    assert sum(of_day(engine, slug).presented for slug in ("toulouse", "pau", "lyon", "")) == 300


def test_the_ninetieth_centile_lies_in_the_class_of_the_ninth_call_of_ten(engine: Engine) -> None:
    waits = [2, 3, 4, 6, 7, 8, 9, 11, 25, 200]
    count(
        engine,
        *(
            Told(f"CA{n}", at(n), who=f"{n}").decided().ringing().taken(w, 60).over()
            for n, w in enumerate(waits)
        ),
    )
    assert of_day(engine).wait_90 == 30.0


def test_hours_are_those_of_paris(engine: Engine) -> None:
    count(engine, Told("CA1", datetime(2026, 11, 17, 11, 59, 30, tzinfo=UTC)).over(after=1))
    with engine.begin() as connection:
        hours = history.hours_of(connection, DAY)
        weekdays = history.breakdown(connection, Span(DAY, DAY), By.WEEKDAY)
    assert [hour for hour, figures in hours.items() if figures.presented] == [12]
    assert list(weekdays) == [1]


def test_overflow_is_given_by_one_and_received_by_the_other(engine: Engine) -> None:
    helped = Told("CA1").decided().ringing("d-pau", "pau").taken(9, 120, "d-pau").over()
    national = Told("CA2", at(3)).decided().ringing("national", None).taken(9, 60, "national").over()
    own = Told("CA3", at(5)).decided().ringing().taken().over()
    count(engine, helped, national, own)
    with engine.begin() as connection:
        flows = history.fairness(connection, Span(DAY, DAY))
    assert {(flow.owner, flow.helper, flow.calls, flow.minutes) for flow in flows} == {
        ("toulouse", "pau", 1, 2.0),
        ("toulouse", None, 1, 1.0),
    }
    assert of_day(engine).overflowed == 2


def test_breakdowns_add_up(engine: Engine) -> None:
    count(engine, *some_calls(200, 22, every=30))
    with engine.begin() as connection:
        for by in (By.ASSOCIATION, By.NEED, By.OUTCOME, By.HOUR, By.WEEKDAY):
            found = history.breakdown(connection, Span(DAY, DAY), by)
            assert sum(figures.presented for figures in found.values()) == 200, by
        places = history.breakdown(connection, Span(DAY, DAY), By.PLACE)
        departements = history.breakdown(connection, Span(DAY, DAY), By.DEPARTEMENT)
        mine = history.breakdown(connection, Span(DAY, DAY, "pau"), By.DEPARTEMENT)
    assert set(departements) == {str(place)[:2] for place in places} == {"31", "64", "75"}
    assert set(mine) == {"64"}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (-3, 3),
        (0, 0),
        (-16, 5),
        (-10, 13),
        (-20, 0),
        (-40, 16),
        (-20, 16),
        (-17, -17),
        (-250, 0),
        (-320, 44),
        (-310, -15),
    ],
)
def test_communes_of_an_association_are_exact_by_the_day(engine: Engine, first: int, last: int) -> None:
    calls = [
        Told(f"CA{n}", datetime(2026, 11, 17, 22, 30, tzinfo=UTC) + timedelta(days=n)).decided().over()
        for n in range(-20, 17)
    ]
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(
        [event.text() for call in calls for event in call.events], datetime(2026, 12, 4, tzinfo=UTC)
    )
    span = Span(DAY + timedelta(days=first), DAY + timedelta(days=last), "toulouse")
    with engine.begin() as connection:
        places = history.breakdown(connection, span, By.PLACE)
        everybody = history.breakdown(connection, Span(span.first, span.last), By.PLACE)
        departements = history.breakdown(connection, span, By.DEPARTEMENT)
        nobody = history.breakdown(connection, Span(span.first, span.last, "pau"), By.PLACE)
        known = history.total(connection, span)
    assert places == everybody == {"31555": known}
    assert departements == {"31": known}
    assert known.presented == min(last, 16) - max(first, -20) + 1
    assert nobody == {}


def test_a_span_is_told_whole(engine: Engine) -> None:
    count(engine, *five_calls())
    danger = Told("CAd", NOON).say("danger").decided(association="pau").over()
    kept = Told("CAk", NOON).decided(association="pau").say("booked", 30, promise="x").over()
    count(engine, danger, kept, Told("CAo").decided().ringing("d-pau", "pau").taken().over())
    store = Callbacks(engine, Vault.of((SECRET_KEYS,)))
    later = NOON + timedelta(minutes=9)
    for call, number, until in (("CAk", "+33639980001", 15), ("CAl", "+33639980002", 5)):
        booking = Booking(call, number, Need.VISIT, NOON, NOON, association="pau")
        store.book(booking, Promise(NOON + timedelta(minutes=until), measured=False))
        with engine.begin() as connection:
            done = {"state": "done", "kept_at": later, "conclusion": "fifteen" if call == "CAl" else None}
            connection.execute(update(callbacks).where(callbacks.c.call_sid == call).values(done))
    with engine.begin() as connection:
        pau = whole(connection, Span(DAY, DAY, "pau"), NOON + timedelta(hours=1))
        everything = whole(connection, Span(DAY, DAY), NOON + timedelta(hours=1))
        each = wholes(connection, Span(DAY, DAY), NOON + timedelta(hours=1))
        month = monthly(connection, Span(DAY, DAY, "pau"), NOON + timedelta(hours=1))[0]
    assert (pau.promises.promised, pau.promises.kept, pau.promises.late) == (2, 1, 1)
    assert (pau.promises.joined, pau.promises.within_10_min, pau.promises.kept_rate) == (2, 2, 0.5)
    assert (pau.promises.delay_50, pau.promises.delay_90) == (7.5, 9.5)
    assert each["pau"] == pau == month.whole
    assert (each["toulouse"].received, each["pau"].received) == (0, 1)
    headings, rows = export.whole_table(each.items(), "Association")
    mine = dict(zip(headings, next(row for row in rows if row[0] == "pau"), strict=True))
    assert (mine["Débordement reçu"], mine["Rappels tenus"], mine["Délai de rappel, médian"]) == (1, 1, 7.5)
    assert (pau.figures.danger, pau.received, everything.received) == (1, 1, 1)
    assert pau.to_the_15 == 2


@pytest.mark.parametrize(
    ("day", "like"),
    [
        (date(2026, 11, 17), date(2025, 11, 18)),  # a Tuesday for a Tuesday
        (date(2026, 12, 25), date(2025, 12, 25)),  # Christmas for Christmas
        (date(2028, 2, 29), date(2027, 3, 2)),
    ],
)
def test_a_day_is_compared_with_its_like(day: date, like: date) -> None:
    assert history.like_last_year(day) == like


def test_holidays_are_marked() -> None:
    assert history.marks(date(2026, 5, 1)).public_holiday
    assert history.marks(date(2026, 7, 20)).school_holidays == ("A", "B", "C")
    assert not history.marks(date(2026, 11, 17)).public_holiday


def test_a_year_compares_each_day_even_without_a_past(engine: Engine) -> None:
    count(engine, *five_calls())
    with engine.begin() as connection:
        days = history.compared(connection, Span(DAY - timedelta(days=2), DAY))
        months = monthly(connection, Span(DAY.replace(month=10), DAY), NOON)
    assert [(day.figures.presented, day.before.presented) for day in days] == [(0, 0), (0, 0), (5, 0)]
    assert [(row.month, row.whole.figures.presented) for row in months] == [(202610, 0), (202611, 5)]


def test_every_figure_on_a_screen_has_its_definition() -> None:
    empty = Figures.of({})
    for name, (title, definition) in DEFINITIONS.items():
        assert hasattr(empty, name), name
        assert title, definition


def test_the_night_with_two_two_oclocks_has_one_day() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [paris.placed(before + timedelta(hours=h))[1] // 60 for h in range(3)] == [2, 2, 3]
    assert paris.day_of(20261025) == date(2026, 10, 25)


def test_a_french_excel_opens_the_csv_as_it_is(engine: Engine) -> None:
    count(engine, *five_calls())
    headings, rows = export.table([("pau", of_day(engine)), ("=1+1", Figures.of({}))], "Association")
    text = export.to_csv(headings, rows)
    assert text.startswith(b"\xef\xbb\xbfAssociation;Pr")
    lines = text.decode("utf-8-sig").split("\r\n")
    first = dict(zip(lines[0].split(";"), lines[1].split(";"), strict=True))
    assert (first["Présentés"], first["QS60"], first["Attente moyenne"]) == ("5", "0,25", "45")
    assert lines[2].startswith("'=1+1;0;")


def test_a_workbook_keeps_numbers_as_numbers() -> None:
    headings, rows = export.table([("pau", Figures.of({"calls": 12}))], "Association")
    sheet = load_workbook(io.BytesIO(export.to_xlsx(headings, rows))).active
    assert [cell.value for cell in sheet[1]][:2] == ["Association", "Présentés"]
    assert [cell.value for cell in sheet[2]][:2] == ["pau", 12]


def test_a_workbook_holds_whatever_a_cell_may_be() -> None:
    odd = ["=1+1", "<b>&\"'", "Évry\x00\x1f ici", "\x01=2", 0, -3, 0.25, None, DAY]
    book = load_workbook(io.BytesIO(export.to_xlsx(["Quoi", *"abcdefgh"], [odd])))
    values = [cell.value for cell in book.active[2]]
    assert values[:8] == ["'=1+1", "<b>&\"'", "Évry ici", "'=2", 0, -3, 0.25, None]
    assert values[8].date() == DAY


def test_the_api_answers_what_it_documents(engine: Engine) -> None:
    count(engine, *five_calls())
    with engine.begin() as connection:
        day = history.compared(connection, Span(DAY, DAY))[0]
        month = monthly(connection, Span(DAY, DAY), NOON)[0]
    told = export.DayOut.of(day).model_dump(mode="json")
    assert (told["day"], told["figures"]["presented"], told["before"]["qs60"]) == ("2026-11-17", 5, None)
    assert export.MonthOut.of(month).promises.promised == 0
    schema = export.FiguresOut.model_json_schema()
    assert all(field["description"] for field in schema["properties"].values())
