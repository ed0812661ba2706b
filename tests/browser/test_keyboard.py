"""Without a mouse: a closing and a rule edited by Tab, Enter and Space alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from routing.decision import decide
from routing.model import Located, Need, Outcome, PlaceSource
from tests.browser.chromium import looking, served
from tests.console import PASSWORD, Console
from tests.console_life import live

pytestmark = pytest.mark.browser
PAU = Located("64445", 1.0, PlaceSource.POSTCODE)
STOPS = 90  # of the Tab key, before a page is called a maze
# What has the focus: its name, and whether an eye finds it (an outline, in sight, not too small).
FOCUSED = """() => {
  const it = document.activeElement;
  if (it === document.body) return ["", true];
  const box = it.getBoundingClientRect(), style = getComputedStyle(it);
  const label = it.labels && it.labels.length ? it.labels[0].innerText : "";
  const name = (it.getAttribute("aria-label") || label || it.innerText || it.value || "").trim();
  const seen = parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none"
    && box.width > 8 && box.height > 8 && box.right > 0 && box.left < innerWidth
    && box.bottom > 0 && box.top < innerHeight;
  return [name, seen];
}"""


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        live(made.office, made.clock())
        yield made


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what begins with these words has the focus; at each stop an eye must find it."""
    passed = []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        found, seen = page.evaluate(FOCUSED)
        assert seen, f"nobody sees the focus on « {found} », {page.url}"
        if found.startswith(name):
            return
        passed.append(found)
    raise AssertionError(f"no way to « {name} » from {page.url}: {passed}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Tab to a link or a button, and through it to another page."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press(key)


def typed(page: Page, name: str, text: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_secretary_closes_visits_and_a_manager_edits_a_week_without_a_mouse(desk: Console) -> None:
    with looking(desk.office.settings) as context:
        page = context.new_page()
        entered(page, desk)
        press(page, "Fermer d'urgence")
        tab_to(page, "Visite à domicile")
        page.keyboard.press("Space")
        press(page, "Voir ce que ça change")
        press(page, "Fermer maintenant")
        expect(page.get_by_role("status")).to_contain_text("C'est fermé jusqu'à demain à 6 h")
        assert decide(desk.office.book, PAU, Need.VISIT, desk.clock()).outcome is Outcome.CLOSED
        press(page, "Rouvrir maintenant")
        expect(page.get_by_role("status")).to_contain_text("C'est rouvert.")
        assert decide(desk.office.book, PAU, Need.VISIT, desk.clock()).association == "pau"

        press(page, "Règles")
        press(page, "Changer cette semaine")
        typed(page, "Lundi", "7h-7h")
        press(page, "Copier lundi sur tous les jours")
        expect(page.get_by_label("Dimanche")).to_have_value("7h-7h")
        press(page, "Garder dans le brouillon")
        expect(page.get_by_role("heading", name="Brouillon")).to_be_visible()
        typed(page, "Pourquoi", "Semaine relue")
        press(page, "Publier", "Space")
        expect(page.get_by_role("status")).to_contain_text("C'est publié : règles n° 4")


def entered(page: Page, desk: Console) -> None:
    page.goto("/entrer")
    typed(page, "Adresse électronique", desk.person(Role.MANAGER, "pau"))
    typed(page, "Mot de passe", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/entrer/code")
    desk.clock.advance(seconds=60)
    typed(page, "Code à 6 chiffres", desk.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/pau/")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[0] == "Aller au contenu", "the first stop passes over the tabs"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.reload()
