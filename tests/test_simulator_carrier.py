"""The stand-in's REST API against Twilio's own client: calls, errors, faults, and the controls around it."""

import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.exchange import NUMBER
from simulator.faults import Fault, Faults
from tests.running_simulator import DOCTOR, PATIENT, Carrier, carrier, until

__all__ = ["carrier"]  # a fixture


def test_a_call_is_created_rung_answered_and_told_of(carrier: Carrier) -> None:
    status = carrier.service.url + "/status"
    made = carrier.call(
        status_callback=status, status_callback_event=["initiated", "ringing", "answered", "completed"]
    )
    until(lambda: len(carrier.service.of("/status")) == 4)
    assert (made.status, made.direction, made.to) == ("queued", "outbound-api", DOCTOR)
    (asked,) = carrier.service.of("/answer")
    assert (asked["CallSid"], asked["CallStatus"], asked["Direction"]) == (
        made.sid,
        "in-progress",
        "outbound-api",
    )
    told = [(form["SequenceNumber"], form["CallStatus"]) for form in carrier.service.of("/status")]
    assert told == [("0", "ringing"), ("1", "ringing"), ("2", "in-progress"), ("3", "completed")]
    fetched = made.fetch()
    assert (fetched.status, fetched.start_time is not None) == ("completed", True)


@pytest.mark.parametrize("conduct", ["busy", "no-answer", "failed"])
def test_a_call_nobody_takes_ends_with_the_reason(carrier: Carrier, conduct: str) -> None:
    carrier.post("/simulator/lines", {DOCTOR: conduct})
    made = carrier.call(status_callback=carrier.service.url + "/status", timeout=20)
    until(lambda: bool(carrier.service.of("/status")))
    assert carrier.service.of("/status")[0]["CallStatus"] == conduct
    assert made.fetch().status == conduct
    assert not carrier.service.of("/answer")


def test_a_doctor_is_put_through_to_the_patient(carrier: Carrier) -> None:
    carrier.service.pages["/answer"] = '<Gather numDigits="1" action="/yes"><Say>Tapez 1</Say></Gather>'
    carrier.service.pages["/yes"] = f'<Dial callerId="{NUMBER}">{PATIENT}</Dial>'
    made = carrier.call()
    until(lambda: made.fetch().status == "completed")
    log = carrier.get(f"/simulator/calls/{made.sid}")
    assert [one["number"] for one in log["rung"]] == [DOCTOR, PATIENT]
    assert log["bridged"] == PATIENT


def test_an_answering_machine_is_detected_when_asked_for(carrier: Carrier) -> None:
    carrier.post("/simulator/lines", {DOCTOR: "voicemail"})
    carrier.call(machine_detection="Enable")
    until(lambda: bool(carrier.service.of("/answer")))
    assert carrier.service.of("/answer")[0]["AnsweredBy"] == "machine_start"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "0536490001"}, 21211),
        ({"to": ""}, 21201),
        ({"from_": "+33639980002"}, 21210),
        ({"to": "+15005550006"}, 21215),
        ({"url": None}, 21205),
        ({"url": "ftp://h/x"}, 21205),
        ({"url": None, "twiml": "a" * 4001}, 32018),
        ({"url": None, "twiml": "<Response/>", "fallback_url": "http://h/f"}, 21405),
        ({"timeout": 601}, 21200),
        ({"status_callback_event": ["finished"]}, 21200),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    carrier: Carrier, change: dict[str, object], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        carrier.call(**change)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_strangers_and_unknown_calls_are_refused(carrier: Carrier) -> None:
    with pytest.raises(TwilioRestException) as missing:
        carrier.client.calls("CA" + "f" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)
    stranger = Client("AC" + "0" * 32, "wrong")
    stranger.api.base_url = carrier.url
    with pytest.raises(TwilioRestException) as refused:
        stranger.calls("CA" + "f" * 32).fetch()
    stranger.http_client.session.close()
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_a_ringing_call_can_be_canceled_and_an_ended_one_cannot_be_changed(carrier: Carrier) -> None:
    carrier.exchange.speed = 1.0
    carrier.post("/simulator/lines", {DOCTOR: "no-answer"})
    made = carrier.call()
    until(lambda: made.fetch().status == "ringing")
    made.update(status="canceled")
    until(lambda: made.fetch().status == "canceled")
    with pytest.raises(TwilioRestException) as refused:
        made.update(status="completed")
    assert refused.value.code == 21220


