"""No change without its line: what a command changes and what the journal tells of it is one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click import Command
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from config.journal import read, verify
from config.settings import Settings
from console.cli import admin, api_token, callbacks, duty, records, rules
from routing import cases, drafts, store
from routing.model import Need
from workers.callbacks.callback import Booking
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault

PATIENT = "+33639980001"


class Terminal:
    """Runs commands against one database, whose journal can be made to refuse every line."""

    def __init__(self, env: dict[str, str], engine: Engine) -> None:
        self._runner, self._engine = CliRunner(env=env), engine

    def run(self, command: Command, *words: str) -> Result:
        return self._runner.invoke(command, list(words))

    def rows(self) -> dict[str, list[str]]:
        with self._engine.connect() as connection:
            tables = sa.inspect(self._engine).get_table_names()
            return {
                name: sorted(map(repr, connection.execute(sa.text(f'SELECT * FROM "{name}"'))))
                for name in tables
            }

    def refuse(self, lines: bool) -> None:
        """As a crash at this very point would: SQL undoes the transaction that the line was part of."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("DROP TRIGGER IF EXISTS no_line"))
            if lines:
                told = "BEGIN SELECT RAISE(ABORT, 'no line'); END"
                connection.execute(sa.text(f"CREATE TRIGGER no_line BEFORE INSERT ON journal {told}"))

    def changes(self, command: Command, *words: str) -> str:
        """The command changes nothing at all while its line cannot be written; then it does, and tells."""
        before, told = self.rows(), {(one.chain, one.number) for one in read(self._engine, limit=500)}
        self.refuse(True)
        refused = self.run(command, *words)
        assert refused.exit_code, (words, refused.output)
        self.refuse(False)
        assert self.rows() == before, words
        done = self.run(command, *words)
        assert done.exit_code == 0, (words, done.output)
        fresh = [one for one in read(self._engine, limit=500) if (one.chain, one.number) not in told]
        assert fresh, words
        return done.output.strip()


@pytest.fixture
def terminal(env: dict[str, str], sqlite_engine: Engine) -> Iterator[Terminal]:
    store.ensure_demo(sqlite_engine)
    made = Terminal(env, sqlite_engine)
    yield made
    assert verify(sqlite_engine)[1] == ()


def actions(engine: Engine, chain: str = "") -> list[str]:
    return [line.action for line in reversed(read(engine, chain, limit=500))]


def test_doctors_and_their_duty(terminal: Terminal, sqlite_engine: Engine) -> None:
    told = terminal.changes(
        duty.command, "add", "Dr A", "02 61 91 00 09", "--pin", "4321", "--association", "pau"
    )
    doctor = told.splitlines()[-1]
    terminal.changes(duty.command, "on", doctor, "--hours", "2")
    terminal.changes(duty.command, "off", doctor)
    assert terminal.run(duty.command, "off", doctor).exit_code == 0
    terminal.changes(duty.command, "remove", doctor)
    assert actions(sqlite_engine, "pau")[-4:] == [
        "doctor_added",
        "duty_begun",
        "duty_ended",
        "doctor_removed",
    ]
    line = read(sqlite_engine, "pau", action="duty_begun")[0]
    assert (line.author, line.subject, line.after) == ("sos3624 duty", "Médecin de rappel Dr A", "pour 2 h")


def test_call_backs_and_a_person_erased(
    terminal: Terminal, settings: Settings, sqlite_engine: Engine
) -> None:
    kept, now = Callbacks(sqlite_engine, Vault.of(settings.secret_keys)), datetime.now(UTC)
    numbers = (PATIENT, "+33639980002", "+33639980003", "+33639980004")
    ids = [kept.book(Booking(f"CA{n}", n, Need.ADVICE, now, now, association="pau")).id for n in numbers]
    terminal.changes(callbacks.command, "cancel", ids[1])
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("UPDATE callbacks SET state = 'human' WHERE state = 'due'"))
    terminal.changes(callbacks.command, "settle", ids[2], "fait")
    terminal.changes(callbacks.command, "again", ids[3])
    said = terminal.changes(records.command, "erase", PATIENT)
    assert said == "0 appel et 1 rappel : plus rien ne les lie à ce numéro."
    assert kept.open_for(PATIENT) is None
    assert actions(sqlite_engine, "pau")[-3:] == [
        "callback_cancelled",
        "callback_concluded",
        "callback_given_back",
    ]
    told = read(sqlite_engine, "", action="person_erased")[0].subject
    assert told == "Une personne : 0 appel et 1 rappel sans lien désormais avec son numéro"
    terminal.changes(records.command, "settings", "minutes", "12")


def test_accounts_and_tokens(terminal: Terminal, sqlite_engine: Engine) -> None:
    who = ("--email", "alix@federation.example")
    terminal.run(admin.command, "create", *who, "--name", "Alix")
    terminal.changes(admin.command, "link", *who)
    made = terminal.changes(api_token.command, "create", "--label", "Logiciel", "--association", "pau")
    terminal.changes(api_token.command, "revoke", made.split("_")[1])
    assert actions(sqlite_engine)[-3:] == ["account_made", "invited", "invited"]
    assert actions(sqlite_engine, "pau")[-2:] == ["token_made", "token_revoked"]


def test_drafts_and_cases(terminal: Terminal, sqlite_engine: Engine, tmp_path: Path) -> None:
    written = json.loads(terminal.run(rules.command, "export").output)
    next(one for one in written["associations"] if one["slug"] == "pau")["announcement"] = "Bonjour"
    book = tmp_path / "book.json"
    book.write_text(json.dumps(written))
    who = ("--author", "ana", "--reason", "Essai")
    made = terminal.changes(rules.command, "import", str(book), "--association", "pau", *who)
    draft = drafts.find(sqlite_engine, made.split()[-1].rstrip("."))
    assert draft
    at = datetime(2099, 12, 25, 2, tzinfo=UTC)
    drafts.schedule(sqlite_engine, draft, at)
    terminal.changes(rules.command, "unplan", draft.id)
    terminal.changes(rules.command, "abandon", draft.id)
    case = cases.keep(sqlite_engine, "pau", "Pau, la nuit", "64445", None, at, "pau", "ana")
    terminal.changes(rules.command, "cases", "drop", "pau", case)
    assert actions(sqlite_engine, "pau")[-6:] == [
        "draft_kept",
        "draft_scheduled",
        "draft_unscheduled",
        "draft_abandoned",
        "case_kept",
        "case_dropped",
    ]
