"""Entering the console: two factors, once each; guessers are slowed and the honest are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa

from config.journal import read
from config.settings import Settings
from console.access.accounts import AccountRefused, password_problem
from console.access.roles import Role
from console.access.slowing import LONGEST, delay
from tests.console import PASSWORD, Console, console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def test_a_manager_enters_with_password_then_code(desk: Console) -> None:
    browser, email = desk.browser(), desk.person(Role.MANAGER, "pau")
    first = browser.send("/entrer", email=email, password=PASSWORD)
    assert first.headers["Location"] == "/entrer/code"
    assert browser.get("/a/pau/").headers["Location"] == "/entrer/code", "halfway in sees nothing"
    second = browser.send("/entrer/code", code=desk.code())
    assert (second.status_code, second.headers["Location"]) == (303, "/")
    assert "Un appel de Pau maintenant" in browser.text("/a/pau/")


def test_a_code_serves_once(desk: Console) -> None:
    email, code = desk.person(Role.MANAGER, "pau"), desk.code()
    one, two = desk.browser(), desk.browser()
    for browser in (one, two):
        browser.send("/entrer", email=email, password=PASSWORD)
    assert one.send("/entrer/code", code=code).status_code == 303
    assert two.send("/entrer/code", code=code).status_code == 422
    desk.clock.advance(seconds=30)
    assert two.send("/entrer/code", code=desk.code()).status_code == 303


def test_a_manager_without_a_second_factor_sets_one_up_and_gets_recovery_codes(desk: Console) -> None:
    import pyotp

    browser, email = desk.browser(), desk.person(Role.MANAGER, "pau", second=False)
    assert browser.send("/entrer", email=email, password=PASSWORD).headers["Location"].endswith("facteur")
    secret = "".join(re.findall("<span>([A-Z2-7]{4})</span>", browser.text("/entrer/second-facteur")))
    code = pyotp.TOTP(secret).at(int(desk.clock().timestamp()))
    shown = browser.send("/entrer/second-facteur", code=code)
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", shown.text)
    assert len(set(codes)) == 10
    again = desk.browser()
    again.send("/entrer", email=email, password=PASSWORD)
    assert again.send("/entrer/code", code=codes[0].upper()).status_code == 303
    third = desk.browser()
    third.send("/entrer", email=email, password=PASSWORD)
    assert third.send("/entrer/code", code=codes[0]).status_code == 422, "a recovery code serves once"


def test_wrong_words_do_not_tell_whether_the_account_exists(desk: Console) -> None:
    known, unknown = desk.person(Role.MEMBER, "pau"), "personne@pau.example"
    answers = [desk.browser().send("/entrer", email=who, password="faux") for who in (known, unknown)]
    assert [answer.status_code for answer in answers] == [422, 422]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert texts[0] == texts[1]


def test_a_guesser_waits_and_the_owner_elsewhere_does_not(desk: Console) -> None:
    desk.entered(Role.MANAGER, "pau")  # from 127.0.0.1: an address the account knows
    email, guesser = desk.person(Role.MANAGER, "pau"), desk.browser()
    guesser.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    statuses = [guesser.send("/entrer", email=email, password=f"essai {n}").status_code for n in range(6)]
    assert statuses == [422] * 4 + [429] * 2
    for _ in range(40):  # patient, and from everywhere
        desk.clock.advance(minutes=16)
        guesser.send("/entrer", email=email, password="essai")
    owner = desk.browser()
    assert owner.send("/entrer", email=email, password=PASSWORD).headers["Location"] == "/entrer/code"


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (3, 0), (4, 2), (5, 4), (8, 32), (50, LONGEST.total_seconds())]
)
def test_delays_grow_and_stay_bounded(failures: int, seconds: float) -> None:
    assert delay(failures, free=4) == timedelta(seconds=seconds)


def test_a_session_ended_elsewhere_is_over_at_once(desk: Console) -> None:
    office, home = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.MEMBER, "pau")
    page = home.text("/compte")
    other = re.search(r"/compte/sessions/([0-9a-f-]{36})/fin", page)
    assert other
    forget = sa.text("CREATE TRIGGER no_line BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, ''); END")
    with desk.office.engine.begin() as connection:
        connection.execute(forget)
    assert home.send(f"/compte/sessions/{other[1]}/fin", page="/compte").status_code == 500
    assert office.get("/a/pau/").status_code == 200, "without its line in the journal nothing ends"
    with desk.office.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER no_line"))
    home.send(f"/compte/sessions/{other[1]}/fin", page="/compte")
    assert office.get("/a/pau/").headers["Location"].startswith("/entrer")
    assert home.get("/a/pau/").status_code == 200
    line = read(desk.office.engine, "pau")[0]
    assert (line.author, line.action, line.before) == ("member", "sessions_ended", "Firefox")


def test_the_journal_tells_which_sessions_were_ended_and_by_whom(desk: Console) -> None:
    here, phrase = desk.office.engine, "la pluie sur le gave"
    places = [desk.entered(Role.MANAGER, "pau") for _ in range(4)]
    places[0].send("/compte/sessions/fin", page="/compte")
    assert read(here, "pau")[0].before == "Firefox ; Firefox ; Firefox"
    places[0].send("/compte/sessions/fin", page="/compte")
    assert len(read(here, "pau", action="sessions_ended")) == 1, "nothing was ended"
    places[1] = desk.entered(Role.MANAGER, "pau")
    changed = places[0].send("/compte/mot-de-passe", page="/compte", old=PASSWORD, password=phrase)
    assert (changed.status_code, places[1].get("/a/pau/").status_code) == (303, 303)
    assert [one.action for one in read(here, "pau")[:2]] == ["password_set", "sessions_ended"]
    desk.clock.advance(hours=4)
    places[2] = desk.entered(Role.MANAGER, "pau")
    account = desk.accounts["manager@pau.example"]
    desk.entered(Role.FEDERATION).send(
        f"/federation/comptes/{account}/etat", page=f"/federation/comptes/{account}"
    )
    shut, ended = read(here, "pau")[:2]
    assert (shut.action, ended.action, ended.author) == ("account_shut", "sessions_ended", "federation")
    assert ended.before == "Firefox", "those whose hour had come ended by themselves"
    assert places[2].get("/a/pau/").status_code == 303


def test_nobody_ends_somebody_elses_session(desk: Console) -> None:
    desk.entered(Role.MEMBER, "bayonne")
    theirs = desk.office.sessions.listed(desk.accounts["member@bayonne.example"], desk.clock())[0]
    desk.entered(Role.MEMBER, "pau").send(f"/compte/sessions/{theirs.id}/fin", page="/compte")
    assert desk.office.sessions.listed(desk.accounts["member@bayonne.example"], desk.clock()) == [theirs]


def test_a_session_ends_after_a_night_and_after_three_idle_hours(desk: Console) -> None:
    browser = desk.entered(Role.MEMBER, "pau")
    for _ in range(5):
        desk.clock.advance(hours=2)
        assert browser.get("/a/pau/").status_code == 200
    desk.clock.advance(hours=2, minutes=1)
    assert browser.get("/a/pau/").status_code == 303
    idle = desk.entered(Role.MEMBER, "pau")
    desk.clock.advance(hours=3, minutes=1)
    assert idle.get("/a/pau/").status_code == 303


def test_the_key_changes_at_each_stage_and_leaving_kills_it(desk: Console) -> None:
    browser, email = desk.browser(), desk.person(Role.MANAGER, "pau")
    browser.send("/entrer", email=email, password=PASSWORD)
    before = browser.client.get_cookie("3624").value  # type: ignore[union-attr] # it is there
    browser.send("/entrer/code", code=desk.code())
    after = browser.client.get_cookie("3624").value  # type: ignore[union-attr] # it is there
    browser.send("/sortir", page="/compte")
    for old in (before, after):
        browser.client.set_cookie("3624", old)
        assert browser.get("/a/pau/").headers["Location"].startswith("/entrer")


def test_an_invitation_serves_once_and_only_three_days(desk: Console) -> None:
    federation = desk.entered(Role.FEDERATION)
    page = federation.send(
        "/federation/comptes", name="Sam", email="Sam@Pau.example", role="manager", association="pau"
    )
    link = re.search(r"/invitation/[\w-]+", page.text)
    assert link, "without a mail server the demonstration shows the link"
    guest = desk.browser()
    done = guest.send(link[0], password="la pluie sur le gave", again="la pluie sur le gave")
    assert done.headers["Location"].endswith("second-facteur")
    assert desk.browser().get(link[0]).status_code == 404
    federation.send("/federation/comptes", name="B", email="b@pau.example", role="member", association="pau")
    account = desk.office.accounts.by_email("b@pau.example")
    assert account
    secret = desk.office.invitations.make(account.id, "test", desk.clock())
    desk.clock.advance(days=3, minutes=1)
    assert desk.browser().get(f"/invitation/{secret}").status_code == 404


@pytest.mark.parametrize(
    "password", ["court", "motdepasse2026!", "aaaaaaaaaaaaaa", "3624 3624 3624", "x" * 129]
)
def test_passwords_that_are_guessed_are_refused(password: str) -> None:
    assert password_problem(password)


def test_a_shut_account_is_out_at_once(desk: Console) -> None:
    member, federation = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.FEDERATION)
    account = desk.accounts["member@pau.example"]
    federation.send(f"/federation/comptes/{account}/etat", page="/federation/comptes")
    assert member.get("/a/pau/").status_code == 303
    refused = desk.browser().send("/entrer", email="member@pau.example", password=PASSWORD)
    assert refused.status_code == 422


def test_only_an_address_of_ours_is_gone_back_to(desk: Console) -> None:
    desk.person(Role.DOCTOR, "pau", second=False)
    for evil in ("//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example"):
        browser = desk.browser()
        sent = browser.send("/entrer", email="doctor@pau.example", password=PASSWORD, suite=evil)
        assert sent.headers["Location"] == "/"


def test_an_address_too_long_to_be_kept_does_not_keep_anybody_out(desk: Console) -> None:
    browser, email = desk.browser(), desk.person(Role.MANAGER, "pau")
    far = "/a/pau/journal?words=" + "".join(sha256(bytes([n])).hexdigest() for n in range(200))
    browser.send("/entrer", email=email, password=PASSWORD, suite=far)
    cookie = browser.client.get_cookie("3624")
    assert cookie
    assert len(cookie.value) < 4000, "browsers keep no more"
    assert browser.send("/entrer/code", code=desk.code()).headers["Location"] == "/"
    near = desk.browser()
    near.send("/entrer", email=email, password=PASSWORD, suite="/a/pau/horaires?x=1")
    desk.clock.advance(seconds=60)
    assert near.send("/entrer/code", code=desk.code()).headers["Location"] == "/a/pau/horaires?x=1"


def test_an_address_cannot_have_two_accounts(desk: Console) -> None:
    desk.person(Role.MEMBER, "pau")
    del desk.accounts["member@pau.example"]
    with pytest.raises(AccountRefused, match="existe déjà"):
        desk.person(Role.MEMBER, "pau")
