"""`python -m tests.browser.screens`: a picture of each main page at two widths, under docs/screens/."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import FloatRect, Page

from config.settings import Settings
from console.access.roles import Role
from tests.browser.chromium import WIDTHS, enter, looking, served
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, free_port, redis_running
from tests.console import Console
from tests.console_life import live, past

TALLEST = 2600  # px; a long list shows no more by being longer
FOLDER = Path(__file__).parents[2] / "docs" / "screens"


def take() -> None:
    """All of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, redis_running(Path(folder)) as (redis_url, _):
        environment = {
            "VAR_DIR": folder,
            "REDIS_URL": redis_url,
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "SECRET_KEYS": SECRET_KEYS,
            "CONSOLE_PORT": str(free_port()),
        }
        settings = Settings.from_env(environment)
        with served(settings) as desk:
            live(desk.office, desk.clock())
            past(desk.office, desk.clock())
            for width in WIDTHS:
                with looking(settings, width) as context:
                    _walk(context.new_page(), desk, width)


ASSOCIATION = (
    ("accueil", ""),
    ("rappels", "rappels"),
    ("appels", "appels"),
    ("appel", "appels/CA" + f"{0:032x}"),
    ("chiffres", "chiffres"),
    ("horaires", "horaires"),
    ("semaine", "horaires/semaine"),
    ("brouillon", "brouillon"),
    ("cas", "brouillon/cas"),
    ("versions", "versions"),
    ("secteur", "secteur"),
    ("exceptions", "exceptions"),
    ("regulations", "regulations"),
    ("regulation", "regulations/pau"),
    ("debordement", "debordement"),
    ("menu", "menu"),
    ("enregistrement", "enregistrements"),
    ("comptes", "comptes"),
    ("journal", "journal"),
    ("fermeture", "fermeture"),
)
FEDERATION = (
    "",
    "historique",
    "equite",
    "prevision",
    "couverture",
    "regles",
    "regles/2",
    "comptes",
    "journal",
    "fermetures",
    "fermetures/nouvelle",
    "messages/nouveau",
    "associations",
    "associations/pau",
    "etat",
    "feuille",
)


def _walk(page: Page, desk: Console, width: int) -> None:
    def shoot(name: str, path: str = "") -> None:
        if path:
            page.goto(path)
        tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        whole: FloatRect = {"x": 0, "y": 0, "width": width, "height": tall}
        page.screenshot(path=FOLDER / f"{name}-{width}.png", full_page=True, clip=whole)

    shoot("entrer", "/entrer")
    enter(page, desk, Role.MANAGER, "pau")
    for name, path in ASSOCIATION:
        shoot(name, f"/a/pau/{path}")
    _paste_and_close(page, shoot)
    shoot("compte", "/compte")
    page.get_by_role("button", name="Sortir").click()
    enter(page, desk, Role.FEDERATION)
    for name in FEDERATION:
        shoot("federation" + ("-" + name.replace("/", "-") if name else ""), f"/federation/{name}")
    page.goto("/a/pau/")
    page.get_by_role("button", name="Rouvrir maintenant").first.click()


def _paste_and_close(page: Page, shoot: Callable[[str], None]) -> None:
    """What an area and a closure ask before they change anything; then the closure."""
    page.goto("/a/pau/secteur")
    page.get_by_label("Collez ou tapez").fill("Anglet\n64102 Bayonne\nJurencon\nSaint-Martin\n99999\n")
    page.get_by_role("button", name="Voir ce que ça change").first.click()
    shoot("secteur-verification")
    page.goto("/a/pau/fermeture")
    page.get_by_label("Visite à domicile").check()
    page.get_by_role("button", name="Voir ce que ça change").click()
    shoot("fermeture-verification")
    page.get_by_role("button", name="Fermer maintenant").click()
    shoot("ferme")


if __name__ == "__main__":
    take()
