"""What only a calendar shows: clock changes, help that is never there, closures that never end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.checks import Report, check
from routing.compile import compile_book
from routing.document import Document
from routing.problem import Problem
from tests.books_on_file import document_on_file

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
GIRONDE, PLACES = document_on_file("gironde")


def proved(since: datetime = START, until: datetime = START + YEAR, **changes: Any) -> Report:
    return check(compile_book(GIRONDE.model_copy(update=changes), 1, PLACES), PLACES, since, until)


def pau(**changes: Any) -> dict[str, Any]:
    """The document's associations, Pau changed."""
    *others, one = GIRONDE.model_dump(mode="json")["associations"]
    document = GIRONDE.model_dump(mode="json") | {"associations": [*others, one | changes]}
    return {"associations": Document.model_validate(document).associations}


def closed(**changes: Any) -> dict[str, Any]:
    """One closure in the middle of the year."""
    closure = {
        "id": "greve",
        "starts": "2026-06-01T06:00:00+02:00",
        "ends": "2026-06-02T06:00:00+02:00",
        "reason": "Grève",
    }
    document = GIRONDE.model_dump(mode="json") | {"closures": [closure | changes]}
    return {"closures": Document.model_validate(document).closures}


def of_kind(found: Report, kind: str) -> list[Problem]:
    return [problem for problem in found.problems if problem.kind == kind]


def visits(opens: str, closes: str, **more: Any) -> list[dict[str, Any]]:
    return [{"needs": ["visit"], "weekly": [{"opens": opens, "closes": closes}], **more}]


def test_hours_the_clock_jumps_over_are_told_with_their_minute() -> None:
    (told,) = of_kind(proved(**pau(hours=visits("02:00", "03:00"))), "dst_empty")
    assert told.first_minute == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert (told.rule, told.commune, told.blocking) == ("associations/pau/hours", "64445", False)
    assert "02:00-03:00 du 29/03/2026" in told.message


def test_hours_that_come_twice_are_told() -> None:
    (told,) = of_kind(proved(**pau(hours=visits("02:00", "03:00"))), "dst_double")
    assert told.first_minute == datetime(2026, 10, 25, 0, tzinfo=UTC)


@pytest.mark.parametrize(("opens", "closes"), [("20:00", "08:00"), ("00:00", "24:00"), ("08:00", "20:00")])
def test_a_plain_night_or_day_has_nothing_odd_about_it(opens: str, closes: str) -> None:
    found = proved(**pau(hours=visits(opens, closes)))
    assert not [problem for problem in found.problems if problem.kind.startswith("dst")]


def test_where_the_clock_never_changes_nothing_is_odd() -> None:
    found = proved(**pau(hours=visits("02:00", "03:00"), time_zone="Indian/Reunion"))
    assert not [problem for problem in found.problems if problem.kind.startswith("dst")]


def test_a_need_that_is_never_open_is_told() -> None:
    (told,) = of_kind(proved(**pau(hours=[{"needs": ["visit"], "weekly": []}])), "never_there")
    assert "n'ouvre jamais" in told.message


def test_a_pact_with_who_never_opens_is_told() -> None:
    document = GIRONDE.model_dump(mode="json")
    document["associations"][0]["overflow"] = [{"association": "pau", "accepted": True}]
    document["associations"][3]["hours"] = [{"needs": ["visit"], "weekly": []}]
    changes = {"associations": Document.model_validate(document).associations}
    told = of_kind(proved(**changes), "never_there")
    assert "associations/bordeaux/overflow" in [problem.rule for problem in told]


@pytest.mark.parametrize("role", ["meanwhile", "requisitioned"])
def test_who_is_named_for_a_closure_and_closed_all_along_is_told(role: str) -> None:
    night = pau(hours=visits("20:00", "22:00"))
    by_day = {"starts": "2026-06-01T06:00:00+02:00", "ends": "2026-06-01T18:00:00+02:00", role: ["pau"]}
    (told,) = of_kind(proved(**night, **closed(**by_day)), "never_there")
    assert (told.rule, told.first_minute) == ("closures/greve", datetime(2026, 6, 1, 4, tzinfo=UTC))
    assert not of_kind(proved(**closed(**by_day | {"association": "bordeaux"})), "never_there")


def test_a_closure_without_an_end_blocks() -> None:
    (told,) = of_kind(proved(**closed(ends="2036-06-01T06:00:00+02:00", association="pau")), "endless")
    assert (told.blocking, told.rule) == (True, "closures/greve")
    assert not of_kind(proved(**closed(association="pau")), "endless")


def test_an_exception_that_closes_for_ever_blocks() -> None:
    gone = {"label": "Travaux", "first": "2026-01-01", "last": "2030-01-01"}
    assert of_kind(proved(**pau(hours=visits("08:00", "20:00", exceptions=[gone]))), "endless")


@pytest.mark.parametrize("until", [timedelta(0), timedelta(microseconds=1), timedelta(seconds=29.5)])
def test_the_last_second_of_the_period_is_no_hole(until: timedelta) -> None:
    since = START + timedelta(seconds=12, microseconds=3)
    assert proved(since, START + YEAR + until).holes == proved(START, START + YEAR).holes


def test_a_closure_made_public_after_its_end_is_told() -> None:
    closure = {
        "id": "x",
        "association": "pau",
        "reason": "Travaux",
        "starts": START,
        "ends": START + YEAR / 2,
    }
    late = Document.model_validate(
        GIRONDE.model_dump() | {"closures": [closure | {"published_at": START + YEAR}]}
    )
    found = proved(closures=late.closures)
    (told,) = (problem for problem in found.problems if problem.kind == "never_holds")
    assert (told.rule, told.blocking) == ("closures/x", False)
    in_time = late.closures[0].model_copy(update={"published_at": START})
    assert "never_holds" not in [problem.kind for problem in proved(closures=(in_time,)).problems]
