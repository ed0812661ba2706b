"""A draft's page: tried in words, published now or later by one person or two, undone; one's own part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from config.settings import Settings
from console.access.roles import Grant, Role
from console.association import closing
from console.association.workbench import Ground
from console.publishing import publish
from routing import cases, closures, draft_publishing, drafts, store
from routing.document import Document
from routing.model import Need
from routing.parts import Trespass, with_association
from tests.console import PASSWORD, SECRET, Browser, Console, console
from tests.test_console_association import PARIS, asked, words

WEEK, DRAFT = "/a/{}/horaires/semaine", "/a/{}/brouillon"
NIGHT = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "8h-20h")


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def stamp_of(page: str) -> str:
    found = re.search(r'name="stamp" value="(\w+)"', page)
    assert found, words(page)
    return found[1]


def drafted(browser: Browser, slug: str = "pau", need: str = "visit", **days: str) -> str:
    """The week changed in the editor; the draft's page."""
    page = browser.text(WEEK.format(slug))
    typed = dict(re.findall(r'name="(mon|tue|wed|thu|fri|sat|sun)"[^>]*? value="([^"]*)"', page))
    form = {**typed, "needs": [need], "stamp": stamp_of(page), "step": "keep", **days}
    assert browser.send(WEEK.format(slug), **form).status_code == 303
    return browser.text(DRAFT.format(slug))


def published(browser: Browser, slug: str = "pau", **more: str) -> TestResponse:
    page = browser.text(DRAFT.format(slug))
    form = {"stamp": stamp_of(page), "reason": "Essai", "when": "now", **more}
    return browser.send(f"{DRAFT.format(slug)}/publier", page=DRAFT.format(slug), **form)


def current(desk: Console) -> Document:
    found = store.current(desk.office.engine)
    assert found
    return found[1]


def directly(desk: Console, slug: str, **fields: object) -> int:
    """Somebody of the federation changes an association's rules behind the draft's back."""

    def change(document: Document) -> Document:
        one = next(one for one in document.associations if one.slug == slug)
        return with_association(document, one.model_copy(update=fields))

    return publish(desk.office, change, "fédération", "test")


def test_a_draft_that_leaves_a_hole_is_refused_in_words_then_mended_or_meant(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "ajaccio")
    drafted(browser, "ajaccio", **NIGHT)
    refused = published(browser, "ajaccio")
    told = words(refused.text)
    assert (refused.status_code, desk.office.book.version) == (422, 1)
    assert "communes de SOS Médecins Ajaccio" in told
    assert re.search(r"dès le [\d/]+ à 20 h ; .* D'abord à Ajaccio \([\d ]+ habitants", told)
    assert published(browser, "ajaccio", holes="meant").status_code == 303
    assert desk.office.book.version == 2
    drafted(browser, "ajaccio", **dict.fromkeys(NIGHT, "24h/24"))
    assert published(browser, "ajaccio").status_code == 303, "a draft that closes a hole needs no leave"


