"""Who is rung: the covering association, its overflow, the next in reach, the nation; and never nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from routing.compile import LAST_RESORT, compile_book
from routing.compiled import RuleBook
from routing.decision import decide, offers
from routing.document import Document
from routing.model import Decision, Load, Need, Notice, Outcome, Reason
from tests.books_on_file import at, book_on_file, document_on_file

PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 1, 12, 3, 10, tzinfo=PARIS)
DAY = datetime(2026, 1, 12, 11, 0, tzinfo=PARIS)
NATIONAL, POOL = "+33199000001", "+33199000002"
BORDEAUX, BORDEAUX_POOL = "+33536490001", "+33536490003"
LIBOURNE = ("+33536490011", "+33536490012")
PAU = "+33536490031"


@pytest.fixture(scope="module")
def gironde() -> RuleBook:
    return book_on_file("gironde")


def rung(decision: Decision) -> list[str]:
    return [target.phone for target in decision.targets]


def test_the_covering_association_first_then_the_nation(gironde: RuleBook) -> None:
    decision = decide(gironde, at("33318"), Need.VISIT, NIGHT)
    assert (decision.outcome, decision.association) == (Outcome.CONNECT, "bordeaux")
    assert rung(decision) == [BORDEAUX, NATIONAL]  # Libourne, its overflow, is closed at night
    assert decision.rulebook == 7
    assert ("hours", "bordeaux night") in [(line.rule, line.result) for line in decision.trace]


def test_closed_for_visits_says_so_and_still_rings_who_is_there(gironde: RuleBook) -> None:
    decision = decide(gironde, at("33063"), Need.VISIT, DAY)
    assert (decision.outcome, decision.association) == (Outcome.CLOSED, "bordeaux")
    assert decision.notice == Notice(Reason.OUT_OF_HOURS, Need.VISIT, "bordeaux")
    assert rung(decision) == [*LIBOURNE, NATIONAL]
    assert decision.offers == (Need.CONSULTATION, Need.TELECONSULTATION)


def test_among_seats_in_reach_the_nearest_has_the_consultation_and_the_next_follows(
    gironde: RuleBook,
) -> None:
    decision = decide(gironde, at("33318"), Need.CONSULTATION, DAY)
    assert decision.association == "bordeaux"
    assert rung(decision) == [BORDEAUX, *LIBOURNE, NATIONAL]
    assert decide(gironde, at("33243"), Need.CONSULTATION, DAY).association == "libourne"


def test_an_unaccepted_pact_and_an_unverified_number_never_ring(gironde: RuleBook) -> None:
    for need in (*Need, None):
        for commune in ("33063", "33318", "33243"):
            for when in (DAY, NIGHT):
                phones = rung(decide(gironde, at(commune), need, when))
                assert PAU not in phones
                assert "+33536490002" not in phones


def test_nobody_covers_it_but_somebody_is_in_reach(gironde: RuleBook) -> None:
    before_opening = datetime(2026, 2, 28, 23, 59, tzinfo=PARIS)
    decision = decide(gironde, at("24037"), Need.VISIT, before_opening)
    assert decision.outcome is Outcome.NOT_COVERED
    assert decision.notice == Notice(Reason.NOT_COVERED, Need.VISIT)
    assert rung(decision) == [NATIONAL]
    assert decision.offers == (Need.TELECONSULTATION, Need.ADVICE)


def test_an_association_counts_from_its_first_midnight_on(gironde: RuleBook) -> None:
    decision = decide(gironde, at("24037"), Need.VISIT, datetime(2026, 3, 1, 0, 0, tzinfo=PARIS))
    assert (decision.outcome, decision.association) == (Outcome.CONNECT, "bergerac")


def test_the_longest_idle_number_rings_first_where_that_is_known() -> None:
    written = document_on_file("gironde")[0].model_dump(mode="json")
    pau = next(desk for desk in written["regulators"] if desk["id"] == "pau")
    numbers = [f"+3353649003{place}" for place in (1, 2, 3)]
    pau |= {"strategy": "longest_idle", "phones": [{"number": n, "verified": True} for n in numbers]}
    book = compile_book(Document.model_validate(written), 1, document_on_file("gironde")[1])
    one, two, never = numbers
    for idle, order in (
        ({one: 30.0, two: 200.0}, [never, two, one]),
        ({one: 200.0, two: 30.0, never: 60.0}, [one, never, two]),
    ):
        for second in range(3):
            at_once = NIGHT.replace(second=second)
            decision = decide(book, at("64445"), Need.VISIT, at_once, Load(idle=idle))
            assert rung(decision) == [*order, NATIONAL]
    turns = {rung(decide(book, at("64445"), Need.VISIT, NIGHT.replace(second=s)))[0] for s in range(3)}
    assert turns == set(numbers)


def test_a_territory_has_its_own_emergency_number_and_the_others_the_15() -> None:
    document, places = document_on_file("gironde", emergency={"PF": "15", "NC": "1015"})
    book = compile_book(document, 1, places)
    assert [book.emergency_number(territory) for territory in (None, "NC", "974")] == ["15", "1015", "15"]


def test_a_rotating_desk_takes_turns(gironde: RuleBook) -> None:
    first = [
        decide(gironde, at("24037"), Need.VISIT, datetime(2026, 4, 1, 12, 0, second, tzinfo=UTC))
        .targets[0]
        .phone
        for second in range(4)
    ]
    assert set(first) == {"+33536490021", "+33536490022"}
    assert first[0] != first[1] != first[2]


def test_lines_rung_at_once_are_marked_so(gironde: RuleBook) -> None:
    targets = decide(gironde, at("33243"), Need.VISIT, DAY).targets
    assert [target.together for target in targets] == [False, True, False]


@pytest.mark.parametrize("load", [Load(lines_in_use={"bordeaux": 2}), Load(waiting={"bordeaux": 9})])
def test_a_busy_desk_goes_behind_the_others_and_is_not_dropped(gironde: RuleBook, load: Load) -> None:
    decision = decide(gironde, at("33318"), Need.CONSULTATION, DAY, load)
    assert rung(decision) == [*LIBOURNE, BORDEAUX, NATIONAL]
    assert decision.association == "bordeaux"
    assert "load" in [line.rule for line in decision.trace]


def test_a_pact_used_up_this_hour_is_passed_over(gironde: RuleBook) -> None:
    load = Load(overflowed={"bordeaux>libourne": 10})
    assert rung(decide(gironde, at("33063"), Need.VISIT, DAY, load))[-1] == NATIONAL
    rules = [line.rule for line in decide(gironde, at("33063"), Need.VISIT, DAY, load).trace]
    assert "overflow.cap" in rules
    assert "overflow" not in rules


def test_the_daily_cap_puts_the_association_behind(gironde: RuleBook) -> None:
    document, places = document_on_file("gironde")
    capped = document.associations[0].model_copy(update={"daily_caps": {Need.CONSULTATION: 60}})
    book = compile_book(
        document.model_copy(update={"associations": (capped, *document.associations[1:])}), 8, places
    )
    full = Load(today={"bordeaux consultation": 60})
    assert rung(decide(book, at("33318"), Need.CONSULTATION, DAY, full)) == [*LIBOURNE, BORDEAUX, NATIONAL]


def test_teleconsultation_is_rung_back_by_the_own_pool_else_the_national_one(gironde: RuleBook) -> None:
    own = decide(gironde, at("33063"), Need.TELECONSULTATION, DAY)
    assert (own.outcome, own.association) == (Outcome.CALLBACK, "bordeaux")
    assert rung(own) == [BORDEAUX_POOL, POOL, BORDEAUX, NATIONAL]
    for elsewhere in ("64445", "97411"):
        decision = decide(gironde, at(elsewhere), Need.TELECONSULTATION, DAY)
        assert (decision.outcome, decision.association) == (Outcome.CALLBACK, None)
        assert rung(decision)[0] == POOL


def test_advice_is_given_everywhere(gironde: RuleBook) -> None:
    own = decide(gironde, at("64445"), Need.ADVICE, NIGHT)
    assert (own.outcome, own.association, rung(own)) == (Outcome.CONNECT, "pau", [PAU, NATIONAL])
    overseas = decide(gironde, at("97411"), Need.ADVICE, NIGHT)
    assert (overseas.outcome, overseas.association, rung(overseas)) == (Outcome.CONNECT, None, [NATIONAL])


def test_an_unknown_need_rings_the_owners_desk(gironde: RuleBook) -> None:
    decision = decide(gironde, at("33063"), None, DAY)
    assert (decision.outcome, decision.association) == (Outcome.CONNECT, "bordeaux")
    assert rung(decision)[0] == BORDEAUX


def test_no_place_means_locate_with_the_nation_at_hand(gironde: RuleBook) -> None:
    decision = decide(gironde, None, Need.VISIT, DAY)
    assert (decision.outcome, decision.commune, decision.confidence) == (Outcome.LOCATE, None, 0.0)
    assert rung(decision) == [NATIONAL]
    assert offers(gironde, None, DAY) == (Need.TELECONSULTATION, Need.ADVICE)


def test_a_need_not_offered_where_the_association_is_at_home(gironde: RuleBook) -> None:
    decision = decide(gironde, at("24037"), Need.CONSULTATION, datetime(2026, 4, 1, tzinfo=UTC))
    assert decision.notice == Notice(Reason.NOT_OFFERED, Need.CONSULTATION)
    assert Need.VISIT in decision.offers


def test_offers_come_in_the_order_of_the_menu(gironde: RuleBook) -> None:
    assert offers(gironde, at("33063"), NIGHT) == (Need.CONSULTATION, Need.VISIT, Need.TELECONSULTATION)
    assert offers(gironde, at("97411"), NIGHT) == (Need.TELECONSULTATION, Need.ADVICE)


CLOSURE = {
    "id": "agression",
    "association": "bordeaux",
    "starts": "2026-01-12T00:00:00+01:00",
    "ends": "2026-01-13T00:00:00+01:00",
    "reason": "Agression d'un médecin",
    "message": "SOS Médecins Bordeaux est à l'arrêt jusqu'à demain matin.",
    "meanwhile": ("pau",),
}


def test_a_closure_speaks_and_sends_elsewhere_and_ends_by_itself() -> None:
    book = book_on_file("gironde", closures=(CLOSURE,))
    decision = decide(book, at("33063"), Need.VISIT, NIGHT)
    assert decision.outcome is Outcome.CLOSED
    assert decision.notice is not None
    assert (decision.notice.reason, decision.notice.message) == (Reason.CLOSURE, CLOSURE["message"])
    assert rung(decision) == [PAU, NATIONAL]
    after = datetime(2026, 1, 13, 0, 0, tzinfo=PARIS)
    assert decide(book, at("33063"), Need.VISIT, after).outcome is Outcome.CONNECT


def test_a_closure_prepared_in_secret_holds_from_its_publication() -> None:
    book = book_on_file("gironde", closures=(CLOSURE | {"published_at": "2026-01-12T05:00:00+01:00"},))
    assert decide(book, at("33063"), Need.VISIT, NIGHT).outcome is Outcome.CONNECT
    later = datetime(2026, 1, 12, 5, 0, tzinfo=PARIS)
    assert decide(book, at("33063"), Need.VISIT, later).outcome is Outcome.CLOSED


def test_in_a_national_strike_the_requisitioned_answer() -> None:
    strike = CLOSURE | {"association": None, "requisitioned": ("bordeaux",), "meanwhile": ()}
    book = book_on_file("gironde", closures=(strike,))
    assert decide(book, at("33063"), Need.VISIT, NIGHT).outcome is Outcome.CONNECT
    assert decide(book, at("64445"), Need.VISIT, NIGHT).outcome is Outcome.CLOSED
    assert rung(decide(book, at("64445"), Need.ADVICE, NIGHT)) == [NATIONAL]


def test_an_urgent_opening_beats_a_closure_and_an_urgent_closure_beats_both() -> None:
    document, places = document_on_file("gironde", closures=(CLOSURE,))
    crisis = {
        "label": "crise",
        "first": "2026-01-12",
        "last": "2026-01-12",
        "urgent": True,
        "spans": [{"opens": "00:00", "closes": "24:00"}],
    }
    data = document.model_dump(mode="json")
    data["associations"][0]["hours"][0]["exceptions"] = [crisis]
    opened = compile_book(type(document).model_validate(data), 8, places)
    assert decide(opened, at("33063"), Need.VISIT, NIGHT).outcome is Outcome.CONNECT
    data["closures"][0]["urgent"] = True
    stopped = compile_book(type(document).model_validate(data), 9, places)
    assert decide(stopped, at("33063"), Need.VISIT, NIGHT).outcome is Outcome.CLOSED


def test_a_number_shared_by_two_desks_rings_once() -> None:
    document, places = document_on_file("gironde")
    data = document.model_dump(mode="json")
    data["associations"][1]["regulators"] = ["bordeaux"]
    book = compile_book(type(document).model_validate(data), 8, places)
    assert rung(decide(book, at("33318"), Need.CONSULTATION, DAY)) == [BORDEAUX, NATIONAL]


def test_the_book_of_last_resort_connects_everyone_to_the_nation() -> None:
    book = RuleBook(version=0, national=LAST_RESORT, teleconsultation=(LAST_RESORT,))
    for need in (*Need, None):
        decision = decide(book, at("33063"), need, DAY)
        assert (decision.outcome, decision.targets) == (Outcome.CONNECT, (LAST_RESORT,))


def test_owners_tell_whether_a_postcode_must_be_asked_further(gironde: RuleBook) -> None:
    assert gironde.owners("33063") == {"bordeaux"}
    assert gironde.owners("97411") == frozenset()
