"""The call's state machine, walked whole: every state, every input, every ending."""

from functools import cache

import pytest

from routing.model import Located, Need, PlaceSource
from tests.flow_world import (
    FOREIGN,
    LANDLINE,
    MOBILE,
    TOULOUSE,
    UNLIKELY,
    answer,
    arrive,
    dialled,
    silent_ending,
    walk,
    world,
)
from voice import flow, prompts
from voice.call import (
    Ask,
    BookCallback,
    Booked,
    Call,
    CancelCallback,
    Dial,
    DialEnded,
    Event,
    HangUp,
    NotBooked,
    Pressed,
    Said,
    Say,
    Stage,
    Turn,
)
from workers.callbacks.callback import Disposition

CALLERS = (LANDLINE, UNLIKELY, MOBILE, FOREIGN, None)
WORLDS = (world(), world(ages=True), world(waiting=True))
WALKS = pytest.mark.parametrize(
    ("caller", "here"),
    [*((caller, 0) for caller in CALLERS), (MOBILE, 1), (MOBILE, 2)],
)


@cache  # nothing moves a pure machine: what one test has walked is the others' too
def walked(caller: str | None, here: int) -> tuple[tuple[Call, Event, Turn], ...]:
    return tuple(walk(arrive(caller, WORLDS[here]), WORLDS[here]))


def told(call: Call, event: Event, turn: Turn) -> str:
    return f"{call.stage} {event} -> {turn.instructions}"


@WALKS
def test_every_reachable_step_leads_on_or_ends_with_a_person_a_promise_or_the_15(
    caller: str | None, here: int
) -> None:
    steps = 0
    for call, event, turn in walked(caller, here):
        steps += 1
        last = turn.instructions[-1]
        assert turn.call.step == call.step + 1, told(call, event, turn)
        if isinstance(last, Ask):
            assert last.silence, told(call, event, turn)
        elif isinstance(last, HangUp):
            names = {fact.name for fact in turn.facts}
            assert turn.call.stage is Stage.ENDED, told(call, event, turn)
            assert names & {"answered", "booked", "last_resort"}, told(call, event, turn)
            if "answered" not in names:
                spoken = " ".join(i.text for i in turn.instructions if isinstance(i, Say))
                assert "15" in spoken, told(call, event, turn)
        else:
            assert isinstance(last, Dial | BookCallback | CancelCallback), told(call, event, turn)
    assert steps > 500


@WALKS
def test_silence_from_any_state_with_no_desk_answering_comes_to_an_end(caller: str | None, here: int) -> None:
    for _, _, turn in walked(caller, here):
        assert silent_ending(turn, WORLDS[here]) in {"booked", "last_resort", "answered"}


@WALKS
def test_zero_reaches_a_human_and_the_star_the_15_at_every_question(caller: str | None, here: int) -> None:
    for _, event, turn in walked(caller, here):
        if event == Pressed("0"):
            assert isinstance(turn.instructions[-1], Dial)
        if event in (Pressed("*"), Pressed("15")):
            assert turn.instructions[0] == Say(prompts.danger("15"))
            assert isinstance(turn.instructions[-1], Dial)
            assert turn.instructions[-1].brief.priority


def test_no_more_than_four_choices_and_the_function_before_the_key() -> None:
    for here in range(len(WORLDS)):
        for _, _, turn in walked(MOBILE, here):
            for ask in (i for i in turn.instructions if isinstance(i, Ask)):
                words = " ".join(ask.texts)
                assert words.count("tapez") <= 5, words
                assert not words.lower().startswith("tapez 1"), words


def test_a_known_landline_in_silence_rings_its_desk_with_the_need_unknown() -> None:
    turn = answer(arrive(LANDLINE), Pressed(""), Pressed(""))
    assert dialled(turn) == ("desk-toulouse", "desk-pau")
    assert turn.instructions[-1].brief.need is None
    assert turn.instructions[-1].brief.place == "Toulouse"


def test_a_key_on_the_guessed_place_confirms_it_and_answers_the_need() -> None:
    turn = answer(arrive(LANDLINE), Pressed("2"))
    assert dialled(turn) == ("desk-toulouse", "desk-pau")
    assert turn.instructions[-1].brief.need is Need.CONSULTATION


def test_a_postcode_typed_during_the_welcome_is_heard_digit_by_digit() -> None:
    first = arrive(MOBILE).instructions[0]
    assert isinstance(first, Ask)
    ahead = flow.advance(first.call, Pressed("3"), world())
    ask = ahead.instructions[-1]
    assert isinstance(ask, Ask)
    assert ask.digits == 5
    located = flow.advance(ask.call, Pressed("1000"), world())
    assert located.call.place == Located(TOULOUSE, 0.95, PlaceSource.POSTCODE)


