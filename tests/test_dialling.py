"""One attempt: reserved, one POST, what its answer means; who is rung; what a silent carrier leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from redis import Redis
from sqlalchemy import Engine, select, text

from config.settings import Settings
from routing.model import Need
from tests.callback_house import DESK, NOTHING, OWN, POOL, SECOND_DESK, House
from workers.callbacks import policy
from workers.callbacks.callback import Conclusion, Disposition, State
from workers.callbacks.tables import callbacks
from workers.callbacks.telephony import Leg, Refused, Reply, Throttled, Unknown


@pytest.fixture
def house(engine: Engine, redis_client: Redis, settings: Settings) -> House:
    return House(engine, redis_client, settings)


def test_without_a_doctor_the_desk_of_the_rules_is_rung(house: House) -> None:
    callback_id = house.book()
    assert house.dialler.place_next()
    assert house.carrier.rung == [DESK]
    assert house.state(callback_id) is State.PLACED
    assert not house.dialler.place_next()  # nothing else is due


def test_the_associations_own_doctor_comes_first_then_the_pool_then_the_desks(house: House) -> None:
    house.duty(POOL, None)
    house.duty(OWN, "toulouse")
    house.duty("+33261910003", "lille")  # not theirs to answer
    house.book()
    for _ in range(4):
        assert house.dialler.place_next()
        house.attempts.passed(house.link(), Disposition.NO_ANSWER)
    assert house.carrier.rung == [OWN, POOL, DESK, SECOND_DESK]
    assert not house.dialler.place_next()  # all have just passed: not again at once


def test_a_busy_doctor_is_waited_for_and_never_rung_for_two(house: House) -> None:
    house.duty(OWN, "toulouse")
    house.book(1), house.book(2)
    assert house.dialler.place_next()
    assert not house.dialler.place_next()
    assert house.carrier.rung == [OWN]


def test_a_visit_goes_to_the_desks_and_not_to_a_doctor_far_away(house: House) -> None:
    house.duty(OWN, "toulouse")
    house.book(need=Need.VISIT)
    assert house.dialler.place_next()
    assert house.carrier.rung == [DESK]


@pytest.mark.parametrize("reply", [Throttled(NOTHING), Refused(21211)])
def test_what_certainly_did_not_happen_is_due_again(house: House, reply: Reply) -> None:
    callback_id = house.book()
    house.carrier.replies = [reply]
    house.dialler.place_next()
    assert house.state(callback_id) is State.DUE


def test_a_throttled_call_is_not_counted_as_a_telephone_that_passed(house: House) -> None:
    callback_id = house.book()
    with house.engine.begin() as connection:
        connection.execute(callbacks.update().values(rings=policy.MOST_RINGS - 1))
    house.carrier.replies = [Throttled(timedelta(seconds=-2))]
    house.dialler.place_next()
    house.lapses.hand_to_people()
    assert house.state(callback_id) is State.DUE  # nor as a ring of the many after which a person takes over
    house.dialler.place_next()
    assert house.carrier.rung == [DESK, DESK]


def test_an_unknown_call_is_found_in_the_carriers_list_and_not_placed_again(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    assert house.state(callback_id) is State.UNKNOWN
    assert not house.dialler.place_next()
    house.carrier.listed = None  # the list is silent too: wait
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.UNKNOWN
    house.carrier.listed = [
        Leg("CA7", "ringing", "+33199003624", datetime.now(UTC)),
        Leg("CAx", "ringing", "+33199009999", datetime.now(UTC)),
    ]
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.PLACED
    assert len(house.carrier.rung) == 1
    assert house.attempts.answered(house.link(), "CA7") is not None


def test_an_unknown_call_that_is_in_no_list_is_placed_again_and_the_late_one_is_hung_up(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.DUE
    house.dialler.place_next()
    assert house.attempts.answered(house.link(0), "CAlate") is None  # before anyone hears a word
    assert house.attempts.answered(house.link(1), "CA2") is not None


def test_a_number_with_an_unresolved_call_is_not_rung_for_somebody_else(house: House) -> None:
    house.book(1), house.book(2)
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    house.dialler.place_next()
    assert house.carrier.rung == [DESK, SECOND_DESK]


def test_a_worker_that_died_after_reserving_leaves_an_unknown_row_never_a_due_one(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [_Death()]
    with pytest.raises(KeyboardInterrupt):
        house.dialler.place_next()
    assert house.state(callback_id) is State.DIALLING
    assert house.lapses.to_unknown() == 1
    assert house.state(callback_id) is State.UNKNOWN


class _Death(Unknown):
    """A reply that kills whoever reads it."""

    def __init__(self) -> None:
        super().__init__("")

    @property
    def __class__(self) -> type:  # type: ignore[override]  # reading it in `match` is the moment of death
        raise KeyboardInterrupt


def test_the_first_call_binds_the_attempt_and_a_second_one_is_refused(house: House) -> None:
    house.book()
    house.dialler.place_next()
    link = house.link()
    assert house.attempts.answered(link, "CA1") is not None
    assert house.attempts.answered(link, "CA2") is None
    assert house.attempts.accepted(link, "CA2") is None
    assert house.attempts.accepted(link, "CA1") is not None


def test_a_webhook_may_outrun_the_reply_to_our_own_post(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    assert house.attempts.answered(house.link(), "CA1") is not None
    assert house.state(callback_id) is State.DOCTOR_RINGING
    assert house.attempts.placed(house.link(), "CA1")  # the list, later
    assert house.state(callback_id) is State.DOCTOR_RINGING


def test_late_and_repeated_status_events_change_nothing(house: House) -> None:
    callback_id = house.book()
    house.dialler.place_next()
    link = house.link()
    for word in ("in-progress", "initiated", "ringing", "in-progress"):
        house.attempts.status(link, "CA1", word)
    house.attempts.accepted(link, "CA1")
    house.attempts.status(link, "CAforeign", "completed")
    assert house.state(callback_id) is State.PATIENT_RINGING
    house.attempts.connected(link)
    house.attempts.status(link, "CA1", "completed")
    assert house.state(callback_id) is State.DONE
    house.attempts.status(link, "CA1", "busy")
    assert house.state(callback_id) is State.DONE


def test_a_carrier_that_does_not_answer_is_asked_once_a_round(house: House) -> None:
    house.book(1), house.book(2)
    house.carrier.replies, house.carrier.listed = [Unknown("ReadTimeout"), Unknown("ReadTimeout")], None
    while house.dialler.place_next():
        pass
    assert house.carrier.rung == [DESK, SECOND_DESK]  # one question at a time for each telephone
    assert house.sweeper.ask_the_carrier() == 1


def test_a_leg_without_news_is_asked_about(house: House) -> None:
    callback_id = house.book()
    house.dialler.place_next()
    house.sweeper.ask_the_carrier()  # it does not say
    assert house.state(callback_id) is State.PLACED
    house.carrier.states["CA1"] = "no-answer"
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.DUE


def test_a_patient_cancelling_while_the_doctor_rings_frees_the_doctor_and_hangs_up(house: House) -> None:
    house.duty(OWN, "toulouse")
    callback_id = house.book(1)
    house.dialler.place_next()
    house.attempts.answered(house.link(), "CA1")
    assert house.store.cancel(callback_id)
    assert house.attempts.accepted(house.link(), "CA1") is None
    house.book(2)
    assert house.dialler.place_next()
    assert house.carrier.rung == [OWN, OWN]


def test_a_patient_erased_while_the_doctor_rings_frees_the_doctor(house: House) -> None:
    house.duty(OWN, "toulouse")
    house.book(1), house.book(2)
    house.dialler.place_next()
    house.attempts.answered(house.link(), "CA1")
    with house.engine.begin() as connection:
        assert house.store.forget(connection, "+33639980001") == (1, 0)
    assert house.attempts.accepted(house.link(), "CA1") is None
    assert house.dialler.place_next()
    assert house.carrier.rung == [OWN, OWN]


def test_missed_patients_are_written_to_and_end_with_a_person(house: House) -> None:
    callback_id = house.book()
    house.courier.send_notices()
    for expected in (State.RETRY, State.HUMAN):
        house.dialler.place_next()
        link, sid = house.link(), f"CA{len(house.carrier.rung)}"
        house.attempts.answered(link, sid)
        house.attempts.accepted(link, sid)
        house.attempts.missed(link, Disposition.MACHINE)
        assert house.state(callback_id) is expected
    house.courier.send_notices()
    house.courier.send_notices()
    assert len(house.carrier.written) == 3  # booked, missed, to a person: each once
    assert {to for to, _ in house.carrier.written} == {"+33639980001"}


def test_an_sms_that_may_have_left_is_not_sent_twice(house: House) -> None:
    house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.courier.send_notices()
    house.courier.send_notices()
    assert len(house.carrier.written) == 1


@pytest.mark.parametrize("change", ["rings = 40", "due_at = :long_ago"])
def test_a_row_that_never_succeeds_goes_to_a_person(house: House, change: str) -> None:
    callback_id = house.book()
    long_ago = (datetime.now(UTC) - timedelta(hours=4)).replace(tzinfo=None)
    with house.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE callbacks SET {change}"), {"long_ago": long_ago} if ":" in change else {}
        )
    house.lapses.hand_to_people()
    assert house.state(callback_id) is State.HUMAN


def test_a_row_written_by_a_clock_that_was_ahead_does_not_sleep(house: House) -> None:
    house.book()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with house.engine.begin() as connection:
        connection.execute(callbacks.update().values(due_at=ahead, changed_at=ahead))
    assert not house.dialler.place_next()
    assert house.lapses.undo_clock_jump() == 1
    assert house.dialler.place_next()


def test_a_visit_a_doctor_asks_for_goes_back_to_the_desks_first_in_the_queue(house: House) -> None:
    house.duty(OWN, "toulouse")
    urgent = house.book(1)
    house.dialler.place_next()
    link = house.link()
    house.attempts.answered(link, "CA1")
    house.attempts.accepted(link, "CA1")
    house.attempts.connected(link)
    other = house.book(2)

    house.attempts.concluded(link, Conclusion.VISIT)
    found = house.store.get(urgent)
    assert found is not None
    assert (found.state, found.need, found.urgent) == (State.DUE, Need.VISIT, True)
    assert [one.id for one in house.store.listed({State.DUE})] == [urgent, other]
    house.dialler.place_next()
    assert house.carrier.rung[-1] == DESK


def test_eight_workers_at_once_reserve_each_row_once(house: House) -> None:
    for number in range(12):
        house.duty(f"+3326191{number + 100:04}", "toulouse")
        house.book(number)
    threads = [Thread(target=lambda: [house.dialler.place_next() for _ in range(4)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while house.dialler.place_next():
        pass
    assert len(house.carrier.rung) == len(set(house.carrier.rung)) == 12
    with house.engine.begin() as connection:
        assert set(connection.scalars(select(callbacks.c.rings))) == {1}
