"""Instructions as TwiML: the only module that knows the carrier's document language.

`twilio`'s VoiceResponse writes each distinct document once, with numbered placeholders where the sealed
state goes; the cached text is then filled in per call: the library's escaping at a template's price.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from voice.call import Ask, Brief, Call, Dial, HangUp, Instruction, Say
from voice.prompts import speakable

LANGUAGE = "fr-FR"
VOICE = "Polly.Lea-Neural"  # set once; the console's recordings replace it where an association has some
TALK_LIMIT = 4 * 3600 - 600  # seconds; below the age at which the state in the action URL goes stale
# Fail fast and try the fallback: a half-alive server is worse than a dead one (facts: Optus 2023).
CONNECTION = "#ct=1000&rt=3000&rc=1&rp=all"
_LANDING = "@{}@"


class Links(Protocol):
    """Makes the absolute URLs, sealed state included, that a document points to."""

    def step(self, call: Call) -> str:
        """Where the answer to a question or the end of a dial is posted."""

    def whisper(self, brief: Brief) -> str:
        """What a desk hears before the patient."""


class _AskShape(Struct, frozen=True):
    texts: tuple[str, ...]
    digits: int
    timeout: int
    speech: bool
    silence: bool


class _DialShape(Struct, frozen=True):
    phones: tuple[str, ...]
    ring_seconds: int
    caller_id: str


class _PlayShape(Struct, frozen=True):
    url: str


_Shape = str | _PlayShape | _AskShape | _DialShape | None


def render(instructions: Sequence[Instruction], links: Links, caller_id: str) -> str:
    """The document for these instructions (effects must have been carried out before).

    `caller_id` is our own number, shown where the patient's cannot be.
    """
    shapes: list[_Shape] = []
    urls: list[str] = []
    for instruction in instructions:
        match instruction:
            case Say(text, audio):
                shapes.append(_PlayShape(audio) if audio else text)
            case Ask(texts, call, digits, timeout, speech, silence):
                shapes.append(_AskShape(texts, digits, timeout, speech, silence))
                urls.append(links.step(call))
            case Dial(targets, call, brief, shown):
                phones = tuple(target.phone for target in targets)
                longest = max(target.ring_seconds for target in targets)
                shapes.append(_DialShape(phones, longest, shown or caller_id))
                urls += [links.step(call), links.whisper(brief)]
            case HangUp():
                shapes.append(None)
            case _:
                raise TypeError(f"an effect was left in the instructions: {instruction!r}")
    return _land(_document(tuple(shapes)), *urls)


def last_resort(first: str, phone: str, last: str, caller_id: str) -> str:
    """A document that needs nothing of ours afterwards: the national desk, then the spoken last resort."""
    response = VoiceResponse()
    _say(response, first)
    response.dial(phone, caller_id=caller_id, timeout=60, time_limit=TALK_LIMIT)
    _say(response, last)
    response.hangup()
    return str(response)


def ask_desk(texts: Sequence[str], action: str) -> str:
    """A desk's question: one key, and silence is an answer too."""
    shape = _AskShape(tuple(texts), 1, 5, speech=False, silence=True)
    return _land(_document((shape,)), action)


def bridge(texts: Sequence[str]) -> str:
    """A whisper document that ends: the carrier then joins the two calls."""
    return _document(tuple(texts))


def written_back(text: str) -> str:
    """The answer to an SMS."""
    document = MessagingResponse()
    document.message(text)
    return str(document)


def ask_code(texts: Sequence[str], action: str) -> str:
    """A question answered by a code of 4 to 8 digits, ended by #."""
    shape = _AskShape(tuple(texts), 8, 8, speech=False, silence=True)
    return _land(_document((shape,)), action)


def end(texts: Sequence[str]) -> str:
    """Say these, then hang up."""
    return _document((*texts, None))


def go_on(url: str) -> str:
    """This call goes on at another of our steps."""
    response = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def ring_one(
    texts: Sequence[str], phone: str, seconds: int, caller_id: str, action: str, whisper: str
) -> str:
    """Say these, then ring one telephone from this leg. Not cached: the number is a patient's."""
    shapes = (*texts, _DialShape((phone,), seconds, caller_id))
    return _land(_document.__wrapped__(shapes), action, whisper)


def _land(text: str, *urls: str) -> str:
    """The URLs where the placeholders are; their fragments and queries hold a bare ampersand."""
    for number, url in enumerate(urls):
        text = text.replace(_LANDING.format(number), url.replace("&", "&amp;"))
    return text


@lru_cache(maxsize=4096)
def _document(shapes: tuple[_Shape, ...]) -> str:
    response = VoiceResponse()
    landing = 0
    for shape in shapes:
        match shape:
            case str():
                _say(response, shape)
            case _PlayShape(url):
                response.play(url)
            case _AskShape():
                response.append(_gather(shape, _LANDING.format(landing)))
                landing += 1
            case _DialShape():
                response.append(_dial(shape, _LANDING.format(landing), _LANDING.format(landing + 1)))
                landing += 2
            case None:
                response.hangup()
    return str(response)


def _say(parent: VoiceResponse | Gather, text: str) -> None:
    parent.say(speakable(text), language=LANGUAGE, voice=VOICE)


def _gather(ask: _AskShape, action: str) -> Gather:
    options: dict[str, str | int] = {"input": "dtmf"}
    if ask.speech:
        options = {
            "input": "dtmf speech",
            "language": LANGUAGE,
            "speech_timeout": "auto",
            "profanity_filter": "false",
        }
    if ask.silence:
        options["action_on_empty_result"] = "true"
    gather = Gather(
        action=action, method="POST", num_digits=ask.digits, timeout=ask.timeout, finish_on_key="#", **options
    )
    for text in ask.texts:
        _say(gather, text)
    return gather


def _dial(dial: _DialShape, action: str, whisper: str) -> DialVerb:
    verb = DialVerb(
        action=action,
        method="POST",
        timeout=dial.ring_seconds,
        caller_id=dial.caller_id,
        answer_on_bridge="true",
        time_limit=TALK_LIMIT,
    )
    for phone in dial.phones:
        if phone.startswith("sip:"):
            verb.sip(phone, url=whisper, method="POST")
        else:
            verb.number(phone, url=whisper, method="POST")
    return verb