def test_a_slip_of_the_finger_during_the_welcome_does_not_become_part_of_the_postcode() -> None:
    first = arrive(MOBILE).instructions[0]
    assert isinstance(first, Ask)
    slipped = flow.advance(first.call, Pressed("1"), world())
    assert answer(slipped, Pressed("31000")).call.place == Located(TOULOUSE, 0.95, PlaceSource.POSTCODE)
    assert answer(slipped, Said("à Colomiers")).call.place.commune == "31149"
    assert answer(slipped, Pressed("")).instructions[0].texts == (prompts.PLACE_NOT_HEARD,)


@pytest.mark.parametrize("key", "12345")
def test_an_unlikely_place_is_asked_whatever_is_typed_during_the_welcome(key: str) -> None:
    first = arrive(UNLIKELY).instructions[0]
    assert isinstance(first, Ask)
    turn = flow.advance(first.call, Pressed(key), world())
    assert (turn.call.stage, turn.call.need) == (Stage.PLACE, None)


def test_the_first_digit_of_a_postcode_typed_during_the_welcome_books_no_call_back() -> None:
    first = arrive(LANDLINE).instructions[0]
    assert isinstance(first, Ask)
    turn = flow.advance(first.call, Pressed("3"), world())
    assert turn.call.stage is Stage.CONFIRM
    assert answer(turn, Pressed("1130")).call.stage is Stage.COMMUNE
    assert answer(turn, Pressed("")).call.need is Need.TELECONSULTATION
    assert dialled(answer(turn, Pressed("1"))) == ("desk-toulouse", "desk-pau")
    assert dialled(flow.advance(first.call, Pressed("1"), world())) == ("desk-toulouse", "desk-pau")


def test_communes_of_one_name_are_told_apart_by_their_departement() -> None:
    turn = answer(arrive(MOBILE), Said("Saint-Denis"))
    assert turn.call.stage is Stage.HOMONYM
    assert turn.instructions[-1].texts == (
        "Pour Saint-Denis, dans le 97, tapez 1. Pour Saint-Denis, dans le 93, tapez 2. "
        "Pour une autre commune, tapez 3.",
    )
    assert answer(turn, Pressed("2")).call.place == Located("93066", 0.95, PlaceSource.CHOSEN)
    for unclear in ("", "3", "9"):
        asked = answer(turn, Pressed(unclear))
        assert (asked.call.stage, asked.call.place) == (Stage.PLACE, None)


def test_a_said_commune_can_be_refused_and_corrected_aloud() -> None:
    turn = answer(arrive(MOBILE), Said("à Colomiers"))
    assert turn.instructions[-1].texts == (
        "Le malade est à Colomiers, dans le 31 ? Sinon, tapez son code postal.",
    )
    assert answer(turn, Said("oui")).call.stage is Stage.NEED
    refused = answer(turn, Said("non"))
    assert (refused.call.stage, refused.call.place) == (Stage.PLACE, None)
    assert answer(turn, Said("Non, à Saint-Denis.")).call.stage is Stage.HOMONYM


@pytest.mark.parametrize("keys", ["00", "00000"])
def test_zero_pressed_again_and_again_is_a_human(keys: str) -> None:
    assert dialled(answer(arrive(MOBILE), Pressed(keys))) == ("desk-national",)


@pytest.mark.parametrize("keys", ["**", "*****", "*3150"])
def test_the_star_pressed_again_and_again_is_the_15(keys: str) -> None:
    turn = answer(arrive(MOBILE), Pressed(keys))
    assert turn.instructions[0] == Say(prompts.danger("15"))
    assert dialled(turn) == ("desk-national",)


def test_a_shared_postcode_is_asked_further_only_where_it_changes_who_is_rung() -> None:
    turn = answer(arrive(MOBILE), Pressed("31130"))
    assert turn.call.stage is Stage.COMMUNE
    assert answer(turn, Pressed("2")).call.place.commune == "31044"
    assert answer(arrive(MOBILE), Pressed("31000")).call.stage is Stage.NEED


def test_a_commune_that_stands_for_its_neighbours_is_not_said_to_be_the_patients() -> None:
    turn = answer(arrive(MOBILE), Pressed("31700"), Pressed("1"))
    assert turn.instructions[0] == Say("SOS Médecins, Colomiers et alentours. Ne quittez pas.")
    assert turn.instructions[-1].brief.place == "Colomiers et alentours"
    assert answer(arrive(MOBILE), Pressed("31000"), Pressed("1")).instructions[-1].brief.place == "Toulouse"


