"""The federation closes, speaks to every caller and watches its service: through its own forms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from config.settings import Settings
from console.access.roles import Role
from console.association.closing import Unclear
from console.federation import announced
from console.service import looked_at
from routing import store
from routing.decision import decide
from routing.model import Located, Need, Outcome, PlaceSource
from tests.console import Browser, Console, console
from tests.console_life import live

PAU = Located("64445", 1.0, PlaceSource.POSTCODE)
NEW = "/federation/fermetures/nouvelle"
CLOSURE = {
    "start": "at",
    "start_day": "24/11",
    "start_clock": "8h",
    "end_day": "25/11",
    "end_clock": "8h",
    "reason": "Grève nationale",
    "requisitioned": ["bordeaux", "lille"],
    "needs": ["visit"],
}


@pytest.fixture
def desk(settings: Settings, redis_client: Redis) -> Iterator[Console]:
    del redis_client  # emptied: no other test's processes beat in it
    with console(settings) as made:
        yield made


@pytest.fixture
def federation(desk: Console) -> Browser:
    return desk.entered(Role.FEDERATION)


def test_a_closure_is_told_in_words_then_published_and_ends_by_itself(
    desk: Console, federation: Browser
) -> None:
    live(desk.office, datetime(2026, 11, 17, 12, 0, tzinfo=UTC))
    told = federation.send(NEW, **CLOSURE).text
    assert "Qui répondrait" in told
    assert "Réquisitionnées, elles répondent quand même\u00a0: Bordeaux, Lille." in told
    assert "environ <strong>8 appels</strong> trouveraient" in told
    assert store.current_version(desk.office.engine) == 1, "nothing has changed yet"
    answer = federation.send(NEW, step="publish", **CLOSURE)
    assert answer.status_code == 303
    listed = federation.text("/federation/fermetures")
    assert "toute la France" in listed
    assert "Réquisitionnées&nbsp;: Bordeaux, Lille." in listed
    during = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert decide(desk.office.book, PAU, Need.VISIT, during).outcome is Outcome.CLOSED
    after = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert decide(desk.office.book, PAU, Need.VISIT, after).association == "pau"


def test_one_prepared_in_secret_closes_nothing_and_is_shown_to_no_association_before(
    desk: Console, federation: Browser
) -> None:
    secret = {"secret": "until", "secret_day": "24/11", "secret_clock": "20h"}
    assert federation.send(NEW, step="publish", **CLOSURE | secret).status_code == 303
    assert "secret jusqu" in federation.text("/federation/fermetures")
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert decide(desk.office.book, PAU, Need.VISIT, noon).outcome is Outcome.CONNECT
    assert decide(desk.office.book, PAU, Need.VISIT, noon + timedelta(hours=8)).outcome is Outcome.CLOSED
    manager = desk.entered(Role.MANAGER, "pau")
    assert "Grève" not in manager.text("/a/pau/")
    assert manager.get("/federation/fermetures").status_code in (403, 404)


def test_what_is_unclear_is_asked_again_where_it_is(federation: Browser) -> None:
    for wrong, said in (
        ({"end_day": ""}, "Dites la fin avec un jour et une heure"),
        ({"end_day": "23/11"}, "La fin doit venir après le début"),
        ({"reason": ""}, "Donnez le motif"),
        ({"scope": "nulle-part"}, "Choisissez une association"),
        ({"secret": "until", "secret_day": "27/11", "secret_clock": "8h"}, "publiée après sa fin"),
    ):
        answer = federation.send(NEW, **CLOSURE | wrong)
        assert (answer.status_code, said in answer.text) == (422, True), said
        assert "Grève nationale" in answer.text or "reason" in wrong, "what was typed is kept"


def test_it_is_ended_prolonged_or_withdrawn(desk: Console, federation: Browser) -> None:
    now = dict(CLOSURE) | {"start": "now", "scope": "pau", "requisitioned": []}
    federation.send(NEW, step="publish", **now)
    (one,) = desk.office.book.document.closures  # type: ignore[union-attr] # a book of a document
    end = f"/federation/fermetures/{one.id}/fin"
    page = "/federation/fermetures"
    assert federation.send(end, page, end_day="20/11/2026", end_clock="8h").status_code == 422
    assert federation.send(end, page, end_day="26/11", end_clock="8h").status_code == 303
    (one,) = desk.office.book.document.closures  # type: ignore[union-attr] # as above
    assert one.ends == datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
    desk.clock.advance(minutes=5)
    federation.send(end, page, until="now")
    assert decide(desk.office.book, PAU, Need.VISIT, desk.clock()).outcome is Outcome.CONNECT
    federation.send(NEW, step="publish", **CLOSURE)
    coming = desk.office.book.document.closures[-1]  # type: ignore[union-attr] # as above
    federation.send(f"/federation/fermetures/{coming.id}/fin", page, until="now")
    assert coming.id not in {c.id for c in desk.office.book.document.closures}  # type: ignore[union-attr] # as above


def test_a_message_is_heard_by_those_it_is_for_and_has_an_end(desk: Console, federation: Browser) -> None:
    path = "/federation/messages/nouveau"
    form = {
        "text": "Pour le vaccin de la grippe, voyez votre pharmacien.",
        "scope": "some",
        "start": "now",
        "end_day": "30/11",
        "end_clock": "20h",
        "reason": "Grippe",
    }
    assert federation.send(path, **form).status_code == 422
    assert "Cochez au moins une association" in federation.send(path, **form).text
    told = federation.send(path, associations=["pau"], **form).text
    assert "Environ 3 s de plus avant le menu" in told
    assert "Aucun appel compté la semaine dernière" in told
    assert federation.send(path, step="publish", associations=["pau"], **form).status_code == 303
    at = desk.clock().timestamp() + 1
    assert desk.office.book.campaign("64445", at) == (form["text"],)
    assert desk.office.book.campaign("33063", at) == ()
    assert desk.office.book.campaign("64445", at + 9 * 86400) == ()
    assert "ajouté" in federation.text("/federation/regles/2")


def test_last_week_is_the_same_hours_that_are_past() -> None:
    now = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    starts, ends = now + timedelta(days=9), now + timedelta(days=10)
    since, until, factor = announced.last_week(starts, ends, now)
    assert (since, until, factor) == (starts - timedelta(days=14), ends - timedelta(days=14), 1.0)
    assert until <= now
    assert announced.last_week(now, now + timedelta(days=28), now)[2] == 4.0


def test_a_year_is_the_longest() -> None:
    form = {"start": "now", "end_day": "2028-01-01", "end_clock": "8h", "reason": "x"}
    with pytest.raises(Unclear, match="Un an au plus"):
        announced.closure(form, (), (), datetime(2026, 11, 22, 22, 0, tzinfo=UTC))


def test_the_service_page_says_what_is_missing_and_how_to_mend_it(federation: Browser) -> None:
    page = federation.text("/federation/etat")
    assert "points à regarder" in page
    assert "démarrez « clock » (voir Procfile)" in page.replace("\xa0", " ")
    assert "lancez sos3624 backup" in page
    answer = federation.send("/federation/etat/essai", "/federation/etat")
    assert answer.status_code == 303
    assert "le service ne répond pas" in federation.text("/federation/etat").replace("\xa0", " ")


def test_what_does_not_answer_is_told_with_its_own_repair(desk: Console) -> None:
    here, away = desk.office, Redis(port=1, socket_connect_timeout=0.2)
    found = {one.name: one for one in looked_at(here.settings, here.engine, away, desk.clock())}
    assert found["Files d'attente"].state == found["Redis"].state == "broken"
    assert found["Files d'attente"].repair == "vérifiez REDIS_URL et que Redis est démarré"
    assert not [one for one in found.values() if "doctor" in one.repair], "it is the doctor who says so"


def test_a_number_that_no_row_can_have_is_a_page_that_does_not_exist(desk: Console) -> None:
    for browser, path in (
        (desk.entered(Role.MEMBER, "pau"), "/a/pau/versions"),
        (desk.entered(Role.FEDERATION), "/federation/regles"),
    ):
        assert browser.get(f"{path}/1").status_code == 200
        assert browser.get(f"{path}/{'9' * 20}").status_code == 404
