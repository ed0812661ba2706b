"""Ways in that need no screen: the first administrator, the demonstration's accounts, letters."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from config import migrate
from config.settings import Settings
from console.access.demonstration import code_for, create, demonstrates, people
from console.access.roles import Role
from console.cli.main import main
from console.letters import Letters
from tests.console import Console, console

REAL = {"TWILIO_API_URL": "https://carrier.example"}


@pytest.fixture
def commands(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Settings.from_env(env)


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out + told.err


def test_the_first_administrator_enters_by_one_command(
    commands: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["admin", "create", "--email", "alix@sos.example", "--name", "Alix"]
    assert said(asked, capsys) == (1, "Erreur : La base n'est pas à jour : lancez d'abord sos3624 release.\n")
    migrate.upgrade(commands)
    code, told = said(asked, capsys)
    link = re.search(r"/invitation/[\w-]+", told)
    assert (code, bool(link)) == (0, True)
    assert said(asked, capsys)[0] == 2
    with console(commands) as desk:
        desk.clock.at = datetime.now(UTC)
        browser = desk.browser()
        assert link
        done = browser.send(link[0], password="la pluie sur le gave", again="la pluie sur le gave")
        assert done.headers["Location"].endswith("second-facteur")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sheet", "--association", "nulle-part", "--to", "x.html"], "association inconnue : nulle-part."),
        (["synthetic", "--association", "nulle-part"], "association inconnue : nulle-part."),
        (["restore", "/nulle/part"], "FILE : attendu un fichier, il n'y en a pas à cet endroit"),
        (["backup", "drill", "/"], "FILE : attendu un fichier, il n'y en a pas à cet endroit"),
    ],
)
def test_what_is_not_there_is_named(
    commands: Settings, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert commands
    code, line = said(words, capsys)
    assert (code, line.startswith(f"Erreur : {told}"), line.count("\n")) == (2, True, 1), line


@pytest.mark.parametrize(
    "words", ["audit verify", "backup", "api-token list", "admin create --email a@b.fr --name A", "release"]
)
def test_a_database_that_is_away_is_told_in_one_line(
    commands: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    assert commands
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    code, line = said(words.split(), capsys)
    assert (code, line.count("\n")) == (1, 1), line
    assert line.startswith("Erreur : la base ne répond pas")
    assert line.endswith("voir sos3624 doctor.\n")


def test_a_way_back_asks_for_a_new_second_factor(
    commands: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with console(commands) as desk:
        before = desk.entered(Role.MANAGER, "pau")
        desk.clock.at = datetime.now(UTC)
        told = said(["admin", "link", "--email", "manager@pau.example"], capsys)[1]
        link = re.search(r"/invitation/[\w-]+", told)
        assert link
        desk.browser().send(link[0], password="le vent sur le gave", again="le vent sur le gave")
        account = desk.office.accounts.by_email("manager@pau.example")
        assert account
        assert not account.second_factor
        assert before.get("/a/pau/").status_code == 303, "sessions of before are over"
        assert said(["admin", "link", "--email", "rien@pau.example"], capsys)[0] == 2


def test_a_release_makes_three_accounts_that_enter_with_the_code_shown(
    commands: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(["release"], capsys)[0] == 0
    assert said(["release"], capsys)[0] == 0, "twice is once"
    with console(commands) as desk:
        shown = desk.browser().text("/entrer")
        for one in people(commands.secret_keys):
            assert one.password in shown
            browser = desk.browser()
            browser.send("/entrer", email=one.email, password=one.password)
            code = code_for(commands.secret_keys, one.email, desk.clock())
            assert code is not None
            assert code in browser.text("/entrer/code")
            assert browser.send("/entrer/code", code=code).headers["Location"] == "/"
        assert len(desk.office.accounts.listed()) == 3


def test_demonstration_accounts_never_enter_beside_a_real_carrier(env: dict[str, str]) -> None:
    here, there = Settings.from_env(env), Settings.from_env(env | REAL)
    assert (demonstrates(here), demonstrates(there)) == (True, False)
    with console(here) as desk:
        create(here, desk.office.engine, desk.clock())
        one = people(here.secret_keys)[0]
        entered = desk.browser()
        entered.send("/entrer", email=one.email, password=one.password)
        cookie = entered.client.get_cookie("3624")
        assert cookie
    with console(there) as real:
        assert one.password not in real.browser().text("/entrer")
        refused = real.browser().send("/entrer", email=one.email, password=one.password)
        assert refused.status_code == 422
        kept = real.browser()
        kept.client.set_cookie("3624", cookie.value)
        assert kept.get("/entrer/code").headers["Location"].startswith("/entrer?")


def test_an_invitation_leaves_by_mail_and_its_link_is_not_shown(env: dict[str, str]) -> None:
    with postman() as (port, received):
        settings = Settings.from_env(env | {"SMTP_URL": f"smtp://127.0.0.1:{port}"})
        with console(settings) as desk:
            page = invited(desk)
            assert "/invitation/" not in page
            assert re.search(rb"/invitation/[\w-]+", b"".join(received).replace(b"=\r\n", b""))


def test_a_letter_that_does_not_leave_is_told_and_its_link_not_logged(env: dict[str, str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = Settings.from_env(env | {"SMTP_URL": f"smtp://127.0.0.1:{closed.getsockname()[1]}"})
        with console(settings) as desk:
            page = invited(desk)
            assert "Le message n'est pas parti" in page.replace("&#39;", "'")
            assert "/invitation/" not in page
    with capture_logs() as lines:
        assert not Letters(Settings.from_env(env)).send("a@b.example", "Objet", "https://x/invitation/secret")
    told = str(lines)
    assert "letter_not_sent" in told
    assert "secret" not in told
    assert "a@b.example" not in told


def invited(desk: Console) -> str:
    form = {"name": "Sam", "email": "sam@pau.example", "role": "member", "association": "pau"}
    answer = desk.entered(Role.FEDERATION).send("/federation/comptes", **form)
    return answer.text


@contextmanager
def postman() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server for one letter."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line, line.makefile("rb") as words:
                line.sendall(b"220 ici\r\n")
                for word in words:
                    verb = word[:4].upper()
                    if verb == b"DATA":
                        line.sendall(b"354 dites\r\n")
                        received.extend(iter(words.readline, b".\r\n"))
                    line.sendall(b"221 adieu\r\n" if verb == b"QUIT" else b"250 bien\r\n")
                    if verb == b"QUIT":
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], received
        thread.join(10)
