"""Passkeys: what opens, and every answer that must not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config.settings import Settings
from console.access.roles import Role
from tests.authenticator import PRESENT, Authenticator
from tests.console import PASSWORD, Browser, Console, console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def device(desk: Console, **odd: Any) -> Authenticator:
    return Authenticator(desk.office.settings.console_url, **odd)


def asked(browser: Browser, path: str, page: str) -> dict[str, Any]:
    answer = browser.send(path, page=page)
    assert answer.status_code == 200
    said: dict[str, Any] = answer.get_json()
    return said


def enter(browser: Browser, key: Authenticator) -> int:
    options = asked(browser, "/entrer/cle/demande", "/entrer")
    return browser.send("/entrer/cle", page="/entrer", answer=key.signed(options)).status_code


def registered(desk: Console, browser: Browser, key: Authenticator) -> str:
    options = asked(browser, "/compte/cles/demande", "/compte")
    return browser.send("/compte/cles", page="/compte", answer=key.made(options), name="Essai").text


def test_a_first_key_is_the_second_factor_and_then_enters_alone(desk: Console) -> None:
    browser, key = desk.browser(), device(desk)
    browser.send("/entrer", email=desk.person(Role.MANAGER, "pau", second=False), password=PASSWORD)
    options = asked(browser, "/entrer/cle/nouvelle/demande", "/entrer/second-facteur")
    shown = browser.send(
        "/entrer/cle/nouvelle", page="/entrer/second-facteur", answer=key.made(options), name=" "
    )
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", shown.text)
    assert len(codes) == 10
    alone = desk.browser()
    assert enter(alone, key) == 303
    assert alone.get("/a/pau/").status_code == 200
    rescued = desk.browser()
    rescued.send("/entrer", email="manager@pau.example", password=PASSWORD)
    assert "Code de secours" in rescued.text("/entrer/code")
    assert rescued.send("/entrer/code", code=codes[0]).status_code == 303


def test_whatever_is_not_the_key_itself_opens_nothing(desk: Console) -> None:
    key = device(desk, count=7)
    registered(desk, desk.entered(Role.MANAGER, "pau"), key)
    wrongs = {
        "unknown": device(desk),
        "forged": device(desk, id=key.id, count=9),
        "elsewhere": Authenticator("http://localhost:1", key=key.key, id=key.id, count=9),
        "another host": device(desk, key=key.key, id=key.id, host="evil.example", count=9),
        "owner not verified": device(desk, key=key.key, id=key.id, flags=PRESENT, count=9),
        "a copy that is behind": device(desk, key=key.key, id=key.id, count=3),
    }
    for number, (wrong, other) in enumerate(wrongs.items()):
        browser = desk.browser()
        browser.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        assert enter(browser, other) == 422, wrong
    assert enter(desk.browser(), key) == 303


def test_a_challenge_serves_once_and_soon(desk: Console) -> None:
    key = device(desk)
    registered(desk, desk.entered(Role.MANAGER, "pau"), key)
    browser = desk.browser()
    options = asked(browser, "/entrer/cle/demande", "/entrer")
    cookie = browser.client.get_cookie("3624")
    assert cookie
    answer = key.signed(options)
    assert browser.send("/entrer/cle", page="/entrer/secours", answer=answer).status_code == 303
    replayed = desk.browser()
    replayed.client.set_cookie("3624", cookie.value)
    assert replayed.send("/entrer/cle", page="/entrer", answer=answer).status_code == 422
    late = desk.browser()
    options = asked(late, "/entrer/cle/demande", "/entrer")
    desk.clock.advance(minutes=6)
    assert late.send("/entrer/cle", page="/entrer", answer=key.signed(options)).status_code == 422
    for nonsense in ("", "{", "[]", '{"id": 1}', "x" * 20_000):
        asked(late, "/entrer/cle/demande", "/entrer")
        desk.clock.advance(minutes=1)
        assert late.send("/entrer/cle", page="/entrer", answer=nonsense).status_code in (422, 429)


def test_guessers_of_keys_are_slowed_and_the_owner_elsewhere_is_not(desk: Console) -> None:
    key = device(desk)
    registered(desk, desk.entered(Role.MANAGER, "pau"), key)
    guesser = desk.browser()
    guesser.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert [enter(guesser, device(desk)) for _ in range(6)] == [422] * 4 + [429] * 2
    assert enter(desk.browser(), key) == 303


def test_ones_keys_are_named_and_removed_by_oneself_alone(desk: Console) -> None:
    mine, key = desk.entered(Role.MANAGER, "pau"), device(desk)
    assert "Vos codes de secours" in registered(desk, mine, key), "a first key comes with its codes"
    registered(desk, mine, key)
    assert "Cette clé est déjà enregistrée." in mine.text("/compte")
    held = desk.office.passkeys.of(desk.accounts["manager@pau.example"])
    assert [one.name for one in held] == ["Essai"]
    other = desk.entered(Role.MANAGER, "bayonne")
    for act in ("nom", "retrait"):
        other.send(f"/compte/cles/{held[0].id}/{act}", page="/compte", name="à moi")
    assert [one.name for one in desk.office.passkeys.of(desk.accounts["manager@pau.example"])] == ["Essai"]
    mine.send(f"/compte/cles/{held[0].id}/nom", page="/compte", name="Portable")
    assert 'value="Portable"' in mine.text("/compte")
    desk.clock.advance(minutes=20)
    refused = mine.send(f"/compte/cles/{held[0].id}/retrait", page="/compte")
    assert (refused.status_code, "Entrez de nouveau" in refused.text) == (403, True)
    again = mine.send("/compte/entrer-de-nouveau", page="/compte")
    assert again.headers["Location"] == "/entrer?suite=/compte"
    assert enter(mine, key) == 303
    mine.send(f"/compte/cles/{held[0].id}/retrait", page="/compte")
    assert enter(desk.browser(), key) == 422
