"""The board and the wall move with the feed, stand still when asked to, and go dark when told to."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from config.settings import Settings
from console.access.roles import Role
from tests.browser.chromium import enter, looking, served
from tests.console_life import live
from workers.records.live import KEY

pytestmark = pytest.mark.browser


def picture(waiting: int, of_pau: int) -> str:
    service = {"waiting": waiting, "longest_wait": 95.2, "qs60": 0.875, "callbacks_late": 2}
    return json.dumps(
        {
            "said": f"arrêtés à {waiting} h",
            "service": service | {"in_progress": waiting},
            "associations": {"pau": {"waiting": of_pau}},
        }
    )


def test_the_board_and_the_wall_move_with_the_feed(settings: Settings) -> None:
    with served(settings) as desk, looking(settings) as context:
        live(desk.office, desk.clock())
        page = context.new_page()
        enter(page, desk, Role.FEDERATION)
        waits = page.locator("[data-live='service.waiting']")
        of_pau = page.locator("[data-live='associations.pau.waiting']")
        desk.office.redis.set(KEY, picture(7, 3))
        expect(waits).to_have_text("7")
        expect(of_pau).to_have_text("3")
        expect(page.locator("[data-live='service.longest_wait']")).to_have_text("1 min")
        expect(page.locator("[data-live='service.qs60']")).to_have_text(re.compile(r"87,5\s%"))
        expect(page.locator("[data-alarm='service.callbacks_late']")).to_have_class("late")
        page.get_by_role("button", name="Mettre en pause").click()
        desk.office.redis.set(KEY, picture(8, 4))
        expect(page.get_by_text("En pause : rien ne bouge")).to_be_visible()
        page.wait_for_timeout(400)
        expect(waits).to_have_text("7")
        page.get_by_role("button", name="Reprendre").click()
        expect(waits).to_have_text("8")

        page.get_by_role("link", name="Service").click()
        page.get_by_role("link", name="Écrans").click()
        page.get_by_label("Où est l'écran ?").fill("Salle de régulation")
        page.get_by_role("button", name="Faire un lien").click()
        link = page.locator("code").inner_text()
        wall = context.browser.new_context().new_page()  # type: ignore[union-attr] # launched above
        wall.goto(link)
        expect(wall.locator("[data-live='service.waiting']")).to_have_text("8")
        desk.office.redis.set(KEY, picture(9, 0))
        expect(wall.locator("[data-live='service.waiting']")).to_have_text("9")
        expect(wall.get_by_text("rappel en retard")).to_be_visible()
        assert wall.locator("a, form, button").count() == 0
        page.get_by_role("button", name="Arrêter").click()
        wall.evaluate("htmx.ajax('GET', document.querySelector('#now').getAttribute('hx-get'), '#now')")
        expect(wall.get_by_text("Cette page n'existe pas")).to_be_visible()
        assert wall.locator("[data-live]").count() == 0, "its figures move no more either"
        assert wall.goto(link).status == 404  # type: ignore[union-attr] # a page was asked for
