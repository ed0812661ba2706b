"""What the doctor and the patient hear when a call-back is made, and which keys do what."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from config import journal
from config.settings import Settings
from routing.geography.places import Places
from routing.model import Need, Target
from simulator.signature import sign
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN
from voice import leg_prompts as prompts
from voice import leg_webhooks
from voice.signature import Door
from workers.callbacks.callback import AgeClass, Booking, Callback, Conclusion, State
from workers.callbacks.doctors import Doctors
from workers.callbacks.links import Links
from workers.callbacks.pool import Route
from workers.callbacks.reservations import Reservations
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault

PATIENT, DOCTOR = "+33639980077", "+33261910001"
SHOWN = "+33536490009"  # the association's own number


class Telephone:
    """One attempt under way, and the carrier's requests for it."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        vault, self.settings = Vault.of(settings.secret_keys), settings
        self.store, now = Callbacks(engine, vault), datetime.now(UTC)
        since = now - timedelta(minutes=12)
        self.id = self.store.book(
            Booking("CAb", PATIENT, Need.TELECONSULTATION, now, since, "31555", "toulouse", AgeClass.CHILD)
        ).id
        desk = Target("toulouse", "d", DOCTOR, 20)
        taken = Reservations(
            engine, vault, lambda *_: Route((), (desk,), SHOWN), settings.caller_id, timedelta(minutes=1)
        ).take()
        assert taken is not None
        self.link = leg_webhooks.Link(self.id, taken.attempt.token)
        self.first = Links(settings.public_url, settings.secret_keys).of_call(self.link)
        app = Flask(__name__)
        door = Door(settings.public_url, settings.auth_tokens, settings.account_sid)
        leg_webhooks.install(app, door, settings, Places.load())
        self.client = app.test_client()

    def ask(self, url: str, sid: str = "CA1", **fields: str) -> str:
        url = url.partition("#")[0]
        form = {"AccountSid": ACCOUNT_SID, "CallSid": sid, **fields}
        signature = sign(url, form, AUTH_TOKEN)
        path = url.removeprefix(self.settings.public_url)
        answer = self.client.post(path, data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code in {200, 204}
        return answer.get_data(as_text=True)

    def press(self, document: str, keys: str, sid: str = "CA1", **fields: str) -> str:
        return self.ask(action(document), sid, Digits=keys, **fields)

    @property
    def row(self) -> Callback:
        found = self.store.get(self.id)
        assert found is not None
        return found


def action(document: str) -> str:
    found = re.search(r'action="([^"]+)"', document)
    assert found, document
    return unescape(found[1])


def whisper_url(document: str) -> str:
    found = re.search(r'<Number[^>]* url="([^"]+)"', document)
    assert found, document
    return unescape(found[1])


@pytest.fixture
def phone(settings: Settings, sqlite_engine: Engine) -> Telephone:
    return Telephone(settings, sqlite_engine)


def test_the_doctor_hears_place_need_age_and_wait_and_not_a_word_more(phone: Telephone) -> None:
    heard = phone.ask(phone.first.answer)
    assert "Rappel 36 24, Toulouse, conseil sans vidéo, enfant, attend depuis 12 minutes." in heard
    assert prompts.TAKE_OR_LEAVE in heard
    assert "63998" not in heard


def test_a_promise_is_kept_from_the_doctors_key_to_the_outcome(phone: Telephone) -> None:
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    assert PATIENT in dialled
    assert f'callerId="{SHOWN}"' in dialled
    assert phone.row.state is State.PATIENT_RINGING
    greeted = phone.ask(whisper_url(dialled), "CAchild")
    assert prompts.PATIENT_PICKS_UP in greeted
    joined = phone.press(greeted, "1", "CAchild")
    assert joined.endswith("<Response />") or "<Response/>" in joined
    assert phone.row.state is State.BRIDGED
    menu = phone.ask(action(dialled), DialCallStatus="completed", DialBridged="true")
    assert prompts.CONCLUDE in menu
    assert prompts.NOTED in phone.press(menu, "1")
    assert (phone.row.state, phone.row.conclusion) == (State.DONE, Conclusion.DONE)


@pytest.mark.parametrize(
    ("keys", "state", "conclusion"),
    [
        (["2"], State.DUE, None),
        (["3"], State.DONE, Conclusion.FIFTEEN),
        (["4", "2"], State.DONE, Conclusion.WRONG_NUMBER),
        (["", ""], State.DONE, None),
        (["9", "1"], State.DONE, Conclusion.DONE),
    ],
)
def test_the_doctor_says_how_it_went(
    phone: Telephone, keys: list[str], state: State, conclusion: Conclusion | None
) -> None:
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    phone.press(phone.ask(whisper_url(dialled), "CAchild"), "1", "CAchild")
    menu = phone.ask(action(dialled), DialCallStatus="completed", DialBridged="true")
    for key in keys:
        menu = phone.press(menu, key)
    assert "<Hangup" in menu
    assert (phone.row.state, phone.row.conclusion) == (state, conclusion)
    assert phone.row.need is (Need.VISIT if keys == ["2"] else Need.TELECONSULTATION)


def test_a_key_that_comes_after_the_end_of_the_call_is_still_written_down(phone: Telephone) -> None:
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    phone.press(phone.ask(whisper_url(dialled), "CAchild"), "1", "CAchild")
    menu = phone.ask(action(dialled), DialCallStatus="completed", DialBridged="true")
    phone.ask(phone.first.status, CallStatus="completed")
    assert phone.row.state is State.DONE
    phone.press(menu, "3")
    assert phone.row.conclusion is Conclusion.FIFTEEN


@pytest.mark.parametrize("keys", [["2"], ["", ""], ["7", ""]])
def test_a_doctor_who_passes_or_a_machine_leaves_it_to_the_next(phone: Telephone, keys: list[str]) -> None:
    document = phone.ask(phone.first.answer)
    for key in keys:
        document = phone.press(document, key)
    assert prompts.NEXT_DOCTOR in document
    assert phone.row.state is State.DUE
    assert phone.row.tries == 0


@pytest.mark.parametrize("away", [False, True], ids=["", "while the database is away"])
def test_a_machine_at_the_patients_is_left_a_message_without_a_medical_word(
    phone: Telephone, sqlite_engine: Engine, away: bool
) -> None:
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    document = phone.press(phone.ask(whisper_url(dialled), "CAchild"), "", "CAchild")
    with sqlite_engine.begin() if away else nullcontext():
        document = phone.press(document, "", "CAchild")
    assert prompts.VOICEMAIL in document
    assert "<Hangup" in document, "a machine is never joined"
    assert not re.search("médec|consult|visite|santé|malad|soin", prompts.VOICEMAIL.lower())
    assert phone.row.tries == (0 if away else 1)
    told = phone.ask(action(dialled), DialCallStatus="completed", DialBridged="false")
    assert prompts.NOT_JOINED in told
    assert phone.row.tries == 1  # one try, however many webhooks told of it


def test_after_the_last_try_no_further_one_is_promised(phone: Telephone, sqlite_engine: Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.execute(text("UPDATE callbacks SET tries = 3"))
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    document = phone.ask(whisper_url(dialled), "CAchild")
    for _ in range(2):
        document = phone.press(document, "", "CAchild")
    assert phone.row.state is State.HUMAN
    assert prompts.VOICEMAIL_LAST in document
    assert prompts.NOT_JOINED_LAST in phone.ask(
        action(dialled), DialCallStatus="completed", DialBridged="false"
    )


def test_a_repeated_key_gives_the_same_document_and_rings_in_one_call_only(phone: Telephone) -> None:
    asked = phone.ask(phone.first.answer)
    first, again = phone.press(asked, "1"), phone.press(asked, "1")
    assert whisper_url(first)
    assert whisper_url(again)
    assert "<Dial" not in phone.press(asked, "1", "CAsecond")


def test_a_second_call_on_the_same_attempt_is_hung_up_before_a_word(phone: Telephone) -> None:
    phone.ask(phone.first.answer, "CA1")
    heard = phone.ask(phone.first.answer, "CA2")
    assert "<Say" not in heard
    assert "<Hangup" in heard


def test_a_cancelled_call_back_is_not_made(phone: Telephone) -> None:
    asked = phone.ask(phone.first.answer)
    assert phone.store.cancel(phone.id)
    assert prompts.NO_LONGER in phone.press(asked, "1")


def test_an_url_that_is_not_ours_steers_nothing(phone: Telephone) -> None:
    heard = phone.ask(phone.first.answer.split("?")[0] + "?a=forged")
    assert "<Hangup" in heard
    assert phone.row.state is State.DIALLING


def test_unsigned_legs_are_refused(phone: Telephone) -> None:
    for path in ("/voice/legs/doctor", "/voice/legs/status", "/voice/duty", "/voice/message"):
        assert phone.client.post(path, data={"CallSid": "CA1"}).status_code == 403


def test_a_patient_put_through_while_the_database_is_away_is_not_rung_again(
    phone: Telephone, sqlite_engine: Engine
) -> None:
    dialled = phone.press(phone.ask(phone.first.answer), "1")
    greeted = phone.ask(whisper_url(dialled), "CAchild")
    with sqlite_engine.begin():  # holds the one writing lock for longer than a webhook waits
        assert "<Hangup" not in phone.press(greeted, "1", "CAchild")
    assert phone.row.state is State.PATIENT_RINGING
    phone.ask(phone.first.status, CallStatus="completed")
    assert phone.row.state is State.DONE


# --- the duty line and the patient's SMS


def doctor_of(phone: Telephone, engine: Engine) -> Doctors:
    register = Doctors(engine, Vault.of(phone.settings.secret_keys))
    register.register("Dr A", "+33261910009", "4321", "toulouse")
    return register


def test_a_doctor_goes_on_and_off_duty_by_telephone(phone: Telephone, sqlite_engine: Engine) -> None:
    register = doctor_of(phone, sqlite_engine)
    line = phone.settings.public_url + "/voice/duty"
    for key, said, on in (("1", prompts.DUTY_ON, True), ("2", prompts.DUTY_OFF, False)):
        asked = phone.ask(line, From="+33261910009")
        assert prompts.DUTY_PIN in asked
        assert said in phone.press(phone.press(asked, "4321"), key)
        assert (register.listed()[0].on_duty_until is not None) is on
        told = journal.read(sqlite_engine, "toulouse")[0]
        assert (told.author, told.subject) == ("Dr A (par téléphone)", "Médecin de rappel Dr A")
        assert (told.action, told.after) == (("duty_begun", "pour 12 h") if on else ("duty_ended", ""))
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE journal RENAME TO journal_away"))
    menu = phone.press(phone.ask(line, From="+33261910009"), "4321")
    assert prompts.DUTY_FAILED in unescape(phone.press(menu, "1"))
    assert register.listed()[0].on_duty_until is None, "no duty without its line"
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE doctors RENAME TO doctors_away"))
    assert prompts.DUTY_FAILED in unescape(phone.ask(line, From="+33261910009"))


def test_an_unknown_number_and_a_wrong_code_open_nothing(phone: Telephone, sqlite_engine: Engine) -> None:
    register = doctor_of(phone, sqlite_engine)
    line = phone.settings.public_url + "/voice/duty"
    assert prompts.DUTY_UNKNOWN in phone.ask(line, From="+33261910008")
    for _ in range(5):
        assert prompts.DUTY_WRONG in phone.press(phone.ask(line, From="+33261910009"), "0000")
    assert prompts.DUTY_WRONG in phone.press(phone.ask(line, From="+33261910009"), "4321")  # locked
    asked = phone.ask(line, From="+33261910009")
    assert prompts.DUTY_WRONG in phone.ask(action(asked), "CAother", Digits="4321")  # another call's URL
    assert register.listed()[0].on_duty_until is None


def test_a_patient_cancels_by_sms_and_only_by_saying_so(phone: Telephone, sqlite_engine: Engine) -> None:
    message = phone.settings.public_url + "/voice/message"
    phone.ask(message, From=PATIENT, Body="merci")
    assert phone.row.state is State.DIALLING
    phone.ask(message, From="+33639980078", Body="NON")
    assert phone.row.state is State.DIALLING
    phone.ask(message, From=PATIENT, Body="Non merci.")
    assert phone.row.state is State.CANCELLED
    phone.ask(message, From=PATIENT, Body="Non merci.")
    [told] = journal.read(sqlite_engine)
    assert (told.chain, told.author, told.action) == ("toulouse", "Le patient", "callback_cancelled")
    assert (told.subject, told.after) == (f"Rappel {phone.id}", "par SMS")
    assert journal.verify(sqlite_engine)[1] == ()
    with sqlite_engine.begin() as connection:
        owed = connection.execute(text("SELECT count(*) FROM notices WHERE kind = 'cancelled'"))
        assert owed.scalar() == 1, "the patient is told that it was understood"


def test_a_no_that_cannot_be_noted_is_answered(phone: Telephone, sqlite_engine: Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE callbacks RENAME TO callbacks_away"))
    answer = phone.ask(phone.settings.public_url + "/voice/message", From=PATIENT, Body="NON")
    assert "<Message>3624 : votre réponse n'a pas pu être notée." in unescape(answer)
    assert not any(word in answer.lower() for word in ("médec", "consult", "patient"))
