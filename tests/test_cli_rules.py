"""A rule book's way through the terminal: out, changed, compared, proved, replayed, published, undone."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth
from sqlalchemy import Engine
from werkzeug.serving import make_server

from config import stores
from config.settings import Settings
from console.past_calls import calls_between
from routing import drafts, number_proofs, store
from routing.document import read
from routing.model import Need
from simulator.exchange import Exchange
from simulator.server import create_app
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, until
from tests.record_calls import some_calls
from tests.service import Service, running
from tests.test_cli import Terminal
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys

WHO = ("--author", "ana", "--reason", "Essai")


@pytest.fixture
def terminal(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    made = Terminal(env, monkeypatch, capsys)
    made.run("release")
    return made


@pytest.fixture
def book(terminal: Terminal, tmp_path: Path) -> Path:
    """The book in force as a file, Pau's announcement changed."""
    written = json.loads(terminal.run("rules", "export").stdout)
    next(one for one in written["associations"] if one["slug"] == "pau")["announcement"] = "Bonjour"
    path = tmp_path / "book.json"
    path.write_text(json.dumps(written))
    return path


def broken(book: Path, **national: Any) -> Path:
    written = json.loads(book.read_text())
    written["national"] |= national
    book.write_text(json.dumps(written))
    return book


def test_what_comes_out_goes_in_again(terminal: Terminal, book: Path) -> None:
    assert read(terminal.run("rules", "export", "--version", "1").stdout).associations
    assert terminal.run("rules", "diff", str(book)).stdout == (
        "- Pau, annonce : « Bonjour » au lieu de rien.\n"
    )
    said = terminal.run("rules", "import", str(book), *WHO).stdout
    draft = said.removeprefix("Brouillon ").rstrip(".\n")
    assert terminal.run("rules", "diff", draft, "1").stdout.startswith("- Pau, annonce")
    assert terminal.run("rules", "publish", draft, *WHO).stdout == "Version 2 en vigueur.\n"
    assert terminal.run("rules", "diff", "2", str(book)).stdout == "Aucune différence.\n"


def test_history_tells_an_undoing(terminal: Terminal, book: Path) -> None:
    terminal.run("rules", "publish", str(book), *WHO)
    undone = terminal.run("rules", "undo", "1", "--author", "bob", "--reason", "Retour").stdout
    assert undone == "Version 3 en vigueur : les règles de la version 1.\n"
    last, before, first = terminal.run("rules", "history").stdout.splitlines()
    assert last.startswith("3 ")
    assert last.endswith("bob  Retour (reprend la version 1)")
    assert before.endswith("ana  Essai")
    assert first.startswith("1 ")
    assert terminal.run("rules", "undo", "77", *WHO).returncode == 2


def test_what_blocks_is_told_and_refused(terminal: Terminal, book: Path) -> None:
    broken(book, regulator="nowhere")
    checked = terminal.run("rules", "check", str(book))
    assert checked.returncode == 1
    assert checked.stdout.startswith("✗ La régulation nationale renvoie à « nowhere », qui n'existe pas.")
    refused = terminal.run("rules", "publish", str(book), *WHO)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "qui n'existe pas" in refused.stderr
    odd = terminal.run("rules", "check", str(broken(book, **{f"champ{n}": n for n in range(60)})))
    assert (odd.returncode, odd.stdout, len(odd.stderr.splitlines())) == (1, "", 51)
    assert odd.stderr.endswith("national.champ49 : champ inconnu\n… et 10 autres fautes.\n")


