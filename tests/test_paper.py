"""The rules on paper: numbers, order, hours and closures, on the screen, from the command line, on disk."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings
from console import paper
from console.access.roles import Role
from console.cli import sheet
from tests.browser.pages import drafted
from tests.browser.states import press
from tests.console import EVENING, Console, console


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def plain(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", text)).replace("\xa0", " ").replace("\u202f", " ")


def test_an_association_reads_its_own_and_nobody_elses(desk: Console) -> None:
    member = desk.entered(Role.MEMBER, "pau")
    page = member.text("/a/pau/feuille")
    told = plain(page)
    pau = next(d for d in desk.office.book.document.regulators if d.id == "pau")  # type: ignore[union-attr] # a book of a document
    number = pau.phones[0].number.replace("+33", "0")
    assert " ".join(number[i : i + 2] for i in range(0, 10, 2)) in told
    assert "Danger vital : le 15" in told
    assert "Régulation nationale, 01 99 00 36 00" in told
    assert told.index("Bayonne :") < told.index("En dernier")
    assert "Écrit le dimanche 22 novembre 2026 à 23 h" in told
    assert "règles n° 1" in told
    assert "<style" not in page, "the console's pages hold no style"
    assert member.get("/a/bordeaux/feuille").status_code == 404
    assert member.get("/federation/feuille").status_code == 403


def test_the_country_s_sheet_tells_the_week_of_each(desk: Console) -> None:
    manager = desk.entered(Role.MANAGER, "pau")
    drafted(manager, mon="8h-20h")
    press(manager, "/a/pau/brouillon", "publier", reason="Lundi", when="now", meant="on")
    told = plain(desk.entered(Role.FEDERATION).text("/federation/feuille"))
    assert "visite à domicile : dim : 24 h/24 ; lun : 8 h – 20 h ; mar à sam : 24 h/24" in told
    assert "visite à domicile, consultation, conseil médical : 0 h – 1 h, 18 h – 24 h" in told


def test_a_secret_closure_is_on_no_paper(desk: Console) -> None:
    federation = desk.entered(Role.FEDERATION)
    form = {
        "start_day": "24/11", "start_clock": "8h", "end_day": "25/11", "end_clock": "8h",
        "reason": "Grève", "start": "at",
    }  # fmt: skip
    new = "/federation/fermetures/nouvelle"
    secret = {"secret": "until", "secret_day": "24/11", "secret_clock": "7h"}
    federation.send(new, step="publish", **form | secret)
    assert "Grève" not in federation.text("/federation/feuille")
    desk.clock.advance(days=1, hours=8)
    federation = desk.entered(Role.FEDERATION)
    assert "Grève" in federation.text("/federation/feuille")
    assert "Grève" in federation.text("/a/pau/feuille")


def test_it_is_written_whole_at_each_publication(desk: Console, tmp_path: Path) -> None:
    book, places = desk.office.book, desk.office.places
    began = time.perf_counter()
    count = paper.write_all(tmp_path / "paper", book, places, EVENING)
    assert count == len(book.associations) + 1
    assert time.perf_counter() - began < 20
    text = (tmp_path / "paper" / "rouen.html").read_text()
    assert "<style>" in text
    assert "http" not in text, "it needs no other file"
    moved = EVENING + timedelta(days=1)
    stop = paper.keep(tmp_path / "kept", lambda: book, places, lambda: moved)
    for _ in range(400):
        if (tmp_path / "kept" / "federation.html").exists() and len(
            list((tmp_path / "kept").iterdir())
        ) == count:
            break
        time.sleep(0.05)
    stop.set()
    assert "lundi 23 novembre" in plain((tmp_path / "kept" / "federation.html").read_text())


def test_one_command_writes_it_with_the_database_down(
    env: dict[str, str], desk: Console, tmp_path: Path
) -> None:
    to = tmp_path / "pau.html"
    down = env | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = CliRunner().invoke(sheet.command, ["--association", "pau", "--to", str(to)], env=down)
    assert done.exit_code == 0, done.output
    assert "règles n° 1" in done.output
    assert "SOS Médecins Pau" in to.read_text()
    assert CliRunner().invoke(sheet.command, ["--association", "x", "--to", str(to)], env=env).exit_code == 2
    nowhere = CliRunner().invoke(sheet.command, ["--to", str(to / "below.html")], env=env)
    assert (nowhere.exit_code, "impossible d'y écrire" in nowhere.output) == (2, True)
