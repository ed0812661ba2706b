"""What programs and the page ask of the simulator: calls, lines, faults, people, traffic."""

import urllib.request

import pytest

from simulator.exchange import Exchange
from simulator.numbers import as_caller
from simulator.people import Line
from simulator.switchboard import Switchboard
from simulator.traffic import Traffic
from tests.running_simulator import DOCTOR, Carrier, carrier, until

__all__ = ["carrier"]  # a fixture


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
        ("/simulator/calls", {"keys": 5}),
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