def test_an_association_s_draft_goes_its_way_in_the_terminal(
    terminal: Terminal, book: Path, settings: Settings
) -> None:
    stray = terminal.run("rules", "import", str(book), *WHO, "--association", "bayonne")
    assert (stray.returncode, stray.stdout) == (1, "")
    assert "n'est pas à cette association" in stray.stderr
    draft = terminal.run("rules", "import", str(book), *WHO, "--association", "pau").stdout[10:46]
    assert f"{draft}  pau  ana  Essai" in terminal.run("rules", "drafts").stdout
    second = terminal.run("rules", "import", str(book), *WHO, "--association", "pau")
    assert second.stdout == f"Brouillon {draft}.\n", "the same text is the same draft"
    read_ahead = book.read_text()
    book.write_text(read_ahead.replace("Bonjour", "Bonsoir"))
    second = terminal.run("rules", "import", str(book), *WHO, "--association", "pau")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("pau a déjà un brouillon : publiez-le ou abandonnez-le")
    assert len(terminal.run("rules", "drafts").stdout.splitlines()) == 1
    case = terminal.run("rules", "cases", "keep", "pau", "64000", "2026-12-25T03:00", "--author", "ana")
    assert case.stdout.endswith("Pau, besoin non dit, 25/12/2026 à 3 h → pau\n")
    terminal.run("rules", "publish", draft, *WHO, "--at", "2090-01-01T03:00")
    assert "Annulé" in terminal.run("rules", "unplan", draft).stdout
    assert "Une autre personne" in terminal.run("rules", "approve", draft, "--author", "ana").stderr
    assert terminal.run("rules", "approve", draft, "--author", "bob").stdout == "Version 2 en vigueur.\n"
    assert len(terminal.run("rules", "history", "--association", "pau").stdout.splitlines()) == 2
    assert len(terminal.run("rules", "history", "--association", "bayonne").stdout.splitlines()) == 1
    undone = terminal.run("rules", "undo", "1", *WHO, "--association", "pau").stdout
    assert undone == "Version 3 en vigueur : les règles de la version 1 pour pau.\n"
    assert terminal.run("rules", "abandon", "nowhere").returncode == 2


def test_what_cannot_be_meant_is_refused_in_one_line(terminal: Terminal, book: Path) -> None:
    publish = ("rules", "publish", str(book))
    for words, told in (
        ((*publish, *WHO, "--at", "2020-01-01T03:00"), "« 2020-01-01T03:00 » est déjà passé"),
        ((*publish, *WHO, "--at", "0001-01-01T03:00"), "instant inconnu « 0001-01-01T03:00 »"),
        ((*publish, *WHO, "--expected", "77"), "version inconnue « 77 »"),
        ((*publish, "--author", " ", "--reason", "Essai"), "--author ne peut pas être vide"),
        ((*publish, "--author", "ana", "--reason", ""), "--reason ne peut pas être vide"),
        (("rules", "diff", "9" * 20), "n'est ni un fichier, ni un brouillon, ni une version publiée"),
        (("rules", "diff", "x" * 300), "n'est ni un fichier, ni un brouillon, ni une version publiée"),
        (("rules", "undo", "9" * 20, *WHO), "valeur refusée"),
        (("rules", "undo", "1", *WHO, "--association", "nowhere"), "association inconnue « nowhere »"),
        (
            ("rules", "cases", "keep", "pau", "64000", "0001-01-01T03:00", "--author", "ana"),
            "instant inconnu",
        ),
    ):
        refused = terminal.run(*words)
        assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)
        assert told in refused.stderr
    assert terminal.run("rules", "drafts").stdout == ""
    assert len(terminal.run("rules", "history").stdout.splitlines()) == 1


def test_two_at_once_are_told_both_differences(terminal: Terminal, book: Path) -> None:
    terminal.run("rules", "publish", str(book), *WHO)
    late = terminal.run("rules", "publish", str(book), *WHO, "--expected", "1")
    assert late.returncode == 1
    assert late.stderr.count("Pau, annonce : « Bonjour » au lieu de rien") == 2


def test_a_publication_can_wait_for_its_hour(terminal: Terminal, book: Path, settings: Settings) -> None:
    said = terminal.run("rules", "publish", str(book), *WHO, "--at", "2090-01-01T03:00").stdout
    assert "à publier le 01/01/2090 à 3 h" in said
    engine = stores.engine(settings)
    (draft,) = drafts.still_open(engine)
    assert draft.publish_at == datetime(2090, 1, 1, 2, tzinfo=UTC)
    assert store.current_version(engine) == 1
    engine.dispose()


