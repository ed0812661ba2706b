"""A manager's story: a draft that leaves a hole is refused in words and mended; published, undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from console.publishing import publish
from routing.document import Document
from routing.parts import with_association
from tests.browser.chromium import WIDTHS, enter, looking, served, sound
from tests.console import Console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        yield made


def at_every_width(page: Page, name: str, shots: Path | None) -> list[str]:
    """What is wrong with this page, narrow and wide."""
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wrong += sound(page)
        if shots:
            page.screenshot(path=shots / f"{name}-{width}.png", full_page=True)
    return wrong


def hours(page: Page, every_day: str) -> None:
    """Type a week in the editor and keep it."""
    page.goto("/a/ajaccio/horaires/semaine")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("Lundi").fill(every_day)
    page.get_by_role("button", name="Copier lundi sur tous les jours").click()
    page.get_by_role("button", name="Garder dans le brouillon").click()
    expect(page.get_by_role("heading", name="Brouillon")).to_be_visible()


def somebody_else(desk: Console) -> None:
    def change(document: Document) -> Document:
        one = next(one for one in document.associations if one.slug == "ajaccio")
        return with_association(document, one.model_copy(update={"announcement": "Bonjour"}))

    publish(desk.office, change, "la fédération", "Accueil")


def test_a_draft_is_refused_mended_published_undone_and_met_by_another(
    desk: Console, request: pytest.FixtureRequest
) -> None:
    shots = Path(told) if (told := request.config.getoption("--basetemp")) else None
    wrong: list[str] = []
    with looking(desk.office.settings) as context:
        page = context.new_page()
        enter(page, desk, Role.MANAGER, "ajaccio")
        page.goto("/a/ajaccio/brouillon")
        wrong += at_every_width(page, "brouillon-vide", shots)

        hours(page, "8h-20h")
        page.get_by_role("button", name="Tester ce brouillon").click()
        expect(page.locator("#result")).to_contain_text("Des patients n'auraient plus d'association")
        expect(page.locator("#result")).to_contain_text("D'abord à Ajaccio")
        expect(page.locator("#result")).to_contain_text("Les appels de la semaine passée")
        wrong += at_every_width(page, "brouillon-trou", shots)
        page.get_by_role("button", name="Publier").click()
        expect(page.get_by_role("alert")).to_contain_text("Ce n'est pas publié")
        wrong += at_every_width(page, "brouillon-refuse", shots)
        assert desk.office.book.version == 1

        hours(page, "7h-7h")
        page.get_by_role("button", name="Tester ce brouillon").click()
        expect(page.locator("#result")).to_contain_text("Rien n'empêche de publier")
        wrong += at_every_width(page, "brouillon-pret", shots)
        page.get_by_role("button", name="Publier").click()
        expect(page.get_by_role("status")).to_contain_text("C'est publié : règles n° 2")

        page.get_by_role("link", name="Versions", exact=True).click()
        wrong += at_every_width(page, "versions", shots)
        page.get_by_role("link", name="Version n° 1").click()
        wrong += at_every_width(page, "version", shots)
        page.get_by_role("button", name="Revenir maintenant").click()
        expect(page.get_by_role("status")).to_contain_text("de nouveau en vigueur")
        assert desk.office.book.version == 3

        wrong += met_by_another(page, desk, shots)
    assert wrong == []


def met_by_another(page: Page, desk: Console, shots: Path | None) -> list[str]:
    """Somebody else publishes meanwhile: both are shown, theirs is taken; then a case is kept."""
    hours(page, "6h-6h")
    somebody_else(desk)
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("Quelqu'un d'autre"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("Bonjour")
    wrong = at_every_width(page, "brouillon-conflit", shots)
    page.get_by_role("button", name="Repartir de la version en vigueur").click()
    expect(page.get_by_role("status")).to_contain_text("abandonné")

    page.goto("/a/ajaccio/brouillon/cas")
    for label, typed in (("Où", "20000"), ("Quel jour", "25/12/2026"), ("À quelle heure", "3h")):
        page.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("Régulation Ajaccio")
    return wrong + at_every_width(page, "cas", shots)
