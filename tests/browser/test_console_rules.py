"""An association sets its rules: an order dragged and pressed, a voice recorded, holidays settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from console.access.roles import Role
from routing import recordings
from routing.sounds import judge
from tests.browser.chromium import enter, looking, served
from tests.console import Console
from tests.sounds import tone

pytestmark = pytest.mark.browser
WORDS = "Bonjour, ici Pau. Préparez votre carte Vitale."


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with served(settings) as made:
        yield made


def order(page: Page) -> list[str]:
    return [str(one.get_attribute("value")) for one in page.locator("[name=order]").all()]


def test_an_association_sets_its_overflow_its_voice_and_its_holidays(desk: Console, tmp_path: Path) -> None:
    voice, stereo = tmp_path / "voice.wav", tmp_path / "stereo.wav"
    voice.write_bytes(tone(4, rate=48000, hz=300))
    stereo.write_bytes(tone(3, rate=44100, channels=2))
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
    )
    with looking(desk.office.settings, 1280, *microphone) as context:
        page = context.new_page()
        enter(page, desk, Role.MANAGER, "pau")
        helped_by_two(page)
        spoken_by_a_voice(page, desk, stereo)
        settled_for_christmas(page)


def helped_by_two(page: Page) -> None:
    page.goto("/a/pau/debordement")
    for city in ("Bordeaux", "Toulouse"):
        page.get_by_label("Demander de l'aide à").select_option(city)
        page.get_by_role("button", name="Ajouter").click()
    up = page.get_by_role("button", name="Monter Toulouse")
    up.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(up).to_be_focused()
    expect(page.locator("[data-said]")).to_have_text("Toulouse : place 1 sur 3.")
    assert order(page) == ["toulouse", "bayonne", "bordeaux"]
    grip = page.locator("li", has_text="Bordeaux").locator(".grip")
    grip.drag_to(page.locator("li", has_text="Toulouse").locator(".grip"), target_position={"x": 2, "y": 0})
    assert order(page) == ["bordeaux", "toulouse", "bayonne"]
    page.get_by_role("button", name="Garder dans le brouillon").click()
    expect(page.get_by_role("main")).to_contain_text(
        "Pau déborde vers Bordeaux, qui ne l'a pas encore accepté"
    )


def spoken_by_a_voice(page: Page, desk: Console, stereo: Path) -> None:
    page.goto("/a/pau/menu")
    page.get_by_role("link", name="Enregistrer une voix").click()
    page.get_by_label("1. Ce qui est dit, mot pour mot").fill(WORDS)
    page.get_by_role("button", name="Enregistrer au micro").click()
    expect(page.locator("[data-clock]")).to_have_text("2", timeout=10_000)
    page.get_by_role("button", name="Arrêter").click()
    expect(page.locator("[data-told]")).to_contain_text("Prêt :")
    page.get_by_role("button", name="Garder dans le brouillon").click()
    expect(page.locator(".heard audio")).to_have_count(1)
    expect(page.locator(".heard")).to_contain_text(WORDS)
    page.goto("/a/pau/enregistrements")
    page.get_by_label("Ou un fichier de son").set_input_files(stereo)
    expect(page.locator("[data-told]")).to_contain_text("Prêt : 3,0 s")
    page.get_by_role("button", name="Garder dans le brouillon").click()
    kept = recordings.latest(desk.office.engine, "pau")
    assert len(kept) == 2
    for one in kept:
        found = recordings.sound(desk.office.engine, one.name)
        assert found
        assert judge(found[0]).seconds == one.seconds


def settled_for_christmas(page: Page) -> None:
    page.goto("/a/pau/")
    page.get_by_role("link", name="Comme un dimanche").click()
    page.locator("li", has_text="Noël").get_by_role("combobox").select_option("Fermé")
    page.get_by_role("button", name="Prévoir Noël").click()
    expect(page.get_by_role("status")).to_contain_text("gardé dans le brouillon")
    expect(page.locator("#dated").locator("..")).to_contain_text("le 25/12/2026 : fermé")