@contextmanager
def carrier_of(service: Service) -> Iterator[str]:
    """The stand-in at the address the service's settings say; it plays what the service answers."""
    app = create_app(Exchange(service.account), calls_per_second=0)
    server = make_server("127.0.0.1", service.settings.simulator_port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield service.settings.simulator_url
    server.shutdown()
    server.server_close()
    thread.join()


def heard_at_the_desk(url: str) -> str:
    """What the only call of the carrier's list has heard, once it is over."""
    account = HTTPBasicAuth(ACCOUNT_SID, AUTH_TOKEN)
    listed = requests.get(f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json", auth=account, timeout=5)
    (call,) = listed.json()["calls"]
    until(lambda: "code" in requests.get(f"{url}/simulator/calls/{call['sid']}", timeout=5).text)
    return requests.get(f"{url}/simulator/calls/{call['sid']}", timeout=5).text


def test_a_number_is_verified_by_reading_back_the_code_a_test_call_spoke(
    terminal: Terminal, book: Path, env: dict[str, str]
) -> None:
    written = json.loads(book.read_text())
    pau = next(desk for desk in written["regulators"] if desk["id"] == "pau")
    pau["phones"] = [{"number": "+33536499999", "verified": True}]
    book.write_text(json.dumps(written))
    assert "aucun appel d'essai" in terminal.run("rules", "publish", str(book), *WHO).stderr
    who = ("--author", "ana")
    with running(env) as service, carrier_of(service) as url:
        said = terminal.run("rules", "verify-number", "05 36 49 99 99", *who).stdout
        found = re.search(r"code de ce num[^:]*: ([0-9, ]+)\.", heard_at_the_desk(url))
    assert "sonne" in said
    assert found
    code = found[1].replace(", ", "")
    assert terminal.run("rules", "verify-number", "+33536499999", *who, "--code", "x").returncode == 1
    assert terminal.run("rules", "verify-number", "+33536499999", *who, "--code", code).returncode == 0
    assert terminal.run("rules", "publish", str(book), *WHO).stdout == "Version 2 en vigueur.\n"
    assert terminal.run("rules", "verify-number", "3624", *who).returncode == 2


def test_unknown_words_are_refused_in_one_line(terminal: Terminal, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": 1, "nationale": {}}')
    assert "champ inconnu" in terminal.run("rules", "diff", str(bad)).stderr
    for words in (("diff", "nobody"), ("publish", "x", *WHO), ("check", "99")):
        assert terminal.run("rules", *words).returncode == 2


def test_past_calls_are_replayed_under_a_draft(terminal: Terminal, book: Path, sqlite_engine: Engine) -> None:
    assert (
        terminal.run("rules", "replay", str(book)).stdout == "Aucun appel sur la période : rien à rejouer.\n"
    )
    began = (datetime.now(UTC) - timedelta(hours=8)).replace(microsecond=0)
    calls = some_calls(150, 1, began, every=60)
    Ledger(sqlite_engine, MonthKeys((SECRET_KEYS,))).take([e.text() for c in calls for e in c.events])
    past = list(calls_between(sqlite_engine, began, datetime.now(UTC)))
    from_pau = [call for call in past if call[0] == "64445"]
    assert len(from_pau) > 10
    assert {need for _, need, _ in from_pau} == {Need.VISIT, None}
    assert began.timestamp() - 60 < min(at for _, _, at in past) <= max(at for _, _, at in past)
    written = json.loads(book.read_text())
    next(one for one in written["associations"] if one["slug"] == "pau")["regulators"] = ["bayonne"]
    book.write_text(json.dumps(written))
    said = terminal.run("rules", "replay", str(book)).stdout.splitlines()
    assert said[0].startswith(f"{len(from_pau)} appels sur {len(past)} iraient ailleurs")
    assert "- de Régulation Pau vers Régulation Bayonne (visite à domicile)" in " ".join(said)


def test_the_first_rules_of_a_real_carrier_are_published_from_a_file(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    real = {"TWILIO_API_URL": "https://api.twilio.com", "PUBLIC_URL": "https://voix.example.org"}
    real |= {"CONSOLE_URL": "https://console.example.org", "VAR_DIR": str(tmp_path / "real")}
    fresh = Terminal(env | real, monkeypatch, capsys)
    assert "aucune règle" in fresh.run("release").stdout
    first = tmp_path / "first.json"
    desk = {"id": "national", "name": "Nation", "phones": [{"number": "+33199003600", "verified": True}]}
    first.write_text(json.dumps({"national": {"regulator": "national"}, "regulators": [desk]}))
    for refused in (
        fresh.run("rules", "import", str(first), *WHO),
        fresh.run("rules", "publish", str(first), *WHO, "--at", "2090-01-01T03:00"),
    ):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("Aucune règle n'est en vigueur : ")
    assert "aucun appel d'essai n'y a dit de code" in fresh.run("rules", "publish", str(first), *WHO).stderr
    engine = stores.engine(Settings.from_env(fresh.env))
    code = number_proofs.begin(engine, "+33199003600", str, "ana")
    assert number_proofs.answer(engine, "+33199003600", code, str, "ana") is number_proofs.Answer.PROVED
    engine.dispose()
    assert fresh.run("rules", "publish", str(first), *WHO).stdout == "Version 1 en vigueur.\n"
    assert fresh.run("rules", "history").stdout.endswith("ana  Essai\n")
