"""A day of strike, as on 27 September 2021: everything stops, the requisitioned answer, it ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from routing.checks import check
from routing.closures import coming, ending, holding
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.decision import decide
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places
from routing.model import Need, Outcome, Reason
from tests.books_on_file import at

PARIS = ZoneInfo("Europe/Paris")
# The day all structures stopped; for the night eight were requisitioned.
STARTS = datetime(2021, 9, 27, 8, tzinfo=PARIS)
ENDS = datetime(2021, 9, 28, 8, tzinfo=PARIS)
NIGHT = datetime(2021, 9, 27, 23, 30, tzinfo=PARIS)
SEATS = {
    "toulouse": "31555",
    "la-rochelle": "17300",
    "dijon": "21231",
    "nantes": "44109",
    "saint-nazaire": "44184",
    "bordeaux": "33063",
    "pau": "64445",
    "bayonne": "64102",
}
PLACES = Places.load()


def strike(**changes: Any) -> dict[str, Any]:
    return {
        "id": "greve-2021-09-27",
        "reason": "Arrêt national d'activité",
        "message": "Les associations SOS Médecins sont à l'arrêt jusqu'à demain matin.",
        "starts": STARTS.isoformat(),
        "ends": ENDS.isoformat(),
        "requisitioned": list(SEATS),
    } | changes


def document(**changes: Any) -> Document:
    return Document.model_validate(
        demo_document().model_dump(mode="json") | {"closures": [strike(**changes)]}
    )


@cache
def book() -> RuleBook:
    return compile_book(document(), 1, PLACES)


@pytest.mark.parametrize(("slug", "insee"), SEATS.items())
def test_each_of_the_eight_requisitioned_answers_the_night(slug: str, insee: str) -> None:
    decision = decide(book(), at(insee), Need.VISIT, NIGHT)
    assert (decision.outcome, decision.association) == (Outcome.CONNECT, slug)
    assert decision.targets[0].association == slug


def test_everyone_else_has_stopped_and_the_callers_hear_why() -> None:
    for one in demo_document().associations:
        if one.slug in SEATS:
            continue
        decision = decide(book(), at(one.insee), Need.VISIT, NIGHT)
        assert {target.association for target in decision.targets} <= {*SEATS, None}
        if decision.outcome is Outcome.CLOSED:
            assert decision.notice is not None
            assert decision.notice.reason is Reason.CLOSURE
            assert decision.notice.message == strike()["message"]
    paris = decide(book(), at("75115"), Need.VISIT, NIGHT)
    assert (paris.outcome, paris.targets[-1].association) == (Outcome.CLOSED, None)


def test_it_ends_by_itself() -> None:
    before, after = (
        decide(book(), at("75115"), Need.VISIT, moment).outcome
        for moment in (STARTS - timedelta(seconds=1), ENDS)
    )
    assert (before, after) == (Outcome.CONNECT, Outcome.CONNECT)


def test_one_need_may_stop_alone() -> None:
    visits = compile_book(document(needs=["visit"], association="pau", requisitioned=[]), 1, PLACES)
    assert decide(visits, at("64445"), Need.VISIT, NIGHT).outcome is Outcome.CLOSED
    assert decide(visits, at("64445"), Need.CONSULTATION, NIGHT).association == "pau"


def test_calls_go_meanwhile_where_the_closure_says() -> None:
    named = compile_book(document(association="pau", requisitioned=[], meanwhile=["dijon"]), 1, PLACES)
    decision = decide(named, at("64445"), Need.VISIT, NIGHT)
    assert decision.targets[0].association == "dijon"


def test_prepared_in_secret_it_holds_from_its_hour_of_publication() -> None:
    secret = document(published_at=(STARTS + timedelta(hours=2)).isoformat())
    hidden = compile_book(secret, 1, PLACES)
    assert decide(hidden, at("75115"), Need.VISIT, STARTS + timedelta(hours=1)).outcome is Outcome.CONNECT
    assert decide(hidden, at("75115"), Need.VISIT, NIGHT).outcome is Outcome.CLOSED
    assert [c.id for c in coming(secret, STARTS + timedelta(hours=1))] == ["greve-2021-09-27"]


def test_a_reminder_comes_before_the_end_and_not_after() -> None:
    told = document(association="pau")
    assert ending(told, STARTS) == ()
    (reminder,) = ending(told, ENDS - timedelta(hours=3))
    assert reminder.association == "pau"
    assert "SOS Médecins Pau) finit le 28/09/2021 à 8 h" in reminder.said
    assert ending(told, ENDS) == ()
    assert [c.id for c in holding(told, NIGHT)] == ["greve-2021-09-27"]


def test_the_strike_is_a_hole_that_can_be_published() -> None:
    report = check(book(), PLACES, STARTS, ENDS)
    assert not report.blocking
    assert report.holes > 60_000 - 3 * 10_000
