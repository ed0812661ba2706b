"""The federation's morning: a message for the flu, a closure with a requisition, a new association."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from config.settings import Settings
from console.access.roles import Role
from console.backups.restoring import Kept, remember
from routing.decision import decide
from routing.model import Located, Need, Outcome, PlaceSource
from tests.browser.chromium import enter, looking, served
from tests.browser.judged import judge
from tests.console import Console
from tests.console_life import live
from workers import synthetic_calls
from workers.beats import EXPECTED, Beats
from workers.synthetic_calls import Outcome as Called

pytestmark = pytest.mark.browser
PAU = Located("64445", 1.0, PlaceSource.POSTCODE)
TEXT = "Pour le vaccin contre la grippe, voyez votre pharmacien."


@pytest.fixture
def desk(settings: Settings, redis_client: Redis) -> Iterator[Console]:
    del redis_client  # emptied: no other test's processes beat in it
    with served(settings) as made:
        live(made.office, made.clock() - timedelta(days=6))
        yield made


def test_the_federation_speaks_to_everybody_closes_and_prints(desk: Console) -> None:
    with looking(desk.office.settings) as context:
        page = context.new_page()
        enter(page, desk, Role.FEDERATION)
        _message(page, desk)
        _closure(page, desk)
        _association(page)
        page.goto("/federation/feuille")
        expect(page.locator("h1")).to_have_text("3624, toute la France")
        page.goto("/federation/etat")
        expect(page.get_by_role("heading", name="points à regarder")).to_be_visible()
        well(desk)
        page.reload()
        expect(page.locator(".headline")).to_have_text("Tout va bien.")
        assert judge(page) == []


def _message(page: Page, desk: Console) -> None:
    page.get_by_role("link", name="Règles", exact=True).click()
    page.get_by_role("button", name="Préparer un message de campagne").click()
    page.get_by_label("La phrase").fill(TEXT)
    page.get_by_label("Motif").fill("Grippe")
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.get_by_role("alert")).to_have_text("▲ Dites la fin avec un jour et une heure : 25/12, 20h.")
    page.get_by_label("Jour de la fin").fill("30/11")
    page.get_by_label("Heure de la fin").fill("20h")
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.locator(".headline")).to_have_text(f"« {TEXT} »")
    page.get_by_role("button", name="Publier le message").click()
    expect(page.get_by_role("status")).to_contain_text("Le message s'arrêtera de lui-même.")
    assert desk.office.book.campaign("64445", desk.clock().timestamp() + 1) == (TEXT,)


def _closure(page: Page, desk: Console) -> None:
    page.get_by_role("button", name="Préparer une fermeture").click()
    page.get_by_label("Visite à domicile").check()
    page.get_by_label("Jour de la fin").fill("23/11")
    page.get_by_label("Heure de la fin").fill("8h")
    page.get_by_label("Motif").fill("Arrêt d'activité")
    page.get_by_text("Associations réquisitionnées").click()
    page.get_by_label("Bayonne").check()
    page.get_by_role("button", name="Voir ce que ça change").click()
    expect(page.get_by_text("elles répondent quand même : Bayonne.")).to_be_visible()
    expect(page.get_by_text("le menu propose").first).to_contain_text("pas de visite à domicile")
    page.get_by_role("button", name="Revenir").click()
    expect(page.get_by_label("Bayonne")).to_be_checked()
    page.get_by_role("button", name="Voir ce que ça change").click()
    page.get_by_role("button", name="Publier la fermeture").click()
    expect(page.get_by_role("heading", name="En cours")).to_be_visible()
    assert decide(desk.office.book, PAU, Need.VISIT, desk.clock()).outcome is Outcome.CLOSED


def _association(page: Page) -> None:
    page.get_by_role("link", name="Associations", exact=True).click()
    page.get_by_role("button", name="Ajouter une association").click()
    page.get_by_label("Nom", exact=True).fill("SOS Médecins Béziers")
    page.get_by_label("Code postal").fill("34500")
    page.get_by_label("Premier jour").fill("02/11/2027")
    page.get_by_label("Quelle régulation").select_option("montpellier")
    page.get_by_role("button", name="Ajouter").click()
    expect(page.get_by_text("à faire", exact=False).first).to_be_visible()


def well(desk: Console) -> None:
    """A service of which nothing is to be said."""
    here, now = desk.office, desk.clock()
    for process in EXPECTED:
        beats = Beats(here.redis, here.engine, process, desk.clock)
        beats.beat(**({"book": here.book.version} if process in {"web", "console"} else {}))
    synthetic_calls.keep(
        here.engine,
        Called("CA1", now, "clock", "pau", True, "64000 (Pau) : Régulation Pau sonnerait.", "pau", "pau",
               (("arrivée", 6), ("code postal", 9), ("touche", 4), ("raccroché", 3))),
    )  # fmt: skip
    for kind, said in (("backup", "51 tables, 214 lignes"), ("drill", "51 tables, 214 lignes, identiques")):
        remember(here.engine, Kept(kind, now, "3624.backup", 36_972, 0.4, True, said))
