"""An association's pages: the sentence is the decision, the switch publishes, a claim is one person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from console.access.roles import Role
from console.association import closing, sentence
from console.association.closing import Asked, Unclear
from console.publishing import publish
from routing import closures, store
from routing.decision import decide
from routing.model import Load, Located, Need, Outcome, PlaceSource
from tests.console import EVENING, Console, console
from tests.console_life import book, live
from workers.callbacks.callback import State

PARIS = ZoneInfo("Europe/Paris")
NOBODY = Load()


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def asked(**known: object) -> Asked:
    form = {
        "needs": ("visit",),
        "reason": closing.REASONS[0],
        "other": "",
        "end": "6",
        "end_clock": "",
        "end_day": "",
        "message": "",
    }
    return Asked(**{**form, **known})  # type: ignore[arg-type] # the fields are those of the form


def test_the_sentence_names_the_desks_that_the_decision_rings_for_every_association(desk: Console) -> None:
    rules = desk.office.book
    assert rules.document
    for one in rules.document.associations:
        decision = decide(rules, Located(one.insee, 1.0, PlaceSource.POSTCODE), one.menu[0], EVENING)
        said = sentence.headline(rules, one.slug, one.insee, EVENING, NOBODY, None)
        if decision.outcome is Outcome.CONNECT:
            others = [t for t in decision.targets if t.association not in (one.slug, None)]
            cities = [rules.associations[t.association or ""].city for t in others]
            places = [said.index(f"puis {city} après") for city in cities]
            assert places == sorted(places), said
            assert said.endswith("puis rappel."), said


def test_the_sentence_counts_free_lines_only_when_redis_says_so(desk: Console) -> None:
    rules = desk.office.book
    said = sentence.headline(rules, "pau", "64445", EVENING, NOBODY, {"pau": 3})
    assert said == (
        "Un appel de Pau maintenant : régulation de Pau (1 ligne libre), puis Bayonne après 25 s, "
        "puis la régulation nationale après 50 s, puis rappel."
    )
    assert "ligne" not in sentence.headline(rules, "pau", "64445", EVENING, NOBODY, None)
    busy = sentence.headline(rules, "pau", "64445", EVENING, Load({"pau": 4}), {"pau": 4})
    assert busy.startswith("Un appel de Pau maintenant : Bayonne")


def test_a_closed_need_says_until_when_and_what_silence_does(desk: Console) -> None:
    office, now = desk.office, desk.clock()
    wanted = closing.closure(asked(), "pau", tuple(Need), now, PARIS)
    publish(office, lambda document: closures.with_closure(document, wanted, now), "Camille", "test")
    state = sentence.state(office.book, "pau", "64445", Need.VISIT, now + timedelta(minutes=1), NOBODY)
    assert (state.open, state.word, state.until) == (False, "fermeture exceptionnelle", "demain à 6\u00a0h")
    silent = decide(office.book, Located("64445", 1.0, PlaceSource.POSTCODE), None, now)
    assert silent.targets[0].regulator == "pau"
    assert "S'il ne choisit rien : régulation de Pau, puis" in state.sentence


def test_a_closure_ends_by_itself_and_can_be_ended_sooner(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    form = {"needs": ["visit"], "end": "6", "reason": closing.REASONS[0], "message": ""}
    before = desk.office.book.version
    shown = words(browser.send("/a/pau/fermeture", **form, step="preview").text)
    assert "pas de visite à domicile jusqu'à demain à 6 h" in shown
    assert desk.office.book.version == before, "a preview changes nothing"
    browser.send("/a/pau/fermeture", **form, step="close")
    document = desk.office.book.document
    assert document
    made = document.closures[-1]
    assert (made.association, made.needs, made.urgent) == ("pau", (Need.VISIT,), True)
    assert made.ends == datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert store.history(desk.office.engine)[0].author == "manager"
    assert "Fermé jusqu'à demain à 6 h" in words(browser.text("/a/pau/rappels")), "the banner is everywhere"
    assert "fermée jusqu'à demain à 6 h (visite à domicile)" in words(
        desk.entered(Role.FEDERATION).text("/federation/")
    )
    browser.send("/a/pau/reouverture", page="/a/pau/", closure=made.id)
    assert "Fermé jusqu'à" not in words(browser.text("/a/pau/"))
    assert desk.office.book.version == before + 2


def test_what_never_closes_has_no_end(desk: Console) -> None:
    odd = EVENING + timedelta(microseconds=123_456)  # no clock but a test's stands on a whole second
    for need in Need:
        state = sentence.state(desk.office.book, "pau", "64445", need, odd, NOBODY)
        assert (state.word, state.until) == ("ouvert", None)
    nightly = sentence.state(desk.office.book, "martinique", "97209", Need.VISIT, odd, NOBODY)
    assert (nightly.word, nightly.until) == ("ouvert", "demain à 1\u00a0h")


def test_the_switch_stands_before_all_else_and_going_back_loses_nothing(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    home = browser.text("/a/pau/")
    assert home.index("Fermer d'urgence…") < home.index('id="now"')
    form = {"end": "at", "end_clock": "5h15", "reason": "Autre motif", "other": "Neige", "message": "À 6 h."}
    page = "/a/pau/fermeture"
    shown = words(browser.send(page, None, needs=["visit"], **form, step="preview").text)
    assert "Fermé dès maintenant, jusqu'à demain à 5 h 15 (pendant 6 h 14)" in shown
    assert "Rien ne change pour : consultation, téléconsultation, conseil médical." in shown
    back = browser.send(page, None, needs=["visit"], **form, step="edit")
    assert back.status_code == 200
    for typed in ('value="visit" checked', 'value="5h15"', 'value="Neige"', ">À 6 h.</textarea>"):
        assert typed in re.sub(r"\s+", " ", back.text)
    assert "Jusqu'à 6 h (demain)" in words(back.text)


def test_a_closure_pressed_twice_is_one_and_reopening_tells_of_another(desk: Console) -> None:
    browser, page = desk.entered(Role.MANAGER, "pau"), "/a/pau/fermeture"
    form = {"end": "2h", "reason": closing.REASONS[0], "message": "", "step": "close"}
    before = desk.office.book.version
    for need in ("visit", "visit", "consultation"):
        assert browser.send(page, None, needs=[need], **form).status_code == 303
    document = desk.office.book.document
    assert document
    first, second = document.closures
    assert (first.needs, second.needs) == ((Need.VISIT,), (Need.CONSULTATION,))
    assert desk.office.book.version == before + 2
    for closure, told in ((first, "une autre tient encore"), (second, "C'est rouvert.")):
        desk.clock.advance(minutes=1)
        browser.send("/a/pau/reouverture", page="/a/pau/", closure=closure.id)
        assert told in words(browser.text("/a/pau/"))


def test_nobody_reopens_what_another_association_closed(desk: Console) -> None:
    office, now = desk.office, desk.clock()
    wanted = closing.closure(asked(), "bayonne", tuple(Need), now, PARIS)
    publish(office, lambda document: closures.with_closure(document, wanted, now), "B", "test")
    desk.entered(Role.MANAGER, "pau").send("/a/pau/reouverture", page="/a/pau/", closure=wanted.id)
    assert closures.in_force(office.book.document, "bayonne", desk.clock())


def test_two_closures_at_once_both_hold(desk: Console) -> None:
    office, now = desk.office, desk.clock()
    pau, bayonne = (closing.closure(asked(), slug, tuple(Need), now, PARIS) for slug in ("pau", "bayonne"))
    raced: list[int] = []

    def change(document: store.Document) -> store.Document:
        if not raced:  # somebody publishes between our reading and our writing
            raced.append(1)
            publish(office, lambda other: closures.with_closure(other, bayonne, now), "B", "first")
        return closures.with_closure(document, pau, now)

    publish(office, change, "P", "second")
    assert office.book.document
    assert {one.association for one in office.book.document.closures} == {"pau", "bayonne"}


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ({"end": "2h"}, datetime(2026, 11, 23, 0, tzinfo=UTC)),
        ({"end": "8"}, datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ({"end": "at", "end_clock": "23h30"}, datetime(2026, 11, 22, 22, 30, tzinfo=UTC)),
        ({"end": "at", "end_clock": "0630", "end_day": "24/11"}, datetime(2026, 11, 24, 5, 30, tzinfo=UTC)),
        ({"end": "at", "end_clock": "minuit"}, datetime(2026, 11, 22, 23, tzinfo=UTC)),
    ],
)
def test_ends_are_read_as_people_type_them(typed: dict[str, str], end: datetime) -> None:
    assert closing.closure(asked(**typed), "pau", tuple(Need), EVENING, PARIS).ends == end


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"needs": ()}, "needs"),
        ({"needs": ("bogus",)}, "needs"),
        ({"end": ""}, "end"),
        ({"end": "at", "end_clock": "bientôt"}, "end"),
        ({"end": "at", "end_clock": "6h", "end_day": "31/02"}, "end"),
        ({"end": "at", "end_clock": "6h", "end_day": "21/11/2026"}, "end"),
        ({"end": "at", "end_clock": "6h", "end_day": "24/12"}, "end"),
        ({"reason": closing.REASONS[-1]}, "reason"),
        ({"message": "x" * 401}, "message"),
    ],
)
def test_what_is_unclear_is_refused_where_it_was_typed(typed: dict[str, object], field: str) -> None:
    with pytest.raises(Unclear) as refused:
        closing.closure(asked(**typed), "pau", tuple(Need), EVENING, PARIS)
    assert refused.value.field == field


def test_a_callback_belongs_to_one_person_and_its_number_to_them(desk: Console) -> None:
    now = desk.clock()
    one = book(desk.office, "CA1", "+33199001234", now, now + timedelta(hours=1))
    first, second = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.DOCTOR, "pau")
    page = "/a/pau/rappels"
    assert "01 99 00 12 34" not in first.text(page)
    first.send(f"{page}/{one}/prendre", page=page)
    taken = desk.office.callbacks.get(one)
    assert taken
    assert taken.state is State.HUMAN, "the service rings no more"
    assert "01 99 00 12 34" in first.text(page)
    assert "01 99 00 12 34" not in second.text(page)
    second.send(f"{page}/{one}/prendre", page=page)
    second.send(f"{page}/{one}/issue", page=page, conclusion="done")
    still = desk.office.callbacks.get(one)
    assert still
    assert still.state is State.HUMAN
    first.send(f"{page}/{one}/issue", page=page, conclusion="again")
    due = desk.office.callbacks.get(one)
    assert due
    assert due.state is State.DUE, "given back: the service rings again"
    second.send(f"{page}/{one}/prendre", page=page)
    second.send(f"{page}/{one}/issue", page=page, conclusion="done")
    assert "Personne n'attend" in words(first.text(page))


def test_another_associations_callback_cannot_be_touched(desk: Console) -> None:
    now = desk.clock()
    theirs = book(desk.office, "CA2", "+33199001235", now, now + timedelta(hours=1), association="bayonne")
    browser = desk.entered(Role.MANAGER, "pau")
    assert browser.send(f"/a/pau/rappels/{theirs}/prendre", page="/compte").status_code == 404
    assert "Personne n'attend" in words(browser.text("/a/pau/rappels"))


def test_calls_are_found_and_say_why_they_rang_here(desk: Console) -> None:
    live(desk.office, desk.clock())
    browser = desk.entered(Role.MEMBER, "pau")
    assert browser.text("/a/pau/appels").count("<tr>") == 11
    assert browser.text("/a/pau/appels?outcome=abandoned").count("<tr>") == 3
    assert "Aucun appel" in browser.text("/a/pau/appels?place=75001")
    assert browser.text("/a/pau/appels?place=64000&day=22/11").count("<tr>") > 1
    one = words(browser.text("/a/pau/appels/CA" + f"{0:032x}"))
    assert "Pourquoi cet appel a-t-il sonné chez vous ?" in one
    assert "Pau → SOS Médecins Pau (version 1, 24 h/24) ; débordement possible vers Bayonne" in one
    other = desk.entered(Role.MEMBER, "bayonne")
    assert other.get("/a/bayonne/appels/CA" + f"{0:032x}").status_code == 404


def test_the_fortnight_shows_closures_and_holidays_as_they_will_be(desk: Console) -> None:
    office, now = desk.office, desk.clock()
    wanted = closing.closure(asked(end="8"), "pau", tuple(Need), now, PARIS)
    publish(office, lambda document: closures.with_closure(document, wanted, now), "P", "test")
    page = words(desk.entered(Role.MEMBER, "pau").text("/a/pau/horaires"))
    assert "Dimanche 22 novembre 0 h – 23 h Lundi 23 novembre 8 h – 24 h" in page.replace("\u00a0", " ")


def test_the_federation_puts_an_older_book_back(desk: Console) -> None:
    office, now = desk.office, desk.clock()
    wanted = closing.closure(asked(), "pau", tuple(Need), now, PARIS)
    publish(office, lambda document: closures.with_closure(document, wanted, now), "P", "test")
    browser = desk.entered(Role.FEDERATION)
    assert "Plus de médecin disponible" in browser.text("/federation/regles/2")
    stale = browser.send("/federation/regles/1/retablir", page="/federation/regles/1", current=1)
    assert (stale.status_code, office.book.version) == (303, 2)
    browser.send("/federation/regles/1/retablir", page="/federation/regles/1", current=2)
    assert (office.book.version, office.book.document and office.book.document.closures) == (3, ())
