"""The command line keeps the contract: its JSON, its exit codes, and one line where it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config import stores
from config.settings import Settings
from console.cli.main import main
from routing import store

NAMES = ["outcome", "association", "commune", "confidence", "targets", "rulebook", "trace"]
NEAREST = {"31500": "toulouse", "67000": "strasbourg", "33000": "bordeaux"}


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


class Terminal:
    """Runs `sos3624` with these settings in its environment."""

    def __init__(
        self, env: dict[str, str], into: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.env, self._into, self._capsys = env, into, capsys

    def run(self, *words: str) -> Done:
        for name, value in self.env.items():
            self._into.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return Done(int(ended.value.code or 0), *self._capsys.readouterr())

    def json(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json")
        assert done.stderr == ""
        assert len(done.stdout.splitlines()) == 1
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture
def terminal(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    return Terminal(env, monkeypatch, capsys)


@pytest.mark.parametrize("postcode", NEAREST)
def test_route_answers_with_the_names_of_the_contract(terminal: Terminal, postcode: str) -> None:
    said = terminal.json("route", "--postcode", postcode, "--need", "visit")
    assert list(said) == NAMES
    assert (said["outcome"], said["association"]) == ("connect", NEAREST[postcode])
    assert all(set(target) == {"association", "phone", "ring_seconds"} for target in said["targets"])
    assert all(set(line) == {"rule", "result"} for line in said["trace"])


def test_route_places_a_landline_and_asks_where_a_mobile_is(terminal: Terminal) -> None:
    landline = terminal.json("route", "--from", "05 61 00 00 00")
    assert (landline["commune"], landline["association"]) == ("31555", "toulouse")
    assert 0 < landline["confidence"] < 1
    mobile = terminal.json("route", "--from", "+33639980000")
    assert (mobile["outcome"], mobile["commune"], mobile["confidence"]) == ("locate", None, 0)


def test_route_believes_the_commune_before_the_number(terminal: Terminal) -> None:
    said = terminal.json("route", "--from", "0561000000", "--commune", "67482")
    assert (said["commune"], said["confidence"]) == ("67482", 1)


@pytest.mark.parametrize(
    ("words", "wrong", "right"),
    [
        (["--postcode", "00000"], "00000", "31500"),
        (["--commune", "99999"], "99999", "31555"),
        (["--postcode", "31500", "--commune", "67482"], "31500", "67000"),
        (["--need", "prayer"], "prayer", "visit, consultation, teleconsultation, advice"),
        (["--at", "tomorrow"], "tomorrow", "2026-12-25T03:00"),
        (["--at", "20261225"], "20261225", "2026-12-25T03:00"),
        (["--from", "12"], "12", "05 61 00 00 00"),
        (["--postcod", "31500"], "--postcod", "--postcode"),
        (["--need"], "--need", "attend une valeur"),
        (["more"], "inconnu", "--help"),
    ],
)
def test_unknown_input_is_refused_in_one_line(
    terminal: Terminal, words: list[str], wrong: str, right: str
) -> None:
    done = terminal.run("route", *words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert wrong in line
    assert right in line


def test_asking_leaves_no_database_behind(terminal: Terminal) -> None:
    terminal.run("route", "--postcode", "31500")
    assert not Path(terminal.env["VAR_DIR"], "3624.sqlite3").exists()


def test_release_publishes_the_demonstration_once(terminal: Terminal) -> None:
    assert "règles n° 1" in terminal.run("release").stdout
    assert "règles n° 1" in terminal.run("release").stdout
    assert terminal.json("route", "--postcode", "31500")["rulebook"] == 1


def test_release_never_rings_fictional_numbers_through_a_real_carrier(terminal: Terminal) -> None:
    terminal.env |= {"TWILIO_API_URL": "https://carrier.example"}
    assert "aucune règle" in terminal.run("release").stdout
    done = terminal.run("route", "--postcode", "31500")
    assert done.returncode == 1
    assert "Aucun jeu de règles" in done.stderr


def test_check_counts_and_lists_what_is_wrong(terminal: Terminal) -> None:
    done = terminal.run("check", "--json")
    said = json.loads(done.stdout)
    assert list(said) == ["communes", "holes", "overlaps", "loops", "dead_numbers", "seconds", "problems"]
    assert said["communes"] > 34_000
    assert done.returncode == any(problem["blocking"] for problem in said["problems"])


def test_check_exits_with_one_on_a_blocking_problem(terminal: Terminal) -> None:
    terminal.run("release")
    engine = stores.engine(Settings.from_env(terminal.env))
    version, book = store.current(engine) or pytest.fail("nothing was released")
    desks = tuple(desk.model_copy(update={"phones": ()}) for desk in book.regulators)
    store.publish(engine, book.model_copy(update={"regulators": desks}), version, "test", "dead desks")
    engine.dispose()
    done = terminal.run("check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"][0]["blocking"] is True


def test_doctor_names_every_broken_thing_with_its_repair(terminal: Terminal) -> None:
    done = terminal.run("doctor")
    assert done.returncode == 1
    assert "✓ Redis" in done.stdout
    assert "✗ Schéma" in done.stdout
    assert "lancez sos3624 release" in done.stdout
    assert "✗ Simulateur" in done.stdout
    for words in ("SMTP_URL               aucun", "SECRETS_MADE_UP        non", "SIMULATED_TRAFFIC      0"):
        assert words in done.stdout, words
    assert "None" not in done.stdout
    assert terminal.env["TWILIO_AUTH_TOKEN"] not in done.stdout
    assert terminal.env["SECRET_KEYS"] not in done.stdout


def test_settings_that_are_refused_are_told_by_every_command(terminal: Terminal) -> None:
    terminal.env |= {"PORT": "x", "TWILIO_AUTH_TOKEN": "short"}
    for command in ("route", "check", "doctor", "release", "call"):
        done = terminal.run(command)
        assert done.returncode == 1, command
        assert "PORT" in done.stderr + done.stdout
        assert "TWILIO_AUTH_TOKEN" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def test_call_says_what_to_start_when_nobody_answers(terminal: Terminal) -> None:
    done = terminal.run("call", "--keys", "31500,1")
    assert done.returncode == 1
    assert "lancez make run" in done.stderr
    refused = terminal.run("call", "--keys", "3x")
    assert refused.returncode == 2
    assert "3x" in refused.stderr
