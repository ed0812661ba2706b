"""A wall's link: figures without an account, nothing of anybody, ended when it is told to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from config.settings import Settings
from console.access.roles import Role
from tests.console import Console, console
from tests.console_life import live


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        live(made.office, made.clock())
        yield made


def made_link(desk: Console) -> str:
    page = (
        desk.entered(Role.FEDERATION)
        .send("/federation/ecrans", page="/federation/ecrans", label="Salle")
        .text
    )
    found = re.search(r"/mur/[\w-]+", page)
    assert found
    return found[0]


def test_a_wall_shows_figures_without_an_account_and_nothing_of_anybody(desk: Console) -> None:
    link, stranger = made_link(desk), desk.browser()
    shown = stranger.text(link)
    assert "1 rappel en retard" in shown
    assert "Pau" in shown
    body = shown.partition("<body")[2]
    for secret in ("CA0000", "64445", "visite", "12 34", "href", "<form", "manager@"):
        assert secret not in body, secret
    assert stranger.text(link + "/maintenant").count("<section") == 1
    assert stranger.client.get("/federation/").status_code == 303, "it opens nothing else"


def test_a_link_that_is_ended_forged_or_old_shows_nothing(desk: Console) -> None:
    link, stranger = made_link(desk), desk.browser()
    assert stranger.client.get("/mur/" + "A" * 32).status_code == 404
    desk.clock.advance(days=364)
    assert stranger.client.get(link).status_code == 200
    desk.clock.advance(days=2)
    assert stranger.client.get(link).status_code == 404


def test_a_screen_without_a_place_is_refused_in_words(desk: Console) -> None:
    browser = desk.entered(Role.FEDERATION)
    refused = browser.send("/federation/ecrans", page="/federation/ecrans", label="  ")
    assert refused.status_code == 422
    assert "Dites où est l'écran" in refused.get_data(as_text=True).replace("&#39;", "'")