def test_it_is_tried_in_words_with_last_weeks_calls(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    page = drafted(browser, **NIGHT)
    assert "Tester ce brouillon" in page
    told = words(browser.text(f"{DRAFT.format('pau')}/essai"))
    assert "Rien n'empêche de publier" in told
    assert "Les appels de la semaine passée" in told
    part = browser.client.get(f"{DRAFT.format('pau')}/essai", headers={"HX-Request": "true"}).text
    assert "<html" not in part


def test_others_publish_meanwhile_and_it_goes_over_theirs(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    assert directly(desk, "bayonne", announcement="Bonjour") == 2
    now = desk.clock()
    wanted = closing.closure(asked(), "pau", tuple(Need), now, PARIS)
    assert (
        publish(desk.office, lambda document: closures.with_closure(document, wanted, now), "B", "test") == 3
    )
    shown = words(browser.text(DRAFT.format("pau")))
    assert "dimanche" in shown
    assert "Bonjour" not in shown, "what others changed is not in the draft's difference"
    assert published(browser).status_code == 303
    after = current(desk)
    assert next(one for one in after.associations if one.slug == "bayonne").announcement == "Bonjour"
    assert [closure.id for closure in after.closures] == [wanted.id]


def test_of_two_changes_of_the_same_both_are_shown_and_one_is_chosen(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    directly(desk, "pau", announcement="Bonjour")
    shown = words(browser.text(DRAFT.format("pau")))
    assert "Quelqu'un d'autre a changé les mêmes règles" in shown
    assert "« Bonjour »" in shown
    assert "dimanche" in shown
    assert 'action="/a/pau/brouillon/publier"' not in browser.text(DRAFT.format("pau"))
    browser.send(f"{DRAFT.format('pau')}/garder", page=DRAFT.format("pau"))
    assert published(browser).status_code == 303
    pau = next(one for one in current(desk).associations if one.slug == "pau")
    assert pau.announcement is None, "the draft's own words were chosen"


@pytest.mark.parametrize("how", ["desk", "rules"])
def test_a_manager_of_pau_never_publishes_a_change_to_bayonne(desk: Console, how: str) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    mine = drafts.still_open(desk.office.engine, "pau")[0]
    written = mine.document.model_dump(mode="json")
    if how == "desk":
        next(d for d in written["regulators"] if d["id"] == "bayonne")["lines"] = 1
    else:
        next(a for a in written["associations"] if a["slug"] == "bayonne")["announcement"] = "Fermé"
    stray = Document.model_validate(written)
    drafts.save(desk.office.engine, stray, 1, "x", association="pau", draft_id=mine.id)
    shown = browser.text(DRAFT.format("pau"))
    assert "touche ce qui n'est pas à cette association" in words(shown)
    token = {"stamp": "0", "reason": "x", "when": "now"}
    browser.send(f"{DRAFT.format('pau')}/publier", page=DRAFT.format("pau"), **token)
    with pytest.raises(Trespass):
        draft_publishing.publish(
            desk.office.engine, desk.office.terrain, drafts.still_open(desk.office.engine, "pau")[0]
        )
    assert desk.office.book.version == 1
    for path in ("horaires/semaine", "brouillon", "brouillon/essai", "brouillon/cas", "versions"):
        assert browser.get(f"/a/bayonne/{path}").status_code == 404


def test_it_is_published_at_its_hour_and_can_be_called_back(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    desk.clock.at = datetime.now(UTC)
    assert published(browser, when="at", day="25/12", clock="pas une heure").status_code == 422
    assert published(browser, when="at", day="25/12", clock="6h30").status_code == 303
    shown = words(browser.text(DRAFT.format("pau")))
    assert "Publication prévue" in shown
    assert "25 décembre" in shown
    assert "Le brouillon sera publié" in words(browser.text("/a/pau/"))
    browser.send(f"{DRAFT.format('pau')}/annuler", page=DRAFT.format("pau"))
    assert drafts.still_open(desk.office.engine, "pau")[0].publish_at is None
    published(browser, when="at", day="25/12", clock="6h30")
    late = drafts.still_open(desk.office.engine, "pau")[0]
    drafts.schedule(desk.office.engine, late, datetime.now(UTC) - timedelta(seconds=1))
    assert draft_publishing.publish_due(desk.office.engine, lambda: desk.office.terrain) == (2,)


def second_manager(desk: Console) -> Browser:
    made = desk.office.accounts.create(
        "two@pau.example", "Deux", (Grant(Role.MANAGER, "pau"),), desk.clock(), password=PASSWORD
    )
    desk.office.second.set(made, SECRET, desk.clock())
    browser = desk.browser()
    browser.send("/entrer", email="two@pau.example", password=PASSWORD)
    desk.clock.advance(seconds=60)
    assert browser.send("/entrer/code", page="/entrer/code", code=desk.code()).status_code == 303
    return browser


def test_where_two_people_are_wanted_the_second_reads_this_very_text(desk: Console) -> None:
    directly(desk, "pau", two_person=True)
    first, second = desk.entered(Role.MANAGER, "pau"), second_manager(desk)
    drafted(first, sun="8h-20h")
    assert published(first).status_code == 303
    assert desk.office.book.version == 2, "not yet"
    page = DRAFT.format("pau")
    alone = first.send(f"{page}/approuver", page=page, stamp=stamp_of(drafted_page(desk, first)))
    assert alone.status_code == 403
    assert "attend votre accord" in words(second.text("/a/pau/"))
    read = stamp_of(second.text(page))
    drafted(first, mon="9h-19h")
    published(first)
    second.send(f"{page}/approuver", page=page, stamp=read)
    assert desk.office.book.version == 2, "the text has changed since it was read"
    assert second.send(f"{page}/approuver", page=page, stamp=stamp_of(second.text(page))).status_code == 303
    assert desk.office.book.version == 3
    assert store.history(desk.office.engine)[0].approved_by == "Deux"


def drafted_page(desk: Console, browser: Browser) -> str:
    """The page as the one who asked sees it: without the button, so the stamp is the draft's own."""
    del browser
    found = drafts.still_open(desk.office.engine, "pau")[0]
    return f'name="stamp" value="{Ground(found.document, 2, found.id, "pau").stamp}"'


def test_a_kept_case_stops_what_would_make_it_untrue_until_it_is_taken_away(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    page = "/a/pau/brouillon/cas"
    kept = {"place": "64000", "need": "visit", "day": "24/11/2026", "clock": "3h", "regulator": ""}
    assert browser.send(page, **{**kept, "place": "nulle part"}).status_code == 422
    assert browser.send(page, **kept).status_code == 303
    assert "Pau, visite à domicile, mardi 24 novembre 2026 à 3 h" in words(browser.text(page))
    drafted(browser, **NIGHT)
    refused = published(browser)
    assert refused.status_code == 422
    assert "Régulation Bayonne au lieu de Régulation Pau" in words(refused.text)
    other = desk.entered(Role.MANAGER, "bayonne")
    case = cases.kept(desk.office.engine, "pau")[0]
    other.send(f"/a/bayonne/brouillon/cas/{case.id}/retirer", page="/a/bayonne/brouillon/cas")
    assert cases.kept(desk.office.engine, "pau"), "another's case is not theirs to take away"
    browser.send(f"{page}/{case.id}/retirer", page=page)
    assert published(browser).status_code == 303


def test_an_association_goes_back_by_itself(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    published(browser)
    directly(desk, "bayonne", announcement="Bonjour")
    listed = words(browser.text("/a/pau/versions"))
    assert "Version n° 2" in listed
    assert "Version n° 3" not in listed, "that one changed nothing for Pau"
    assert browser.get("/a/pau/versions/3").status_code == 404
    one = "/a/pau/versions/1"
    assert "dimanche" in words(browser.text(one))
    assert browser.send(one, current=3, step="draft").location == DRAFT.format("pau")
    assert "dimanche" in words(browser.text(DRAFT.format("pau")))
    assert browser.send(one, current=2, step="now").status_code == 409
    assert browser.send(one, current=3, step="now").status_code == 303
    after = {one.slug: one for one in current(desk).associations}
    first = store.version(desk.office.engine, 1)
    assert first
    assert after["pau"] == next(one for one in first.associations if one.slug == "pau")
    assert after["bayonne"].announcement == "Bonjour"


def test_the_telephone_is_offered_where_the_stand_in_is_the_carrier(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    page = drafted(browser, sun="8h-20h")
    assert re.search(r'href="http://[^"]+/#essai=[\w-]+\.[\w-]{32}"', page)
