"""An area is pasted with three bad lines, in a real browser; the map and the coverage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from routing import drafts
from routing.document import Area
from routing.model import Need
from tests.browser.chromium import enter, looking, served
from tests.console import Console

pytestmark = pytest.mark.browser
PASTED = "Code INSEE\tCommune\n64024\tAnglet\n64102\tBayonne\nSaint-Martin\nBiarritz\n99999\n"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        yield made


def test_an_area_is_pasted_with_three_bad_lines(desk: Console) -> None:
    with looking(desk.office.settings) as context:
        page = context.new_page()
        enter(page, desk, Role.MANAGER, "pau")
        page.goto("/a/pau/secteur")
        expect(page.get_by_role("img", name="Carte du secteur de Pau : visite à domicile")).to_be_visible()
        expect(page.locator(".mark", has_text="Pau").first).to_be_visible()
        page.get_by_label("Collez ou tapez ce que vous avez").fill(PASTED)
        page.get_by_role("button", name="Voir ce que ça change").first.click()
        expect(page.get_by_role("heading", name="lignes à revoir")).to_have_text("▲ 3 lignes à revoir")
        bayonne = page.get_by_role("row", name="Bayonne – 3 communes")
        expect(bayonne).to_contain_text("hab.")
        page.get_by_label("Ce que veut dire « Saint-Martin »").select_option("65392 Saint-Martin")
        page.get_by_role("button", name="Garder les lignes lues").click()
        expect(page.get_by_role("status")).to_contain_text("lignes gardées dans le brouillon")
        box = page.get_by_label("Collez ou tapez ce que vous avez")
        expect(box).to_have_value("Code INSEE\tCommune\n99999\n")
        expect(page.get_by_role("alert")).to_contain_text("« 99999 » : Ni un code postal, ni un code INSEE")
        (draft,) = drafts.still_open(desk.office.engine, "pau")
        pau = next(one for one in draft.document.associations if one.slug == "pau")
        assert pau.areas[-1] == Area(needs=(Need.VISIT,), communes=("64024", "64102", "64122"))
        _strike_two_chips(page)
        (draft,) = drafts.still_open(desk.office.engine, "pau")
        pau = next(one for one in draft.document.associations if one.slug == "pau")
        assert pau.areas[-1].communes == ("64122",)
        page.get_by_role("button", name="Sortir").click()
        enter(page, desk, Role.FEDERATION)
        _coverage(page)


def _strike_two_chips(page: Page) -> None:
    page.goto("/a/pau/secteur")
    page.locator("summary", has_text="Pyrénées-Atlantiques").click()
    for name in ("Anglet", "Bayonne"):
        chip = page.get_by_role("button", name=f"Retirer {name}", exact=True)
        chip.focus()
        page.keyboard.press("Enter")
        expect(chip).to_have_attribute("aria-pressed", "true")
    bar = page.locator(".gather")
    expect(bar.get_by_role("status")).to_have_text("2 communes à retirer")
    bar.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Qui perd, qui gagne")).to_be_visible()
    page.get_by_role("button", name="Garder dans le brouillon").click()
    page.wait_for_url("**/brouillon")


def _coverage(page: Page) -> None:
    page.goto("/federation/couverture")
    page.get_by_label("Qui répond à…").fill("64000")
    page.get_by_role("button", name="Chercher").click()
    answers = page.locator("dl.answers")
    expect(answers).to_contain_text("Régulation Pau → Régulation Bayonne → Régulation nationale")
    page.get_by_role("link", name="64 Pyrénées-Atlantiques").click()
    expect(page.get_by_role("row", name="64000")).to_contain_text("une association")