def test_where_no_visit_is_possible_the_caller_is_told_and_offered_what_is() -> None:
    turn = answer(arrive(MOBILE), Pressed("23320"))
    ask = turn.instructions[-1]
    assert isinstance(ask, Ask)
    assert ask.texts[0] == "Pas de visite à domicile possible à Saint-Vaury."
    assert "téléconsultation, tapez 2" in ask.texts[1]


def test_a_said_commune_is_read_back_and_confirmed_by_silence() -> None:
    turn = answer(arrive(MOBILE), Said("à Colomiers"))
    assert turn.call.stage is Stage.CONFIRM
    assert answer(turn, Pressed("")).call.place.commune == "31149"


def test_a_desk_that_does_not_answer_gives_way_to_the_next_and_then_to_the_offer() -> None:
    turn = answer(arrive(LANDLINE), Pressed("1"))
    turn = answer(turn, DialEnded(Disposition.BUSY))
    assert dialled(turn) == ("desk-auch",)
    turn = answer(turn, DialEnded(Disposition.NO_ANSWER))
    assert dialled(turn) == ("desk-national",)
    turn = answer(turn, DialEnded(Disposition.FAILED))
    assert turn.call.stage is Stage.OFFER


def test_a_line_that_breaks_at_once_is_not_taken_for_an_answer() -> None:
    turn = answer(arrive(LANDLINE), Pressed("1"), DialEnded(Disposition.ANSWERED, 2))
    assert dialled(turn) == ("desk-auch",)
    # The desk is told whom it takes, 8 seconds long, and that is in the carrier's figure.
    assert dialled(answer(turn, DialEnded(Disposition.ANSWERED, 12))) == ("desk-national",)
    assert answer(turn, DialEnded(Disposition.ANSWERED, 13)).call.stage is Stage.ENDED


def test_a_teleconsultation_reads_the_number_back_and_promises_only_once_booked() -> None:
    turn = answer(arrive(MOBILE), Pressed("31000"), Pressed("3"))
    ask = turn.instructions[-1]
    assert isinstance(ask, Ask)
    assert "06 39 98 00 01" in ask.texts[0]
    turn = answer(turn, Pressed("1"), Pressed("1"))
    book = turn.instructions[-1]
    assert isinstance(book, BookCallback)
    assert (book.call.number, book.call.video, book.call.association) == (MOBILE, True, "toulouse")
    told = flow.advance(book.call, Booked("avant 21 h 40"), world()).instructions[0]
    assert isinstance(told, Say)
    assert "vous rappelle avant 21 h 40" in told.text


@pytest.mark.parametrize("number", ["0899000000", "3624", "112", "0044163296000"])
def test_a_number_that_may_not_be_rung_is_refused_and_asked_again(number: str) -> None:
    turn = answer(arrive(None), Pressed("31000"), Pressed("3"))
    assert turn.call.stage is Stage.TYPED_NUMBER
    turn = answer(turn, Pressed(number))
    if number == "112":
        assert turn.instructions[0] == Say(prompts.danger("15"))
    else:
        assert turn.call.stage is Stage.TYPED_NUMBER
        assert turn.instructions[-1].texts[0] == prompts.NUMBER_REFUSED


def test_a_booking_that_cannot_be_kept_is_never_confirmed_and_rings_again() -> None:
    turn = answer(arrive(MOBILE), Pressed("31000"), Pressed("3"), Pressed("1"), Pressed("2"))
    book = turn.instructions[-1]
    assert isinstance(book, BookCallback)
    turn = flow.advance(book.call, NotBooked(), world())
    assert turn.instructions[0] == Say(prompts.NOT_BOOKED)
    assert isinstance(turn.instructions[-1], Dial)


def test_ringing_again_says_the_time_and_the_place_and_offers_to_cancel() -> None:
    here = world(waiting=True)
    turn = arrive(MOBILE, here)
    ask = turn.instructions[-1]
    assert isinstance(ask, Ask)
    assert "avant 21 h 40" in ask.texts[0]
    assert "2 personnes avant vous" in ask.texts[0]
    cancelled = answer(turn, Pressed("1"), here=here)
    assert isinstance(cancelled.instructions[-1], CancelCallback)


def test_a_call_back_under_way_cannot_be_cancelled_and_the_caller_is_told_so() -> None:
    here = world(waiting=True)
    asked = answer(arrive(MOBILE, here), Pressed("1"), here=here).instructions[-1]
    assert isinstance(asked, CancelCallback)
    turn = flow.advance(asked.call, NotBooked(), here)
    assert turn.instructions[0] == Say(prompts.NOT_CHANGED)
    assert isinstance(turn.instructions[-1], Dial)
