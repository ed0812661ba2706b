"""The judge of TwiML refuses what Twilio refuses, with the code Twilio would log."""

import pytest

from simulator.grammar import Refused, faults, read


def codes(inside: str, room: str = "call") -> list[int]:
    return [fault.code for fault in faults(f"<Response>{inside}</Response>".encode(), "text/xml", room)]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (' <?xml version="1.0"?><Response/>', "text/xml", 12100),
        ("", "text/xml", 12100),
        ("<Response><Say>a & b</Say></Response>", "text/xml", 12100),
        ("<response/>", "text/xml", 12100),
        ("<Response/>", "application/json", 12300),
        ("<Response/>", "text/plain", 12300),
        ("<Response/>", "", 12300),
        ("<Response><Say>" + "a" * 65_600 + "</Say></Response>", "text/xml", 11750),
    ],
)
def test_a_document_that_is_no_twiml_is_refused(body: str, content_type: str, code: int) -> None:
    assert [fault.code for fault in faults(body.encode(), content_type)] == [code]


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<say>Bonjour</say>", 12200),
        ("<Speak>Bonjour</Speak>", 12200),
        ('<Say Voice="man">Bonjour</Say>', 12200),
        ('<Say language="fr-fr">Bonjour</Say>', 12200),
        ('<Say voice="Polly.Amy">Bonjour</Say>', 12200),
        ('<Gather numDigits="five"/>', 12200),
        ('<Gather numDigits="0"/>', 12200),
        ('<Gather input="keys"/>', 12200),
        ('<Gather method="post"/>', 12200),
        ('<Gather actionOnEmptyResult="True"/>', 12200),
        ('<Gather finishOnKey="12"/>', 12200),
        ('<Gather speechModel="phone_call" speechTimeout="auto"/>', 12200),
        ('<Gather hints="' + ",".join(["a"] * 501) + '"/>', 13330),
        ('<Gather hints="' + "a" * 101 + '"/>', 13330),
        ("<Gather><Dial>+33536490001</Dial></Gather>", 12200),
        ("<Gather>Bonjour</Gather>", 12200),
        ("<Dial>" + "<Number>+33536490001</Number>" * 11 + "</Dial>", 12200),
        ("<Dial><Number></Number></Dial>", 12200),
        ("<Dial/>", 13224),
        ('<Dial timeout="2">+33536490001</Dial>', 13212),
        ("<Dial><Queue>a</Queue><Number>+33536490001</Number></Dial>", 12200),
        ("<Say></Say>", 13520),
        ("<Say>" + "a" * 4097 + "</Say>", 13520),
        ("<Play/>", 12200),
        ("<Hangup/><Say>Trop tard</Say>", 12200),
        ('<Dial action="/after">+33536490001</Dial><Say>Trop tard</Say>', 12200),
        ("<Say>Bonjour</Say><Reject/>", 12200),
        ("<Enqueue>" + "a" * 65 + "</Enqueue>", 12200),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(inside: str, code: int) -> None:
    assert codes(inside) == [code]


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<Say language="fr-FR" voice="Polly.Lea-Neural">Bonjour<break time="300ms"/> à vous</Say>',
        '<Gather input="dtmf speech" language="fr-FR" numDigits="5" finishOnKey="" speechTimeout="auto" '
        'actionOnEmptyResult="true" action="/x"><Say>?</Say><Pause/></Gather><Redirect>/y</Redirect>',
        '<Dial answerOnBridge="true" timeout="20" action="/a" callerId="+33199003624">'
        '<Number url="/w" statusCallback="https://h/s">+33536490001</Number></Dial>',
        "<Dial>+33536490001</Dial><Say>Personne n'a répondu</Say>",
        '<Reject reason="busy"/>',
        '<Say>Ça sonne</Say><Dial answerOnBridge="true">+33536490001</Dial>',
    ],
)
def test_what_twilio_plays_is_let_through(inside: str) -> None:
    assert codes(inside) == []


def test_a_whisper_and_a_waiting_document_hold_fewer_verbs() -> None:
    assert codes("<Say>Appel</Say><Gather/><Pause/><Hangup/>", "whisper") == []
    assert codes("<Dial>+33536490001</Dial>", "whisper") == [12200]
    assert codes("<Leave/>", "wait") == []
    assert codes("<Enqueue>a</Enqueue>", "wait") == [12200]


def test_the_wrong_case_is_named() -> None:
    with pytest.raises(Refused, match="case-sensitive: <Say>"):
        read(b"<Response><SAY>a</SAY></Response>", "text/xml; charset=utf-8")
