"""The stand-in dials as Twilio does: who rings, the whisper, who wins, what the action is told."""

from collections.abc import Iterator

import pytest

from simulator import calls
from simulator.clock import HungUp
from simulator.exchange import Exchange
from simulator.people import Caller, Line
from simulator.player import Player
from tests.webhook_stub import Stub, serving

MOBILE = "+33639980001"
DESK, NEXT_DESK = "+33536490001", "+33465710001"


@pytest.fixture
def service() -> Iterator[Stub]:
    with serving() as stub:
        yield stub


def ring(service: Stub, person: object = None, from_number: str = MOBILE, **more: object) -> Player:
    exchange = Exchange(service.account(status_url=service.url + "/status"), **more)
    return calls.play(calls.incoming(exchange, from_number, person or Caller()))


DIAL = f"""<Dial action="/after" timeout="20" callerId="+33199003624">
    <Number url="/whisper">{DESK}</Number></Dial>"""
WHISPER = '<Gather numDigits="1" action="/key"><Say>Appel 3624, Toulouse</Say></Gather><Hangup/>'


@pytest.mark.parametrize(
    ("line", "status", "bridged"),
    [
        ({"keys": ["1"]}, "completed", "true"),
        ({"keys": []}, "completed", "false"),
        ("voicemail", "completed", "false"),
        ("busy", "busy", "false"),
        ("refuse", "busy", "false"),
        ("no-answer", "no-answer", "false"),
        ("failed", "failed", "false"),
        ({"after": 26}, "no-answer", "false"),
        ({"after": 24}, "completed", "true"),
        ({"keys": [], "hang_up_after": 1}, "completed", "false"),
    ],
)
def test_a_dial_reports_what_became_of_it(service: Stub, line: object, status: str, bridged: str) -> None:
    service.pages = {"/voice": DIAL, "/whisper": WHISPER, "/key": "", "/after": "<Hangup/>"}
    player = ring(service, lines={DESK: Line.of(line)})
    (told,) = service.of("/after")
    assert (told["DialCallStatus"], told["DialBridged"]) == (status, bridged)
    assert (player.bridged is not None) == (bridged == "true")


def test_the_whisper_is_played_to_the_desk_on_a_leg_of_its_own(service: Stub) -> None:
    service.pages = {"/voice": DIAL, "/whisper": WHISPER, "/key": "", "/after": "<Hangup/>"}
    player = ring(service)
    (asked,) = service.of("/whisper")
    assert (asked["Direction"], asked["ParentCallSid"]) == ("outbound-dial", player.call.sid)
    assert (asked["From"], asked["To"], asked["CallStatus"]) == ("+33199003624", DESK, "in-progress")
    assert service.of("/after")[0]["DialCallSid"] == asked["CallSid"]
    assert service.of("/after")[0]["DialCallDuration"] == "62"  # from the desk's answer: 2 s of whisper first


def test_the_first_to_answer_wins_and_the_others_stop_ringing(service: Stub) -> None:
    events = 'statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"'
    events = events.replace("/leg", service.url + "/leg")
    service.pages = {
        "/voice": f"<Dial><Number {events}>{DESK}</Number><Number {events}>{NEXT_DESK}</Number></Dial>",
        "/leg": "",
    }
    player = ring(service, lines={DESK: Line(after=9), NEXT_DESK: Line(after=3)})
    assert player.bridged is not None
    assert player.bridged.to_number == NEXT_DESK
    told = {number: [(f["SequenceNumber"], f["CallStatus"]) for f in service.of("/leg") if f["To"] == number]
            for number in (DESK, NEXT_DESK)}  # fmt: skip
    assert told[DESK][-1] == ("2", "canceled")
    assert told[NEXT_DESK] == [("0", "ringing"), ("1", "ringing"), ("2", "in-progress"), ("3", "completed")]


def test_sequential_rings_one_after_the_other(service: Stub) -> None:
    service.pages = {
        "/voice": f'<Dial sequential="true"><Number>{DESK}</Number><Number>{NEXT_DESK}</Number></Dial>'
    }
    player = ring(service, lines={DESK: Line("busy")})
    assert [entry.data["numbers"] for entry in player.transcript.of("dial")] == [[DESK], [NEXT_DESK]]


def test_a_caller_who_hangs_up_while_it_rings_ends_the_call_and_the_action_is_still_asked(
    service: Stub,
) -> None:
    service.pages = {"/voice": DIAL, "/after": "<Redirect>/never</Redirect>"}
    exchange = Exchange(service.account())
    player = calls.incoming(exchange, MOBILE, Caller())
    player.stage.plan(2, player.call.sid, HungUp())
    calls.play(player)
    assert service.of("/after")[0]["CallStatus"] == "completed"
    assert not service.of("/never")
    assert player.call.seconds() == 2


@pytest.mark.parametrize("number", ["+15", "15", "+33112", "112", "3624", "0561000000"])
def test_emergency_and_short_numbers_are_never_dialled(service: Stub, number: str) -> None:
    service.pages = {
        "/voice": f'<Dial action="/after"><Number>{number}</Number></Dial>',
        "/after": "<Hangup/>",
    }
    ring(service)
    assert service.of("/after")[0]["DialCallStatus"] == "failed"


def test_a_caller_id_that_is_not_ours_is_refused(service: Stub) -> None:
    service.pages = {"/voice": f'<Dial callerId="+33639980099">{DESK}</Dial>'}
    player = ring(service)
    assert [entry.data["code"] for entry in player.transcript.of("error")] == [13214]


def test_the_same_seed_plays_the_same_call_twice(service: Stub) -> None:
    service.pages = {"/voice": DIAL, "/whisper": WHISPER, "/key": "", "/after": "<Hangup/>"}
    first, second = ring(service, seed=7), ring(service, seed=7)
    assert first.transcript.entries == second.transcript.entries
    assert ring(service, seed=8).call.sid != first.call.sid
