"""The stand-in plays calls as Twilio does: signatures, timing, Gather, Dial, fallback."""

from collections.abc import Iterator, Sequence

import pytest
from twilio.request_validator import RequestValidator

from simulator import calls
from simulator.clock import Key
from simulator.exchange import Exchange, Mishaps
from simulator.people import Caller, Planned, Question
from simulator.player import Player
from simulator.signature import sign, signed_url
from tests.webhook_stub import TOKEN, Stub, serving

MOBILE = "+33639980001"
DESK, NEXT_DESK = "+33536490001", "+33465710001"


@pytest.fixture
def service() -> Iterator[Stub]:
    with serving() as stub:
        yield stub


def ring(service: Stub, person: object = None, from_number: str = MOBILE, **more: object) -> Player:
    exchange = Exchange(service.account(status_url=service.url + "/status"), **more)
    return calls.play(calls.incoming(exchange, from_number, person or Caller()))


def kinds(player: Player) -> list[str]:
    return [entry.kind for entry in player.transcript.entries]


@pytest.mark.parametrize(
    ("host", "number", "signature"),
    [
        ("example.com", "+14158675310", "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        ("mycompany.com", "+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
    ],
)
def test_twilios_own_worked_signatures_come_out(host: str, number: str, signature: str) -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": number,
        "Digits": "1234",
        "From": number,
        "To": "+18005551212",
    }
    assert sign(f"https://{host}/myapp.php?foo=1&bar=2", form, "12345") == signature


def test_voice_drops_the_port_over_https_only_and_never_signs_the_fragment() -> None:
    assert signed_url("https://me:secret@h.example:8443/p?q=1#rc=2") == "https://h.example/p?q=1"
    assert signed_url("http://h.example:8080/p#rc=2") == "http://h.example:8080/p"


def test_every_webhook_satisfies_twilios_own_validator(service: Stub) -> None:
    service.pages = {
        "/voice": '<Redirect method="GET">/next?a=%C3%A9%20b</Redirect>',
        "/next": "<Say>Bonjour</Say>",
    }
    ring(service)
    judge = RequestValidator(TOKEN)
    assert [one.method for one in service.asked] == ["POST", "GET", "POST"]
    for one in service.asked:
        form = one.form if one.method == "POST" else {}
        assert judge.validate(service.url + one.raw, form, one.headers["X-Twilio-Signature"])


def test_the_first_request_rings_and_the_next_is_in_progress(service: Stub) -> None:
    service.pages = {"/voice": "<Redirect>/next</Redirect>", "/next": "<Hangup/>"}
    ring(service, from_number="anonymous")
    first, second, status = service.of("/voice")[0], service.of("/next")[0], service.of("/status")[0]
    assert (first["CallStatus"], second["CallStatus"], status["CallStatus"]) == (
        "ringing",
        "in-progress",
        "completed",
    )
    assert (first["From"], first["Caller"], first["Direction"]) == ("anonymous", "anonymous", "inbound")
    assert status["SequenceNumber"] == "0"


def test_prompts_last_fifteen_characters_a_second(service: Stub) -> None:
    service.pages = {
        "/voice": f'<Say>{"a" * 150}</Say><Pause length="2"/><Dial><Number>{DESK}</Number></Dial>'
    }
    player = ring(service)
    (dialled,) = player.transcript.of("dial")
    assert (dialled.at, dialled.data["prompt_seconds"]) == (12.0, 10.0)


def test_a_recording_is_heard_through_its_text_and_a_missing_one_is_a_silence(service: Stub) -> None:
    service.pages = {
        "/voice": "<Play>/a.wav</Play><Play>/none.wav</Play>",
        "/a.wav": (200, "audio/wav", "Bonjour"),
    }
    player = ring(service)
    assert [entry.text for entry in player.transcript.of("say")] == ["Bonjour"]
    assert len(player.transcript.of("warning")) == 1
    assert service.of("/a.wav") == [{}]


GATHER = (
    '<Gather numDigits="5" action="/typed" timeout="4"><Say>Votre code postal ?</Say></Gather><Say>Rien</Say>'
)


@pytest.mark.parametrize(
    ("attributes", "keys", "digits"),
    [
        ('numDigits="5"', "31500", "31500"),
        ('numDigits="5"', "31#", "31"),
        ("", "31*00#", "31*00"),
        ('finishOnKey="*"', "31#0*", "31#0"),
        ('finishOnKey=""', "31#", "31#"),
        ('numDigits="5"', "31", "31"),
    ],
)
def test_keys_end_by_number_by_closing_key_or_by_time(
    service: Stub, attributes: str, keys: str, digits: str
) -> None:
    service.pages = {
        "/voice": f'<Gather action="/typed" {attributes}><Say>?</Say></Gather>',
        "/typed": "<Hangup/>",
    }
    ring(service, Caller([keys]))
    assert [form["Digits"] for form in service.of("/typed")] == [digits]


def test_silence_falls_through_unless_the_action_wants_it(service: Stub) -> None:
    service.pages = {"/voice": GATHER, "/typed": "<Hangup/>"}
    player = ring(service)
    assert player.transcript.of("say")[-1].text == "Rien"
    assert not service.of("/typed")
    service.pages["/voice"] = GATHER.replace("timeout", 'actionOnEmptyResult="true" timeout')
    ring(service)
    assert service.of("/typed")[0]["Digits"] == ""


def test_the_closing_key_alone_is_silence(service: Stub) -> None:
    service.pages = {"/voice": GATHER, "/typed": "<Hangup/>"}
    ring(service, Caller(["#"]))
    assert not service.of("/typed")


