"""The secretary of Pau at 23 h and the administrator in Paris, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from routing.decision import decide
from routing.model import Located, Need, Outcome, PlaceSource
from tests.browser.chromium import again, enter, looking, served
from tests.console import PASSWORD, Console
from tests.console_life import live

pytestmark = pytest.mark.browser
PAU = Located("64445", 1.0, PlaceSource.POSTCODE)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        live(made.office, made.clock())
        yield made


@pytest.fixture
def page(desk: Console) -> Iterator[Page]:
    with looking(desk.office.settings) as context:
        yield context.new_page()


def wear(page: Page, desk: Console, role: Role, association: str | None = None) -> None:
    """A session begun elsewhere."""
    cookie = desk.entered(role, association).client.get_cookie("3624")
    assert cookie
    page.context.add_cookies(
        [{"name": "3624", "value": cookie.value, "url": desk.office.settings.console_url}]
    )


def test_the_secretary_closes_visits_until_six_and_the_phone_obeys(desk: Console, page: Page) -> None:
    enter(page, desk, Role.MANAGER, "pau")
    expect(page.locator(".headline").first).to_contain_text("Un appel de Pau maintenant : régulation de Pau")
    assert decide(desk.office.book, PAU, Need.VISIT, desk.clock()).association == "pau"
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("button", name="Fermer d'urgence…")).to_be_in_viewport(ratio=1)  # unscrolled
    page.get_by_role("button", name="Fermer d'urgence…").click()
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.get_by_role("alert")).to_have_text("▲ Cochez au moins une demande à fermer.")
    page.get_by_label("Visite à domicile").check()
    page.get_by_label("Jusqu'à 6 h").check()
    page.get_by_label("Phrase dite aux patients").fill("Les visites reprennent à 6 heures.")
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.locator("tbody tr")).to_contain_text("pas de visite à domicile jusqu'à demain à 6 h")
    page.get_by_role("button", name="Fermer maintenant").click()
    expect(page.get_by_role("status")).to_contain_text("C'est fermé jusqu'à demain à 6 h (règles n° 2)")
    expect(page.get_by_label("Fermeture en cours")).to_contain_text("La réouverture est automatique.")
    refused = decide(desk.office.book, PAU, Need.VISIT, desk.clock())
    assert (refused.outcome, refused.rulebook) == (Outcome.CLOSED, 2)
    assert refused.notice is not None
    assert refused.notice.message == "Les visites reprennent à 6 heures."
    assert decide(desk.office.book, PAU, Need.CONSULTATION, desk.clock()).outcome is Outcome.CONNECT
    six = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert decide(desk.office.book, PAU, Need.VISIT, six).association == "pau", "it ends by itself"


def test_the_sheets_print_on_few_pages_and_hide_what_paper_cannot_do(desk: Console, page: Page) -> None:
    wear(page, desk, Role.FEDERATION)
    for path, pages, told in (
        ("/a/pau/feuille", 1, ["05 36 49 12 30", "Régulation nationale : 01 99 00 36 00", "24 h/24"]),
        ("/federation/feuille", 2, ["Danger vital : le 15", "Ouvert à 23 h", "05 36 49 12 30"]),
    ):
        page.goto(path)
        expect(page.get_by_role("link", name="Revenir à l'écran")).to_be_visible()
        page.emulate_media(media="print")
        expect(page.get_by_role("link", name="Revenir à l'écran")).to_be_hidden()
        shown = re.sub(r"\s", " ", page.locator("body").inner_text())
        assert [text for text in told if text not in shown] == []
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type /Page\b", printed)) <= pages, path
        assert set(re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)", printed)) == {(b"594", b"841")}, "A4"
        page.emulate_media(media="screen")
    page.goto("/a/pau/")
    page.emulate_media(media="print")
    for part in ("nav.tabs", "header.top"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator(".headline").first).to_be_visible()


def test_what_was_typed_outlives_a_session_that_ended_meanwhile(desk: Console, page: Page) -> None:
    enter(page, desk, Role.MANAGER, "pau")
    page.goto("/a/pau/fermeture")
    page.get_by_label("Visite à domicile").check()
    page.get_by_label("À une autre heure").check()
    page.get_by_label("Heure", exact=True).fill("5h15")
    page.get_by_label("Phrase dite aux patients").fill("Les visites reprennent à 5 h 15.")
    desk.clock.advance(hours=4)
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.get_by_role("status").first).to_contain_text("Votre session était finie")
    again(page, desk, "manager@pau.example")
    expect(page).to_have_url(re.compile("/a/pau/fermeture$"))
    expect(page.get_by_role("status")).to_contain_text("Ce que vous aviez tapé est de nouveau là.")
    expect(page.get_by_label("Visite à domicile")).to_be_checked()
    expect(page.get_by_label("Heure", exact=True)).to_have_value("5h15")
    expect(page.get_by_label("Phrase dite aux patients")).to_have_value("Les visites reprennent à 5 h 15.")
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.locator(".headline")).to_contain_text("jusqu'à 5 h 15 (pendant")
    assert page.evaluate("sessionStorage.getItem('typed')") is None, "what got through is not kept"
    page.goto("/a/pau/horaires/semaine")
    page.get_by_label("Dimanche").fill("9h-12h")
    wear(page, desk, Role.MANAGER, "pau")  # entered anew, in another tab
    page.get_by_role("button", name="Garder dans le brouillon").last.click()
    expect(page.get_by_role("status").first).to_contain_text("Vous êtes entré de nouveau depuis")
    expect(page.get_by_label("Dimanche")).to_have_value("9h-12h")
    page.get_by_role("button", name="Garder dans le brouillon").last.click()
    expect(page).to_have_url(re.compile("/a/pau/brouillon$"))


def test_a_manager_invited_today_sets_up_a_second_factor(desk: Console, page: Page) -> None:
    email = desk.person(Role.MANAGER, "pau", second=False)
    page.goto("/entrer")
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer", exact=True).click()
    secret = page.locator(".key").inner_text()
    page.get_by_label("Tapez le code").fill(pyotp.TOTP(secret).at(int(desk.clock().timestamp())))
    page.get_by_role("button", name="Terminer").click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("button", name="C'est noté, continuer").click()
    expect(page.locator(".headline").first).to_contain_text("Un appel de Pau maintenant")


def test_a_call_back_is_taken_over_and_marked_by_keyboard(desk: Console, page: Page) -> None:
    enter(page, desk, Role.MEMBER, "pau")
    page.get_by_role("link", name="Rappels", exact=True).click()
    late = page.locator("li.card").first
    expect(late).to_contain_text("en retard")
    expect(late).not_to_contain_text("01 99 00 12 34")
    late.get_by_role("button", name="Je rappelle").focus()
    page.keyboard.press("Enter")
    mine = page.locator("li.card", has_text="Pris par vous")
    expect(mine.get_by_role("link")).to_have_text("01 99 00 12 34")
    mine.get_by_label("Issue").select_option("unreachable")
    mine.get_by_role("button", name="Noter").click()
    expect(page.locator("li.card")).to_have_count(1)