def test_a_call_in_progress_can_be_sent_elsewhere(carrier: Carrier) -> None:
    carrier.exchange.speed = 20.0
    carrier.service.pages |= {"/answer": '<Pause length="600"/>', "/elsewhere": "<Hangup/>"}
    made = carrier.call()
    until(lambda: bool(carrier.service.of("/answer")))
    made.update(url=carrier.service.url + "/elsewhere")
    until(lambda: made.fetch().status == "completed")
    assert len(carrier.service.of("/elsewhere")) == 1


def test_the_list_is_filtered_and_paged_as_the_client_asks(carrier: Carrier) -> None:
    sids = [carrier.call().sid for _ in range(3)] + [carrier.call(to=PATIENT).sid]
    until(lambda: all(call.status == "completed" for call in carrier.client.calls.list()))
    assert [call.sid for call in carrier.client.calls.list(page_size=1)] == sids[::-1]
    assert [call.sid for call in carrier.client.calls.list(to=PATIENT)] == sids[3:]
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert carrier.client.calls.list(start_time_after=soon) == []
    assert len(carrier.client.calls.list(start_time_after=soon - timedelta(hours=1), status="completed")) == 4


def test_calls_are_paced_as_the_account_allows(carrier: Carrier) -> None:
    carrier.board._pace = 5
    started = time.monotonic()
    for _ in range(3):
        carrier.call()
    until(lambda: len(carrier.service.of("/answer")) == 3)
    assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize(
    ("kind", "code", "created"), [("429", 20429, 0), ("500", 20500, 0), ("500-accepted", 20500, 1)]
)
def test_a_fault_refuses_or_only_seems_to(carrier: Carrier, kind: str, code: int, created: int) -> None:
    carrier.post("/simulator/faults", {"faults": [{"kind": kind, "times": 1}]})
    with pytest.raises(TwilioRestException) as refused:
        carrier.call()
    assert refused.value.code == code
    assert len(carrier.client.calls.list()) == created
    carrier.call()
    assert len(carrier.client.calls.list()) == created + 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_lost_answer_and_a_late_one_both_leave_a_call_behind(carrier: Carrier) -> None:
    carrier.post("/simulator/faults", {"faults": [{"kind": "lost", "times": 1}]})
    with pytest.raises((requests.ConnectionError, HTTPException)):
        carrier.call()
    carrier.post("/simulator/faults", {"faults": [{"kind": "slow", "times": 1, "seconds": 2.3}]})
    with pytest.raises(requests.ReadTimeout):
        carrier.call()
    until(lambda: len(carrier.client.calls.list()) == 2)


def test_the_list_may_lag_behind(carrier: Carrier) -> None:
    carrier.post("/simulator/faults", {"faults": [{"kind": "list-lag", "seconds": 60}]})
    made = carrier.call()
    assert carrier.client.calls.list() == []
    assert made.fetch().sid == made.sid


def test_a_share_of_requests_is_struck_the_same_way_with_the_same_seed() -> None:
    def run() -> list[bool]:
        faults = Faults(seed=5)
        faults.set([Fault("429", share=0.3)])
        return [faults.strike() is not None for _ in range(100)]

    assert run() == run()
    assert 15 < sum(run()) < 45


def test_messages_go_to_mobiles_only(carrier: Carrier) -> None:
    sent = carrier.client.messages.create(to=PATIENT, from_=NUMBER, body="Vous serez rappelé.")
    assert sent.status == "queued"
    assert sent.fetch().body == "Vous serez rappelé."
    with pytest.raises(TwilioRestException) as refused:
        carrier.client.messages.create(to=DOCTOR, from_=NUMBER, body="…")
    assert refused.value.code == 21614
