"""`<Gather>`: prompts that a key cuts short, then keys or words within their time limits."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from simulator.clock import Key, Spoken
from simulator.legs import Leg
from simulator.people import Question
from simulator.player import Document, Player, Request

Input = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The attributes of a Gather, defaults filled in."""

    kinds: tuple[str, ...]
    timeout: float
    num_digits: int | None
    finish_on: str

    @classmethod
    def of(cls, verb: ET.Element) -> "Rules":
        digits = verb.get("numDigits")
        kinds = tuple(verb.get("input", "dtmf").split())
        return cls(
            kinds,
            float(verb.get("timeout", "5")),
            int(digits) if digits else None,
            verb.get("finishOnKey", "#"),
        )


def gather(player: Player, leg: Leg, verb: ET.Element, document: Document) -> Request | None:
    """The action's request, or None when nothing came and the document goes on behind."""
    rules = Rules.of(verb)
    prompts = [player.said(prompt, document) for prompt in verb]
    words = " ".join(text for text, _ in prompts if text)
    question = Question(
        leg.sid, sum(seconds for _, seconds in prompts), "dtmf" in rules.kinds, "speech" in rules.kinds,
        rules.num_digits, rules.finish_on, words,
    )  # fmt: skip
    for text, _ in prompts:
        if text:
            say(player, leg, text)
    _announce(player, question)
    for delay, act in leg.person.asked(question):
        player.stage.plan(delay, leg.sid, act)
    given = _listen(player, leg, rules, question)
    player.stage.forget(leg.sid, Key, Spoken)
    if not given:
        player.transcript.add("silence", "Silence.", leg=leg.sid)
        if verb.get("actionOnEmptyResult") != "true":
            return None
        given = (("Digits", ""),) if question.dtmf else (("SpeechResult", ""),)
    return document.link(verb.get("action"), given, verb.get("method", "POST"))


def say(player: Player, leg: Leg, text: str) -> None:
    """Writes down what a leg hears: the service's words to the caller, or a whisper to a desk."""
    kind = "say" if leg is player.call else "whisper"
    player.transcript.add(kind, text, leg=leg.sid, number=leg.to_number)


def _announce(player: Player, question: Question) -> None:
    digits = question.num_digits
    keys = f"{digits} touche{'s' if digits and digits > 1 else ''}" if digits else "des touches"
    awaited = " ou ".join([keys] * question.dtmf + ["la voix"] * question.speech)
    player.transcript.add(
        "ask",
        f"Attend {awaited}.",
        leg=question.leg,
        digits=digits,
        speech=question.speech,
        dtmf=question.dtmf,
    )


def _listen(player: Player, leg: Leg, rules: Rules, question: Question) -> Input:
    """What was given: digits without the closing key, or speech; empty after silence."""
    began, digits, wait = player.stage.now(), "", question.seconds + rules.timeout
    heard = None
    while (event := player.speak(leg, wait, listening=True)) is not None:
        act = event[1]
        heard = heard if heard is not None else player.stage.now() - began
        wait = rules.timeout
        if isinstance(act, Spoken) and question.speech and not digits:
            _count(player, leg, heard, question)
            return _speech(player, leg, act)
        if isinstance(act, Key) and question.dtmf:
            player.transcript.add("press", f"Touche {act.key}", leg=leg.sid, key=act.key)
            digits += act.key.replace(rules.finish_on, "") if rules.finish_on else act.key
            if act.key == rules.finish_on or len(digits) == rules.num_digits:
                break
    _count(player, leg, player.stage.now() - began if heard is None else heard, question)
    return (("Digits", digits),) if digits else ()


def _speech(player: Player, leg: Leg, spoken: Spoken) -> Input:
    player.transcript.add("speech", f"« {spoken.text} »", leg=leg.sid)
    sure = () if spoken.confidence is None else (("Confidence", str(spoken.confidence)),)
    return (("SpeechResult", spoken.text), *sure)


def _count(player: Player, leg: Leg, heard: float, question: Question) -> None:
    """Prompts count as far as they were heard: the first key cuts them short."""
    if leg is player.call:
        player.prompt_seconds += min(heard, question.seconds)
