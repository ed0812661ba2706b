"""`python -m tests.browser.screens`: a picture of every page at two widths, under docs/screens/."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Page

from config.settings import Settings
from console.access.roles import Role
from tests.browser.chromium import enter, looking, served
from tests.browser.judged import HEIGHT, WIDTHS
from tests.browser.pages import AWAY, Shown, World, every_page
from tests.conftest import environment, redis_running
from tests.console import Console

TALLEST = 2600  # px; a long list shows no more by being longer
FOLDER = Path(__file__).parents[2] / "docs" / "screens"


def take() -> None:
    """All of them; what is there of pages that are no more is taken away."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, redis_running(Path(folder)) as (redis_url, _):
        settings = Settings.from_env(environment(Path(folder), redis_url) | {"OIDC_PROVIDERS": AWAY})
        with served(settings) as desk, looking(settings) as context:
            page = context.new_page()
            for one in every_page(desk, World(desk)):
                context.clear_cookies()
                if cookie := one.who.client.get_cookie("3624"):
                    context.add_cookies(
                        [{"name": "3624", "value": cookie.value, "url": settings.console_url}]
                    )
                _shoot(page, _name(one), one.path)
            context.clear_cookies()
            _paste_and_close(page, desk)


def _name(one: Shown) -> str:
    """« /a/pau/horaires/semaine » is kept as « horaires-semaine »; long parts, which change, as « un »."""
    parts = one.path.removeprefix("/a/pau/").strip("/").split("/")
    return "-".join(part if len(part) < 20 else "un" for part in parts) or "maintenant"


def _shoot(page: Page, name: str, path: str = "") -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if path:
            page.goto(path)
        tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        whole: FloatRect = {"x": 0, "y": 0, "width": width, "height": tall}
        page.screenshot(path=FOLDER / f"{name}-{width}.png", full_page=True, clip=whole)


def _paste_and_close(page: Page, desk: Console) -> None:
    """What an area and a closure ask before they change anything; then the closure."""
    enter(page, desk, Role.MANAGER, "pau")
    page.goto("/a/pau/secteur")
    page.get_by_label("Collez ou tapez").fill("Anglet\n64102 Bayonne\nJurencon\nSaint-Martin\n99999\n")
    page.get_by_role("button", name="Voir ce que ça change").first.click()
    _shoot(page, "secteur-verification")
    page.goto("/a/pau/fermeture")
    page.get_by_label("Visite à domicile").check()
    page.get_by_role("button", name="Voir ce que ça change").click()
    _shoot(page, "fermeture-verification")
    page.get_by_role("button", name="Fermer maintenant").click()
    _shoot(page, "ferme")


if __name__ == "__main__":
    take()
