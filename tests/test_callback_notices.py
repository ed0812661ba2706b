"""What a patient is told beside the call-back: a delay, on a landline too, and the address of the video."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import Engine

from config import journal
from config.settings import Settings
from routing.geography.places import Places
from routing.model import Need
from tests.callback_house import DESK, NOW, House
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN
from tests.signed import fields_of, sign
from voice import leg_prompts as prompts
from voice import leg_webhooks
from voice.signature import Door
from workers.callbacks.callback import Booking, Cause, Conclusion, Disposition, State
from workers.callbacks.notices import Notice
from workers.callbacks.tables import attempts, callbacks, notices
from workers.callbacks.telephony import Unknown
from workers.records.callrecord import fold
from workers.records.events import Event

LANDLINE, MOBILE, DOCTOR = "+33536490001", "+33639980001", "+33639980101"
ROOM = "https://visio.example/salle/{token}"


@pytest.fixture
def house(sqlite_engine: Engine, redis_client: Redis, settings: Settings) -> House:
    return House(sqlite_engine, redis_client, settings)


def late(house: House, number: str) -> str:
    """A call-back whose promise is five minutes from being missed."""
    booked = house.store.book(Booking("CAb", number, Need.TELECONSULTATION, NOW, NOW, "31555", "toulouse"))
    with house.engine.begin() as connection:
        told = {"asked_at": NOW - timedelta(hours=1), "promised_by": datetime.now(UTC) + timedelta(minutes=5)}
        connection.execute(callbacks.update().values(told))
    house.lapses.warn_of_delay()
    return booked.id


def test_who_will_be_rung_late_is_told_before(house: House) -> None:
    callback_id = late(house, MOBILE)
    house.lapses.warn_of_delay()
    for _ in range(2):
        house.courier.send_notices()
    assert len(house.carrier.written) == 2
    assert "retard" in house.carrier.written[1][1]
    assert house.state(callback_id) is State.DUE


def test_a_promise_of_a_few_minutes_is_not_late_as_soon_as_it_is_made(house: House) -> None:
    house.book()
    with house.engine.begin() as connection:
        connection.execute(callbacks.update().values(promised_by=datetime.now(UTC) + timedelta(minutes=9)))
    assert house.lapses.warn_of_delay() == 0


def test_a_landline_is_rung_once_to_be_told_of_a_delay(house: House) -> None:
    late(house, LANDLINE)
    for _ in range(3):
        house.lapses.warn_of_delay()
        house.courier.send_notices()
    assert (house.carrier.rung, house.carrier.written) == ([LANDLINE], [])


def test_no_doctor_is_joined_with_a_line_that_our_own_call_keeps_engaged(house: House) -> None:
    late(house, LANDLINE)
    house.courier.send_notices()
    assert not house.dialler.place_next()
    with house.engine.begin() as connection:
        minute = timedelta(minutes=1)
        assert connection.scalar(callbacks.select().with_only_columns(callbacks.c.due_at)) - NOW >= minute
        connection.execute(callbacks.update().values(due_at=NOW))
    assert house.dialler.place_next()
    assert house.carrier.rung == [LANDLINE, DESK]


def test_a_call_of_delay_that_may_have_left_is_not_made_twice(house: House) -> None:
    late(house, LANDLINE)
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.courier.send_notices()
    house.courier.send_notices()
    assert house.carrier.rung == [LANDLINE]


def test_nobody_is_told_of_a_delay_whose_doctor_is_at_it_already(house: House) -> None:
    late(house, LANDLINE)
    house.dialler.place_next()
    house.courier.send_notices()
    assert house.carrier.rung == [DESK]


def test_nobody_who_has_renounced_is_told_that_they_will_be_rung(house: House) -> None:
    one = late(house, MOBILE)
    assert house.store.cancel(one)
    house.courier.send_notices()
    assert house.carrier.written == []


def test_nobody_is_written_to_of_a_delay_whose_doctor_is_at_it_already(house: House) -> None:
    late(house, MOBILE)
    house.courier.send_notices()
    house.carrier.written.clear()
    with house.engine.begin() as connection:
        connection.execute(notices.update().where(notices.c.kind == Notice.LATE).values(state="due"))
    house.dialler.place_next()
    house.courier.send_notices()
    assert (house.carrier.rung, house.carrier.written) == ([DESK], [])


def test_a_new_time_is_told_only_where_it_is_measured(house: House) -> None:
    late(house, MOBILE)
    house.courier.send_notices()
    assert "dès que possible" in house.carrier.written[-1][1]


class Landline:
    """The telephone that was rung, and the carrier's requests for it."""

    def __init__(self, house: House, settings: Settings) -> None:
        self.root, app = settings.public_url, Flask(__name__)
        leg_webhooks.install(
            app, Door(self.root, settings.auth_tokens, settings.account_sid), settings, Places.load()
        )
        self.client, self.url = app.test_client(), house.carrier.urls[-1].answer

    def ask(self, url: str, **fields: str) -> str:
        url = url.partition("#")[0]
        form = {"AccountSid": ACCOUNT_SID, "CallSid": "CAn", **fields}
        signed = {"X-Twilio-Signature": sign(url, form, AUTH_TOKEN)}
        return self.client.post(url.removeprefix(self.root), data=form, headers=signed).get_data(as_text=True)

    def press(self, key: str) -> str:
        return self.ask(fields_of(self.ask(self.url))[0], Digits=key)


