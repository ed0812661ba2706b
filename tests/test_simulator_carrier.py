"""The stand-in's REST API against Twilio's own client: calls, errors, faults, and the controls around it."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from werkzeug.serving import make_server

from simulator.exchange import NUMBER, Exchange
from simulator.faults import Fault, Faults
from simulator.numbers import as_caller
from simulator.people import Line
from simulator.server import create_app
from simulator.switchboard import Switchboard
from simulator.traffic import Traffic
from tests.webhook_stub import TOKEN, Stub, serving

DOCTOR, PATIENT = "+33536490001", "+33639980001"


@dataclass
class Carrier:
    """The simulator running, the service it calls, and Twilio's client for it."""

    url: str
    service: Stub
    exchange: Exchange
    board: Switchboard
    client: Client

    def call(self, **more: object) -> object:
        given = {"to": DOCTOR, "from_": NUMBER, "url": self.service.url + "/answer"} | more
        return self.client.calls.create(**{name: value for name, value in given.items() if value is not None})

    def post(self, path: str, told: object) -> list[dict[str, object]]:
        asked = urllib.request.Request(
            self.url + path, json.dumps(told).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return [json.loads(line) for line in answer.read().decode().splitlines()]

    def get(self, path: str) -> dict[str, object]:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with serving() as service:
        service.pages = {"/answer": "<Hangup/>", "/voice": f"<Dial>{DOCTOR}</Dial>"}
        exchange = Exchange(service.account(owned=frozenset()))
        app = create_app(exchange, calls_per_second=0)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        client = Client(exchange.account.sid, TOKEN, http_client=TwilioHttpClient(timeout=2))
        client.api.base_url = url
        yield Carrier(url, service, exchange, app.extensions["switchboard"], client)
        client.http_client.session.close()
        server.shutdown()
        server.server_close()
        thread.join()


def until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)


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


def test_a_program_rings_3624_and_reads_the_transcript_line_by_line(carrier: Carrier) -> None:
    *told, end = carrier.post("/simulator/calls", {"from": "05 61 00 00 00", "lines": {DOCTOR: {"talks": 9}}})
    assert [one["kind"] for one in told] == [
        "ring",
        "dial",
        "answer",
        "bridge",
        "hangup",
        "dialled",
        "hangup",
    ]
    assert (end["kind"], end["from"], end["bridged"], end["seconds"]) == ("end", "+33561000000", DOCTOR, 13)
    assert carrier.get("/simulator/calls")["calls"][0]["sid"] == end["sid"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/simulator/calls", {"clock": "fast"}),
        ("/simulator/calls", {"lines": {DOCTOR: "asleep"}}),
        ("/simulator/faults", {"faults": [{"kind": "fire"}]}),
        ("/simulator/acts", {"act": "key", "key": "12"}),
        ("/simulator/acts", ["hangup"]),
    ],
)
def test_a_control_that_says_what_nothing_knows_is_refused(carrier: Carrier, path: str, told: object) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        carrier.post(path, told)
    assert refused.value.code == 400
    refused.value.close()


def test_people_at_the_page_answer_the_telephones_of_their_call(carrier: Carrier) -> None:
    carrier.service.pages["/voice"] = f'<Dial><Number url="/whisper">{DOCTOR}</Number></Dial>'
    carrier.service.pages["/whisper"] = (
        '<Gather numDigits="1" action="/key"><Say>Appel</Say></Gather><Hangup/>'
    )
    carrier.service.pages["/key"] = ""
    with carrier.board.watching() as feed:
        (made,) = carrier.post("/simulator/phone", {"from": "masqué"})
        seen: dict[str, dict[str, object]] = {}

        def wait_for(kind: str) -> dict[str, object]:
            while kind not in seen:
                told = feed.get(timeout=5)
                seen[str(told["kind"])] = told
            return seen[kind]

        desk = wait_for("dial")["legs"][0]
        carrier.post("/simulator/acts", {"leg": desk, "act": "answer"})
        assert wait_for("whisper")["text"] == "Appel"
        wait_for("ask")
        carrier.post("/simulator/acts", {"leg": desk, "act": "key", "key": "1"})
        assert wait_for("bridge")["number"] == DOCTOR
        carrier.post("/simulator/acts", {"leg": made["call"], "act": "hangup"})
        wait_for("hangup")
    until(lambda: not carrier.exchange.legs[made["call"]].live)
    assert carrier.post("/simulator/acts", {"leg": desk, "act": "hangup"}) == [{"done": False}]


def test_the_page_asks_nothing_of_anyone_else(carrier: Carrier) -> None:
    for path in ("/", "/static/phone.css", "/static/phone.js"):
        with urllib.request.urlopen(carrier.url + path, timeout=5) as answer:
            text = answer.read().decode()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text


def test_random_callers_come_from_the_seed(carrier: Carrier) -> None:
    def callers(seed: int) -> list[str]:
        board = Switchboard(Exchange(carrier.service.account()))
        traffic = Traffic(board, 60, seed)
        for _ in range(5):
            traffic.ring()
        return [player.call.from_number for player in board.players.values()]

    assert callers(3) == callers(3) != callers(4)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("05 61 00 00 00", "+33561000000"),
        ("06.39.98.00.01", "+33639980001"),
        ("0692 00 00 00", "+262692000000"),
        ("masqué", "anonymous"),
        ("+32 2 000 00 00", "+3220000000"),
        ("sip:poste@exemple", "sip:poste@exemple"),
        ("", ""),
    ],
)
def test_numbers_are_sent_as_twilio_writes_them(typed: str, sent: str) -> None:
    assert as_caller(typed) == sent


def test_a_line_nobody_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="conduct"):
        Line.of("asleep")
