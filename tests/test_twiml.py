"""Documents: what the stand-in's strict grammar accepts, whatever is in them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from simulator import grammar
from tests.flow_world import LANDLINE, MOBILE, arrive, walk, world
from voice import prompts, twiml
from voice.call import Ask, Brief, Call, Dial, HangUp, Instruction, Say

CALLER_ID = "+33199003620"


class Somewhere:
    """Links that hide what is sealed."""

    def step(self, call: Call) -> str:
        return f"http://127.0.0.1:3624/voice/step?s={call.step}&v=1{twiml.CONNECTION}"

    def whisper(self, brief: Brief) -> str:
        return f"http://127.0.0.1:3624/voice/whisper?s={brief.sid}{twiml.CONNECTION}"


def faults(document: str) -> list[object]:
    return list(grammar.faults(document.encode(), "text/xml"))


def render(*instructions: Instruction) -> str:
    return twiml.render(instructions, Somewhere(), CALLER_ID)


def test_every_document_of_every_reachable_step_is_good_twiml() -> None:
    seen = set()
    for caller in (LANDLINE, MOBILE, None):
        here = world(ages=True)
        for _, _, turn in walk(arrive(caller, here), here):
            if not isinstance(turn.instructions[-1], Ask | Dial | HangUp):
                continue  # an effect, carried out before anything is rendered
            document = render(*turn.instructions)
            if document not in seen:
                seen.add(document)
                assert faults(document) == [], document
    assert len(seen) > 50


@given(st.text())
def test_no_text_however_odd_makes_a_document_that_cannot_be_read(text: str) -> None:
    document = render(Say("a" + text), HangUp())
    said = ET.fromstring(document)[0].text
    assert said == prompts.speakable("a" + text)
    assert faults(document) == []


def test_no_question_is_left_without_an_answer_to_silence() -> None:
    for instruction in arrive(LANDLINE).instructions[1:]:
        assert isinstance(instruction, Ask)
        assert 'actionOnEmptyResult="true"' in render(instruction)


def test_every_action_is_absolute_and_bounds_the_carriers_wait() -> None:
    document = render(*arrive(MOBILE).instructions)
    actions = re.findall(r'action="([^"]+)"', document)
    assert actions
    assert all(url.startswith("http://127.0.0.1:3624/voice/") for url in actions)
    limits = dict(pair.split("=") for pair in twiml.CONNECTION[1:].split("&"))
    assert 100 <= int(limits["ct"]) <= 10_000
    assert 100 <= int(limits["rt"]) <= 15_000
    assert 0 <= int(limits["rc"]) <= 5


def test_the_cached_text_holds_nothing_of_another_call() -> None:
    ask = Ask(("Bonjour.",), Call(sid="CA1", step=41))
    other = Ask(("Bonjour.",), Call(sid="CA2", step=42))
    assert "s=41" in render(ask)
    assert "s=42" in render(other)
    assert "s=41" not in render(other)


def test_the_last_resort_rings_and_then_says_the_15() -> None:
    document = twiml.last_resort(prompts.FAULT, "+33199003600", prompts.LAST_RESORT, CALLER_ID)
    assert faults(document) == []
    assert document.index("<Dial") < document.index("Composez le 15")


SENTENCES = ("prompts.py", "leg_prompts.py", "closing_prompts.py")


def test_every_prompt_is_used_and_every_sentence_is_in_prompts() -> None:
    voice = Path(prompts.__file__).parent
    sources = {path.name: path.read_text() for path in voice.glob("*.py")}
    own = {name: sources.pop(name) for name in SENTENCES}
    for held_in, text in own.items():
        names = re.findall(r"^(?:def )?([A-Za-z][A-Za-z_]+)(?: = |\()", text, re.MULTILINE)
        for name in names:
            used = any(re.search(rf"prompts\.{name}\b|import .*\b{name}\b", one) for one in sources.values())
            assert used or len(re.findall(rf"\b{name}\b", "".join(own.values()))) > 1, f"{held_in}: {name}"
    for name, text in sources.items():
        assert not re.search(r'"[^"\n]*(tapez|composez le)[^"\n]*"', text), name


def test_prompts_are_short_enough_to_be_heard() -> None:
    """At 15 characters a second: the welcome under 12 s, anything else under 15 s."""
    assert len(prompts.WELCOME) / 15 < 12
    assert "15" in prompts.WELCOME[:60]
    sentences = [value for name, value in vars(prompts).items() if name.isupper() and isinstance(value, str)]
    assert max(len(sentence) / 15 for sentence in sentences) < 15
