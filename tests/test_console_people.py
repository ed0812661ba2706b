"""Roles given and taken on screen, and the way back in that a second person grants."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from config import journal
from config.settings import Settings
from console.access.roles import Grant, Role
from tests.console import PASSWORD, Browser, Console, console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def told(desk: Console, chain: str = "pau") -> list[str]:
    return [line.action for line in journal.read(desk.office.engine, chain)]


def asking(desk: Console, email: str, address: str = "127.0.0.1") -> tuple[Browser, str]:
    """Somebody who asks to be let back in, and the code they see."""
    browser = desk.browser()
    browser.client.environ_base["REMOTE_ADDR"] = address
    assert browser.send("/entrer/secours", email=email).headers["Location"] == "/entrer/secours/attente"
    code = re.search(r'class="spoken">(\d{3} \d{3})<', browser.text("/entrer/secours/attente"))
    assert code
    return browser, code[1]


def grant(desk: Console, by: Browser, email: str, code: str, page: str = "/a/pau/comptes") -> int:
    account = desk.office.accounts.by_email(email)
    assert account
    return by.send(f"{page}/{account.id}/retour", page=page, code=code).status_code


def test_a_second_manager_lets_a_person_back_in_once_and_briefly(desk: Console) -> None:
    email = desk.person(Role.MEMBER, "pau")
    manager = desk.entered(Role.MANAGER, "pau")
    lost, code = asking(desk, email)
    assert "Pas encore accordé" in lost.text("/entrer/secours/etat")
    assert lost.send("/entrer/secours/entrer", page="/entrer/secours").status_code == 422
    lost, code = asking(desk, email)
    assert grant(desk, manager, email, "000 000" if code != "000 000" else "111 111") == 422
    assert grant(desk, manager, email, code) == 303
    assert lost.send("/entrer/secours/entrer", page="/entrer/secours/etat").headers["Location"] == "/compte"
    assert lost.get("/a/pau/").status_code == 200
    assert "accord d&#39;un responsable" in lost.text("/compte")
    done = lost.send("/compte/mot-de-passe", page="/compte", password="une autre phrase du soir")
    assert done.status_code == 303, "without the old one, which is forgotten"
    desk.clock.advance(hours=2)
    lost.get("/a/pau/")
    desk.clock.advance(hours=2, minutes=1)
    assert lost.get("/a/pau/").status_code == 303, "shorter than a night"
    assert told(desk)[:5] == [
        "password_set",
        "way_back_used",
        "way_back_granted",
        "way_back_asked",
        "way_back_asked",
    ]


def test_nobody_lets_oneself_in_nor_whoever_is_not_wholly_theirs(desk: Console) -> None:
    manager = desk.entered(Role.MANAGER, "pau")
    _, code = asking(desk, "manager@pau.example")
    assert grant(desk, manager, "manager@pau.example", code) == 422
    assert "demande à revenir" not in manager.text("/a/pau/comptes")
    both = desk.person(Role.MEMBER, "pau")
    desk.office.accounts.give(
        desk.office.accounts.by_email(both),  # type: ignore[arg-type] # it is there
        Grant(Role.MANAGER, "bayonne"),
        desk.clock(),
        "essai",
    )
    _, code = asking(desk, both)
    assert grant(desk, manager, both, code) == 422, "who may more elsewhere is for the federation"
    elsewhere = desk.person(Role.MEMBER, "bayonne")
    assert grant(desk, manager, elsewhere, code) == 404
    federation = desk.entered(Role.FEDERATION)
    lost, code = asking(desk, both)
    assert grant(desk, federation, both, code, "/federation/comptes") == 303
    assert lost.send("/entrer/secours/entrer", page="/entrer/secours/etat").status_code == 303
    third, code = asking(desk, "manager@pau.example")
    page = "/a/bayonne/comptes"
    assert grant(desk, lost, "manager@pau.example", code, page) in (404, 422), "in on a word, one gives none"
    assert third.get("/a/pau/").status_code == 303


def test_a_way_back_is_over_after_its_time_or_when_refused(desk: Console) -> None:
    email = desk.person(Role.MEMBER, "pau")
    manager = desk.entered(Role.MANAGER, "pau")
    _, code = asking(desk, email)
    desk.clock.advance(minutes=31)
    assert grant(desk, manager, email, code) == 422
    lost, code = asking(desk, email)
    assert grant(desk, manager, email, code) == 303
    desk.clock.advance(minutes=11)
    assert lost.send("/entrer/secours/entrer", page="/entrer/secours").status_code == 422
    lost, code = asking(desk, email)
    account = desk.accounts[email]
    manager.send(f"/a/pau/comptes/{account}/retour", page="/a/pau/comptes", step="refuse")
    assert grant(desk, manager, email, code) == 422


def test_strangers_who_ask_learn_nothing_and_lock_nobody_out(desk: Console) -> None:
    email = desk.person(Role.MEMBER, "pau")
    desk.entered(Role.MEMBER, "pau")  # the owner has entered from 127.0.0.1
    manager = desk.entered(Role.MANAGER, "pau")
    owner, code = asking(desk, email)
    for number in range(25):
        stranger = desk.browser()
        stranger.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        answer = stranger.send("/entrer/secours", email=email)
        assert answer.status_code == (303 if number < 20 else 429)
    unknown, _ = asking(desk, "personne@pau.example", "198.51.100.7")
    assert "Pas encore accordé" in unknown.text("/entrer/secours/attente")
    assert "endroit inconnu" in manager.text("/a/pau/comptes")
    assert grant(desk, manager, email, code) == 303, "the owner's own asking stands"
    assert owner.send("/entrer/secours/entrer", page="/entrer/secours/etat").status_code == 303
    assert "demande à revenir" not in manager.text("/a/pau/comptes"), "the others' are closed with it"


def test_a_manager_gives_and_takes_members_and_doctors_and_nothing_more(desk: Console) -> None:
    manager = desk.entered(Role.MANAGER, "pau")
    here = "/a/pau/comptes"
    shown = manager.send(here, name="Sam", email="sam@pau.example", role="doctor")
    assert "/invitation/" in shown.text
    for role in ("manager", "federation", "auditor", ""):
        refused = manager.send(here, name="Sam", email="sam2@pau.example", role=role)
        assert refused.status_code == 422
    known = desk.person(Role.DOCTOR, "bayonne")
    manager.send(here, name="x", email=known, role="member")
    account = desk.office.accounts.by_email(known)
    assert account
    assert set(account.grants) == {Grant(Role.DOCTOR, "bayonne"), Grant(Role.MEMBER, "pau")}
    doctor = desk.entered(Role.DOCTOR, "bayonne")
    assert doctor.get("/a/pau/").status_code == 200
    manager.send(f"{here}/{account.id}/retrait", page=here, role="member")
    assert doctor.get("/a/pau/").status_code == 404, "from the next request on"
    assert manager.send(f"{here}/{account.id}/retrait", page=here, role="doctor").status_code == 404
    myself = desk.accounts["manager@pau.example"]
    assert manager.send(f"{here}/{myself}/retrait", page=here, role="manager").status_code == 403
    assert told(desk)[:2] == ["role_taken", "role_given"]


def test_the_federation_gives_any_role_and_who_needs_two_factors_enters_anew(desk: Console) -> None:
    email = desk.person(Role.DOCTOR, "pau", second=False)
    doctor = desk.browser()
    doctor.send("/entrer", email=email, password=PASSWORD)
    assert doctor.get("/a/pau/").status_code == 200
    federation, account = desk.entered(Role.FEDERATION), desk.accounts[email]
    page = f"/federation/comptes/{account}"
    federation.send(f"{page}/roles", page=page, role="manager", association="pau")
    assert doctor.get("/a/pau/").status_code == 303, "one factor is not enough any more"
    assert doctor.send("/entrer", email=email, password=PASSWORD).headers["Location"].endswith("facteur")
    assert federation.send(f"{page}/roles", page=page, role="member").status_code == 422
    federation.send(f"{page}/roles/retrait", page=page, role="manager", association="pau")
    found = desk.office.accounts.by_id(account)
    assert found
    assert found.grants == (Grant(Role.DOCTOR, "pau"),)
    own = f"/federation/comptes/{desk.accounts['federation@federation.example']}"
    federation.send(f"{own}/roles/retrait", page=own, role="federation", association="")
    assert federation.get("/federation/comptes").status_code == 200, "nobody locks themselves out"
