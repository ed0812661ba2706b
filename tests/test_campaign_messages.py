"""A campaign's sentence: in the document, proved, told in words, and heard before the menu."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing import checks_document
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.demo import demo_document
from routing.differences import differences
from routing.document import Document, DocumentRefused, Message, read
from routing.geography.places import Places
from routing.model import Located
from tests.flow_world import TOULOUSE, TinyRouting, answer, arrive, world
from voice import prompts
from voice.call import Ask, Pressed, World

BEGIN = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
GRIPPE = Message(
    id="grippe",
    text="Pour un vaccin contre la grippe, demandez à votre pharmacien.",
    reason="Grippe",
    starts=BEGIN,
    ends=BEGIN + timedelta(days=30),
)


def with_messages(*messages: Message) -> Document:
    return demo_document().model_copy(update={"messages": messages})


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.load()


def book(places: Places, *messages: Message) -> RuleBook:
    return compile_book(with_messages(*messages), 2, places)


def test_it_is_told_between_its_two_instants_and_only_to_whom_it_is_for(places: Places) -> None:
    pau = GRIPPE.model_copy(update={"id": "pau", "associations": ("pau",), "text": "À Pau."})
    made = book(places, GRIPPE, pau)
    during = BEGIN.timestamp() + 60
    assert made.campaign("64445", during) == (GRIPPE.text, "À Pau.")
    assert made.campaign("33063", during) == (GRIPPE.text,)
    assert made.campaign(None, during) == (GRIPPE.text,)
    assert made.campaign("64445", BEGIN.timestamp() - 1) == ()
    assert made.campaign("64445", GRIPPE.ends.timestamp()) == ()


def test_one_without_an_end_or_too_long_is_no_document() -> None:
    whole = with_messages(GRIPPE).model_dump(mode="json")
    for wrong in ({"ends": None}, {"text": "a" * 401}, {"text": ""}, {"ends": "2026-11-01T00:00:00Z"}):
        whole["messages"][0] = GRIPPE.model_dump(mode="json") | wrong
        with pytest.raises(DocumentRefused):
            read(Document.model_construct(**whole).model_dump_json(warnings=False))


def test_its_faults_are_told_in_words() -> None:
    lasting = GRIPPE.model_copy(update={"ends": BEGIN + timedelta(days=400), "associations": ("nulle-part",)})
    lengthy = GRIPPE.model_copy(update={"id": "long", "text": "a" * 300})
    found = {one.kind: one for one in checks_document.problems(with_messages(lasting, lengthy))}
    assert found["endless"].blocking
    assert found["unknown"].blocking
    assert not found["long_message"].blocking
    assert "environ 20 s avant le menu" in found["long_message"].message


def test_the_difference_is_told_with_its_words() -> None:
    (told,) = differences(demo_document(), with_messages(GRIPPE))
    assert told.said == (
        "Message « Grippe » ajouté, du 01/12/2026 à 8 h au 31/12/2026 à 8 h, pour tous les appelants : "
        "« Pour un vaccin contre la grippe, demandez à votre pharmacien. »"
    )


class Campaigning(TinyRouting):
    """The tiny book, in an epidemic."""

    def campaign(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        return (GRIPPE.text,) if place and place.commune == TOULOUSE else ()


def test_it_is_heard_after_the_15_and_before_the_menu_and_once() -> None:
    here = World(Campaigning(), world().places, world().now)
    first = arrive(None, here)
    assert isinstance(first.instructions[0], Ask)
    assert first.instructions[0].texts == (prompts.WELCOME,), "the 15 alone comes first"
    menu = answer(first, Pressed("31000"), here=here)
    (ask,) = menu.instructions
    assert isinstance(ask, Ask)
    assert ask.texts[0] == GRIPPE.text
    assert "tapez 1" in ask.texts[1]
    again = answer(menu, Pressed("9"), here=here)
    assert all(GRIPPE.text not in one.texts for one in again.instructions if isinstance(one, Ask))
