"""« Débordement » and pacts: an order on the draft, and nobody says yes for another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, update

from config.settings import Settings
from console.access.roles import Role
from console.access.tables import accounts
from routing import pacts, publishing, store
from routing.demo import demo_document
from routing.document import Association, Document, Overflow
from routing.pacts import State
from routing.publishing import Refused
from tests.console import Browser, Console, console
from tests.test_console_association import words
from tests.test_console_desks import draft, send

PAGE, PACTS = "/a/pau/debordement", "/a/{}/ententes/{}"
ASKED = Overflow(association="bordeaux", cap_per_hour=5, until=date(2027, 6, 30))


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def of(document: Document | None, slug: str = "pau") -> Association:
    assert document
    return next(one for one in document.associations if one.slug == slug)


def with_overflow(*overflow: Overflow, slug: str = "pau", **more: object) -> Document:
    document = demo_document()
    changed = of(document, slug).model_copy(update={"overflow": overflow, **more})
    others = tuple(changed if one.slug == slug else one for one in document.associations)
    return document.model_copy(update={"associations": others})


def accepted(pact: Overflow, **terms: object) -> Overflow:
    return pact.model_copy(update={"accepted": True, **terms})


def kinds(engine: Engine, before: Document, after: Document) -> list[str]:
    return [problem.kind for problem in pacts.problems(engine, before, after)]


TERMS = (
    ({}, False),
    ({"cap_per_hour": 4}, False),
    ({"until": date(2027, 1, 1)}, False),
    ({"after_seconds": 10}, False),
    ({"cap_per_hour": 6}, True),
    ({"cap_per_hour": None}, True),
    ({"until": None}, True),
    ({"until": date(2027, 7, 1)}, True),
)


def test_a_word_holds_for_no_more_than_it_was_given_for(engine: Engine) -> None:
    offered = with_overflow(ASKED)
    for terms, _ in TERMS:
        assert kinds(engine, offered, with_overflow(accepted(ASKED, **terms))) == ["unaccepted_pact"]
    pacts.answer(engine, "pau", ASKED, State.ACCEPTED, "b")
    for terms, refused in TERMS:
        asked = with_overflow(accepted(ASKED, **terms))
        assert kinds(engine, offered, asked) == ["unaccepted_pact"] * refused, terms
        assert kinds(engine, with_overflow(accepted(ASKED)), asked) == ["unaccepted_pact"] * refused, terms
    for word in (State.WITHDRAWN, State.DECLINED, State.HALF):
        pacts.answer(engine, "pau", ASKED, word, "b")
        assert kinds(engine, offered, with_overflow(accepted(ASKED))) == ["unaccepted_pact"]


def test_a_draft_cannot_accept_for_another_and_undo_does_not_bind_who_withdrew(
    sqlite_engine: Engine,
) -> None:
    first = store.ensure_demo(sqlite_engine)
    with pytest.raises(Refused, match="n'a pas accepté"):
        publishing.publish(sqlite_engine, with_overflow(accepted(ASKED)), first, "a", "x")
    held = store.publish(sqlite_engine, with_overflow(accepted(ASKED)), first, "a", "x")
    gone = store.publish(sqlite_engine, with_overflow(ASKED), held, "a", "x")
    pacts.answer(sqlite_engine, "pau", ASKED, State.WITHDRAWN, "b")
    again = publishing.restore(sqlite_engine, held, gone, "a", "x")
    assert of(store.version(sqlite_engine, again)).overflow == (ASKED,)


def test_an_answer_alone_needs_no_second_person_of_who_asked() -> None:
    before = with_overflow(ASKED, two_person=True)
    yes = with_overflow(accepted(ASKED), two_person=True)
    more = with_overflow(accepted(ASKED), two_person=True, announcement="Bonjour")
    found = publishing.differences
    assert publishing.second_person(before, yes, found(before, yes)) == ()
    assert publishing.second_person(before, more, found(before, more)) == ("SOS Médecins Pau",)


def test_the_order_is_changed_by_buttons_that_keep_the_focus_and_publishes_nothing(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    added = send(browser, PAGE, order=["bayonne"], helper="bordeaux", step="add")
    assert added[0] == 200
    page = browser.send(PAGE, order=["bayonne"], helper="bordeaux", step="add").text
    assert re.search(r'<button[^>]*value="up:bordeaux"[^>]*autofocus', page), "to its place, by keyboard"
    page = browser.send(PAGE, order=["bayonne", "bordeaux"], step="up:bordeaux").text
    assert re.findall(r'name="order" value="(\w+)"', page) == ["bordeaux", "bayonne"]
    button = re.search(r'<button[^>]*value="up:bordeaux"[^>]*>', page)
    assert button
    assert "autofocus" in button[0]
    wrong = {"cap-bordeaux": "0", "order": ["bordeaux"]}
    assert "Appels par heure" in send(browser, PAGE, **wrong, step="keep")[1]
    past = {"until-bordeaux": "2026-01-01", "order": ["bordeaux"]}
    assert "ce dernier jour est passé" in send(browser, PAGE, **past, step="keep")[1]
    sent = {"order": ["bordeaux", "bayonne", "pau", "nulle-part"], "cap-bordeaux": "5", "after": "15"}
    assert send(browser, PAGE, **sent, step="keep")[0] == 303
    first, second = of(draft(desk)).overflow
    assert first == Overflow(association="bordeaux", cap_per_hour=5, after_seconds=15)
    assert (second.association, second.accepted, second.after_seconds) == ("bayonne", True, 15)
    assert desk.office.book.version == 1
    shown = words(browser.text(PAGE))
    assert "Sans réponse de Pau après 15 s : Bayonne, puis les autres à portée s'il y en a" in shown
    assert "sera proposée quand le brouillon sera publié" in shown


def publish(desk: Console, document: Document) -> None:
    office = desk.office
    publishing.publish(office.engine, document, office.book.version, "ana", "essai")
    office.live_book.refresh()


def answer(
    browser: Browser, asks: str, word: str, *, helps: str = "bordeaux", terms: str = "5|2027-06-30"
) -> str:
    page = f"/a/{helps}/debordement"
    done = browser.send(PACTS.format(helps, asks), page=page, answer=word, terms=terms)
    assert done.status_code == 303
    return words(browser.text(page))


def test_the_helper_accepts_on_its_own_page_and_takes_its_word_back(desk: Console) -> None:
    publish(desk, with_overflow(ASKED))
    helper, asker = desk.entered(Role.MANAGER, "bordeaux"), desk.entered(Role.MANAGER, "pau")
    assert "en attente de sa réponse" in words(asker.text(PAGE))
    assert "attend notre réponse" in words(helper.text("/a/bordeaux/debordement"))
    assert "relisez-la" in answer(helper, "pau", "accept", terms="None|None")
    assert desk.office.book.version == 2
    assert "compte dès maintenant (règles n° 3)" in answer(helper, "pau", "accept")
    assert of(desk.office.book.document).overflow == (accepted(ASKED),)
    assert "refusé" not in answer(helper, "pau", "decline"), "an accepted pact is withdrawn, not declined"
    assert "ne compte plus (règles n° 4)" in answer(helper, "pau", "withdraw")
    assert of(desk.office.book.document).overflow == (ASKED,)
    assert "retirée le" in words(asker.text(PAGE))
    assert asker.send(PACTS.format("bordeaux", "pau"), page=PAGE, answer="accept").status_code == 404
    assert asker.send(PACTS.format("pau", "bordeaux"), page=PAGE, answer="accept").status_code == 404


def test_where_two_must_agree_two_do(desk: Console) -> None:
    careful = with_overflow(ASKED)
    bordeaux = of(careful, "bordeaux").model_copy(update={"two_person": True})
    others = tuple(bordeaux if one.slug == "bordeaux" else one for one in careful.associations)
    publish(desk, careful.model_copy(update={"associations": others}))
    first = desk.entered(Role.MANAGER, "bordeaux")
    assert "seconde personne" in answer(first, "pau", "accept")
    assert "seconde personne" in answer(first, "pau", "accept"), "the same one twice is one"
    assert desk.office.book.version == 2
    second = desk.entered(Role.FEDERATION)
    with desk.office.engine.begin() as connection:
        connection.execute(update(accounts).values(name="Camille Roy"))
    assert "compte dès maintenant" in answer(second, "pau", "accept"), "of one name, and two people"
    assert of(desk.office.book.document).overflow == (accepted(ASKED),)