def test_who_is_told_of_a_delay_may_cancel_stay_or_speak_to_someone(house: House, settings: Settings) -> None:
    callback_id = late(house, LANDLINE)
    house.courier.send_notices()
    phone = Landline(house, settings)
    heard = phone.ask(phone.url)
    assert prompts.late("dès que possible") in heard.replace("&#x27;", "'")
    assert not any(word in heard.lower() for word in ("médec", "consult", "malad"))
    assert "536490001" not in phone.url
    assert prompts.NOTICE_KEPT in phone.press("")
    assert "<Redirect" in phone.press("2")
    assert house.state(callback_id) is State.DUE
    assert prompts.NOTICE_CANCELLED in phone.press("1")
    assert house.state(callback_id) is State.CANCELLED
    [told] = journal.read(house.engine)
    assert (told.chain, told.action, told.after) == ("toulouse", "callback_cancelled", "au téléphone")
    assert told.subject == f"Rappel {callback_id}"
    assert prompts.NOTICE_VOID in phone.ask(phone.url).replace("&#x27;", "'")


def test_the_rooms_address_goes_to_both_once_the_doctor_has_accepted(house: House) -> None:
    house.route = replace(house.route, video_url=ROOM, caller_id="+33536490009")
    house.duty(DOCTOR, "toulouse")
    booking = Booking("CAb", MOBILE, Need.TELECONSULTATION, NOW, NOW, "31555", "toulouse", video=True)
    house.store.book(booking)
    house.courier.send_notices()
    house.dialler.place_next()
    assert len(house.carrier.written) == 1  # the booking: no room before a doctor has said yes
    house.attempts.answered(house.link(), "CA1")
    house.attempts.accepted(house.link(), "CA1")
    house.courier.send_notices()
    (_, first), (_, second) = written = house.carrier.written[1:]
    assert {to for to, _ in written} == {MOBILE, DOCTOR}
    assert first == second
    assert "https://visio.example/salle/" in first
    assert booking.id not in first
    assert "639980" not in first
    with house.engine.begin() as connection:
        assert set(connection.scalars(attempts.select().with_only_columns(attempts.c.caller_id))) == {
            "+33536490009"
        }


def test_a_second_doctor_is_given_the_room_too_though_a_person_gave_the_call_back_back(house: House) -> None:
    house.route = replace(house.route, video_url=ROOM)
    booking = Booking("CAb", MOBILE, Need.TELECONSULTATION, NOW, NOW, "31555", "toulouse", video=True)
    one = house.store.book(booking).id
    for doctor in (DOCTOR, "+33639980102"):
        on_duty = house.duty(doctor, "toulouse")
        house.dialler.place_next()
        sid = f"CA{len(house.carrier.rung)}"
        house.attempts.answered(house.link(), sid)
        house.attempts.accepted(house.link(), sid)
        house.courier.send_notices()
        assert doctor in [to for to, body in house.carrier.written if "visio.example" in body]
        house.attempts.missed(house.link(), Disposition.NO_ANSWER)
        house.doctors.end_duty(on_duty)
        house.store.settle(one, Cause.GIVEN_UP)
        house.store.settle(one, Cause.TAKEN_BACK)
    assert house.carrier.rung == [DOCTOR, "+33639980102"]


def test_the_call_records_are_told_of_each_attempt_and_when_they_spoke(house: House) -> None:
    house.book()
    for conclusion in (Conclusion.UNREACHABLE, Conclusion.DONE):
        house.dialler.place_next()
        link, sid = house.link(), f"CA{len(house.carrier.rung)}"
        house.attempts.answered(link, sid)
        house.attempts.accepted(link, sid)
        if conclusion is Conclusion.DONE:
            house.attempts.connected(link)
        house.attempts.concluded(link, conclusion)
        house.telling.tell_the_records()
    house.telling.tell_the_records()
    assert [(event.call, event.name) for event in house.told] == [
        ("CAb1", "tried"),
        ("CAb1", "joined"),
        ("CAb1", "tried"),
    ]
    record = fold([Event("CAb1:0:0", "CAb1", "arrived", NOW), *house.told])
    assert record.t3 is not None