def test_a_key_cuts_the_prompt_short(service: Stub) -> None:
    class Hasty(Caller):
        def asked(self, question: Question) -> Sequence[Planned]:
            return [(0.5, act) for _, act in super().asked(question)]

    service.pages = {
        "/voice": f'<Gather numDigits="1" action="/t"><Say>{"a" * 300}</Say></Gather>',
        "/t": f"<Dial>{DESK}</Dial>",
    }
    player = ring(service, Hasty(["1"]))
    assert player.transcript.of("dial")[0].data["prompt_seconds"] == 0.5


def test_a_group_of_keys_waits_for_the_question_that_takes_it(service: Stub) -> None:
    service.pages = {
        "/voice": '<Gather numDigits="1" action="/no"><Say>?</Say></Gather><Redirect>/place</Redirect>',
        "/place": '<Gather numDigits="5" action="/typed"><Say>Code postal ?</Say></Gather>',
        "/typed": "<Hangup/>",
        "/no": "<Hangup/>",
    }
    ring(service, Caller(["31500"]))
    assert not service.of("/no")
    assert service.of("/typed")[0]["Digits"] == "31500"


def test_speech_comes_with_a_confidence_or_without(service: Stub) -> None:
    service.pages = {
        "/voice": '<Gather input="dtmf speech" language="fr-FR" action="/said"><Say>?</Say></Gather>',
        "/said": "<Hangup/>",
    }
    ring(service, Caller(say=["Colomiers"]))
    heard = service.of("/said")[0]
    assert (heard["SpeechResult"], heard["Confidence"]) == ("Colomiers", "0.9")
    assert "Digits" not in heard


def test_a_key_nobody_waits_for_is_lost(service: Stub) -> None:
    service.pages = {"/voice": "<Pause length='9'/>"}
    exchange = Exchange(service.account())
    player = calls.incoming(exchange, MOBILE, Caller())
    player.stage.plan(1, player.call.sid, Key("5"))
    assert "ignored" in kinds(calls.play(player))


def test_a_failed_webhook_goes_to_the_fallback_with_its_code(service: Stub) -> None:
    service.pages = {"/voice": (500, "text/plain", "boom"), "/fallback": f"<Dial>{DESK}</Dial>"}
    account = service.account(fallback_url=service.url + "/fallback")
    player = calls.play(calls.incoming(Exchange(account), MOBILE, Caller()))
    (told,) = service.of("/fallback")
    assert (told["ErrorCode"], told["ErrorUrl"]) == ("11200", service.url + "/voice")
    assert player.bridged is not None


def test_without_a_fallback_the_call_ends_in_an_application_error(service: Stub) -> None:
    service.pages = {"/voice": "<Speak>Bonjour</Speak>"}
    player = ring(service)
    assert [entry.data["code"] for entry in player.transcript.of("error")] == [12200]
    assert not player.call.live


def test_the_fragment_decides_what_is_tried_again(service: Stub) -> None:
    answers = iter([(503, "text/plain", "busy"), (200, "text/xml", "<Response><Say>Voilà</Say></Response>")])
    service.pages = {"/voice": "<Redirect>/slow#rc=2&amp;rp=5xx</Redirect>", "/slow": lambda _: next(answers)}
    player = ring(service)
    assert [entry.text for entry in player.transcript.of("say")] == ["Voilà"]
    tokens = [one.headers["I-Twilio-Idempotency-Token"] for one in service.asked if one.path == "/slow"]
    assert len(tokens) == 2
    assert tokens[0] == tokens[1]


def test_a_redirect_by_301_loses_the_form_and_too_many_end_the_call(service: Stub) -> None:
    service.pages = {"/voice": (301, "text/plain", "/there"), "/there": "<Say>Ici</Say>"}
    ring(service)
    assert service.of("/there") == [{}]
    service.pages["/there"] = (307, "text/plain", "/there")
    assert ring(service).transcript.of("error")[0].data["code"] == 11215


def test_status_events_can_be_dropped_doubled_or_come_backwards(service: Stub) -> None:
    service.pages = {"/voice": "<Hangup/>", "/status": ""}
    for mishaps, times in ((Mishaps(drop=True), 0), (Mishaps(duplicate=True), 2), (Mishaps(reverse=True), 1)):
        service.asked.clear()
        ring(service, mishaps=mishaps)
        assert len(service.of("/status")) == times


def test_a_waiting_call_hears_its_music_until_somebody_takes_it(service: Stub) -> None:
    service.pages = {
        "/voice": '<Enqueue waitUrl="/wait" action="/after">toulouse</Enqueue>',
        "/wait": "<Say>Vous êtes en attente</Say><Pause length='10'/>",
        "/after": "<Hangup/>",
    }
    player = ring(service, dequeue_after=25)
    assert [form["QueuePosition"] for form in service.of("/wait")] == ["1", "1", "1"]
    assert service.of("/after")[0]["QueueResult"] == "bridged"
    assert player.bridged is not None


def test_leave_goes_on_behind_the_queue(service: Stub) -> None:
    service.pages = {
        "/voice": '<Enqueue waitUrl="/wait">toulouse</Enqueue><Say>Dehors</Say>',
        "/wait": '<Gather numDigits="1" action="/leave"><Say>Tapez 1 pour être rappelé</Say></Gather>',
        "/leave": "<Leave/>",
    }
    player = ring(service, Caller(["1"]))
    assert player.transcript.of("say")[-1].text == "Dehors"
