"""A call written as data passes when it goes as written, and fails with its transcript when not."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.player import NotAsWritten, ServiceClock, play_call
from tests.webhook_stub import Stub, serving

GATHER = """<Gather numDigits="5" action="/typed" timeout="4"><Say>Tapez votre code postal ?</Say></Gather>"""
MOBILE = "+33639980001"
DESK, NEXT_DESK = "+33536490001", "+33465710001"


@pytest.fixture
def service() -> Iterator[Stub]:
    with serving() as stub:
        yield stub


CALL = {
    "from": MOBILE,
    "steps": [{"hears": ["code postal"], "press": "31500"}, {"dials": [DESK], "outcome": "busy"}],
    "ends": {"hears": ["occupé"], "prompt_seconds_max": 5},
}


@pytest.fixture
def whole(service: Stub) -> Stub:
    service.pages = {
        "/voice": GATHER,
        "/typed": f'<Dial action="/after">{DESK}</Dial>',
        "/after": "<Say>C'est occupé</Say>",
    }
    return service


def test_a_call_written_as_data_is_played_as_written(whole: Stub) -> None:
    play_call(CALL, whole.account())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"steps": [{"hears": ["adresse"], "press": "31500"}]}, "« adresse » is not in"),
        ({"steps": [{"press": "31500"}, {"dials": [NEXT_DESK]}]}, "to be rung"),
        ({"steps": []}, "a question no step answers"),
        ({"steps": [*CALL["steps"], {"press": "1"}]}, "step never reached"),
        ({"steps": [*CALL["steps"][:1], {"dials": [DESK]}]}, "bridged with"),
        ({"ends": {"callback": True}}, "no call-back was promised"),
        ({"ends": {"prompt_seconds_max": 1}}, "s of prompts before the first ring"),
    ],
)
def test_a_call_that_goes_another_way_fails_with_its_transcript(
    whole: Stub, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(NotAsWritten, match=complaint) as failure:
        play_call(CALL | change, whole.account())
    assert "Appel de" in str(failure.value)


def test_the_services_clock_moves_with_the_call(whole: Stub) -> None:
    clock = ServiceClock(datetime(2026, 1, 12, 3, 10, tzinfo=UTC))
    play_call(CALL, whole.account(), clock)
    assert 3 < (clock() - clock.at).total_seconds() < 10
