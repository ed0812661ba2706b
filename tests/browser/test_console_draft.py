"""A manager's story: a draft that leaves a hole is refused in words and mended; published, undone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from console.publishing import publish
from routing.document import Document
from routing.parts import with_association
from tests.browser.chromium import enter, looking, served
from tests.console import Console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        yield made


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


def test_a_draft_is_refused_mended_published_undone_and_met_by_another(desk: Console) -> None:
    with looking(desk.office.settings) as context:
        page = context.new_page()
        enter(page, desk, Role.MANAGER, "ajaccio")
        page.goto("/a/ajaccio/brouillon")

        hours(page, "8h-20h")
        page.get_by_role("button", name="Tester ce brouillon").click()
        expect(page.locator("#result")).to_contain_text("Des patients n'auraient plus d'association")
        expect(page.locator("#result")).to_contain_text("D'abord à Ajaccio")
        expect(page.locator("#result")).to_contain_text("Les appels de la semaine passée")
        page.get_by_role("button", name="Publier").click()
        expect(page.get_by_role("alert")).to_contain_text("Ce n'est pas publié")
        assert desk.office.book.version == 1

        hours(page, "7h-7h")
        page.get_by_role("button", name="Tester ce brouillon").click()
        expect(page.locator("#result")).to_contain_text("Rien n'empêche de publier")
        page.get_by_role("button", name="Publier").click()
        expect(page.get_by_role("status")).to_contain_text("C'est publié : règles n° 2")

        page.get_by_role("link", name="Versions", exact=True).click()
        page.get_by_role("link", name="Version n° 1").click()
        page.get_by_role("button", name="Revenir maintenant").click()
        expect(page.get_by_role("status")).to_contain_text("de nouveau en vigueur")
        assert desk.office.book.version == 3

        met_by_another(page, desk)


def met_by_another(page: Page, desk: Console) -> None:
    """Somebody else publishes meanwhile: both are shown, theirs is taken; then a case is kept."""
    hours(page, "6h-6h")
    somebody_else(desk)
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("Quelqu'un d'autre"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("Bonjour")
    page.get_by_role("button", name="Repartir de la version en vigueur").click()
    expect(page.get_by_role("status")).to_contain_text("abandonné")

    page.goto("/a/ajaccio/brouillon/cas")
    for label, typed in (("Où", "20000"), ("Quel jour", "25/12/2026"), ("À quelle heure", "3h")):
        page.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("Régulation Ajaccio")
