"""Backups for real: SQLite and PostgreSQL, restored elsewhere, compared, drilled; damaged ones refused."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from config import journal, stores
from config.coffer import CHUNK, CofferReader, CofferWriter
from config.sealing import Unsealable
from config.settings import Settings
from console.backups import archive, databases, restoring
from console.backups.archive import Damaged
from console.backups.restoring import NotRestored
from console.cli import backup, restore
from routing import store
from tests.conftest import SECRET_KEYS, free_port
from workers.records.spool import Spool


@dataclass
class House:
    """A service with rules and something in its spool, and an empty one to restore into."""

    settings: Settings
    empty: Settings


@pytest.fixture
def house(env: dict[str, str], engine: Engine, tmp_path: Path, postgres_server: str) -> House:
    store.ensure_demo(engine)
    url = engine.url.render_as_string(hide_password=False)
    elsewhere = tmp_path / "elsewhere"
    ports = {name: str(free_port()) for name in env if name.endswith("PORT")}
    env = env | {"DATABASE_URL": url}
    other = env | ports | {"VAR_DIR": str(elsewhere), "DATABASE_URL": f"sqlite:///{elsewhere}/3624.sqlite3"}
    if engine.dialect.name == "postgresql":
        other["DATABASE_URL"] = _another_database(postgres_server)
    Spool(tmp_path / "events", "events").append(["{}"])
    (tmp_path / "secrets.env").write_text("SECRET_KEYS=x")
    return House(Settings.from_env(env), Settings.from_env(other))


def _another_database(server: str) -> str:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
        connection.execute("CREATE DATABASE elsewhere")
    return server.removesuffix("postgres") + "elsewhere"


def test_a_backup_restored_elsewhere_is_the_same_to_the_row(house: House) -> None:
    path, manifest = archive.make(house.settings)
    assert path.parent == house.settings.var_dir / "backups"
    assert path.stat().st_mode & 0o777 == 0o600
    assert manifest.tables["rule_books"][0] == 1
    assert any(name.startswith("events/") for name in manifest.files)
    assert not any("secrets" in name for name in manifest.files)
    assert b"Association" not in path.read_bytes()
    restoring.restore(house.empty, path)
    told = {"journal", "journal_heads"}  # which says that everything was put back
    there = databases.census(house.empty)
    assert {name for name, found in there.items() if found != manifest.tables[name]} == told
    made = stores.engine(house.empty)
    assert (journal.read(made)[0].action, journal.verify(made)[1]) == ("restored", ())
    assert store.current_version(made) == 1
    made.dispose()
    assert [one.read_text() for one in (house.empty.var_dir / "events").iterdir()] == ["{}\n"]
    with pytest.raises(NotRestored, match="--force"):
        restoring.restore(house.empty, path)
    restoring.restore(house.empty, path, force=True)


def test_a_drill_compares_everything_and_is_remembered(house: House) -> None:
    done = restoring.drill(house.settings, None)
    assert done.ok, done.said
    assert done.said.endswith("identiques")
    engine = stores.engine(house.settings)
    assert restoring.last(engine, "drill") is None
    restoring.remember(engine, done)
    told = restoring.last(engine, "drill")
    engine.dispose()
    assert told is not None
    assert (told.file, told.ok) == (done.file, True)


def test_a_damaged_cut_or_foreign_file_is_refused_with_nothing_changed(house: House) -> None:
    path, _ = archive.make(house.settings)
    whole = path.read_bytes()
    spoilt = path.with_name("spoilt")
    for wrong in (whole[:-1], whole[: len(whole) // 2], whole[:900] + b"x" + whole[901:], b"", whole + b"x"):
        spoilt.write_bytes(wrong)
        with pytest.raises(Damaged):
            restoring.restore(house.empty, spoilt)
        assert not restoring.drill(house.settings, spoilt).ok
    others = house.empty.model_copy(update={"secret_keys": ("b" * 40,)})
    with pytest.raises(Damaged, match="SECRET_KEYS"):
        restoring.restore(others, path)
    rotated = house.empty.model_copy(update={"secret_keys": ("b" * 40, SECRET_KEYS)})
    restoring.restore(rotated, path)


def test_a_running_service_is_never_restored_over(house: House) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    path, _ = archive.make(house.settings)
    server = HTTPServer(("127.0.0.1", house.empty.port), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with pytest.raises(NotRestored, match=r"le service tourne \(web\)"):
        restoring.restore(house.empty, path, force=True)
    server.shutdown()
    server.server_close()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"3624-2026110{day}-000000-0.backup").touch()
    assert len(archive.keep_newest(tmp_path, 2)) == 3
    assert [path.name[5:13] for path in sorted(tmp_path.glob("*.backup"))] == ["20261104", "20261105"]
    assert archive.keep_newest(tmp_path, 2) == []


def test_a_coffer_opens_only_whole_and_in_order(tmp_path: Path) -> None:
    path, plain = tmp_path / "coffer", bytes(range(256)) * (CHUNK // 100)
    with path.open("wb") as file, CofferWriter(file, ("k" * 32,)) as coffer:
        for start in range(0, len(plain), 70_000):
            coffer.write(plain[start : start + 70_000])
    with path.open("rb") as written:
        assert CofferReader(written, ("n" * 32, "k" * 32)).readall() == plain
    sealed = path.read_bytes()
    head, chunk = 22, CHUNK + 16
    swapped = sealed[:head] + sealed[head + chunk : head + 2 * chunk] + sealed[head : head + chunk]
    for wrong in (sealed[: head + chunk], swapped + sealed[head + 2 * chunk :]):
        path.write_bytes(wrong)
        with path.open("rb") as written, pytest.raises(Unsealable):
            CofferReader(written, ("k" * 32,)).readall()


def test_by_hand_it_is_two_commands(env: dict[str, str], sqlite_engine: Engine, tmp_path: Path) -> None:
    store.ensure_demo(sqlite_engine)

    def run(command: Command, *words: str) -> Result:
        return CliRunner().invoke(command, words, env=env)

    made = run(backup.command)
    assert made.exit_code == 0, made.output
    assert "SECRET_KEYS n'y est pas" in made.output
    (path,) = (tmp_path / "backups").iterdir()
    drilled = run(backup.command, "drill", str(path))
    assert (drilled.exit_code, "identiques" in drilled.output) == (0, True), drilled.output
    refused = run(restore.command, str(path))
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    assert restoring.last(sqlite_engine, "backup") is not None


def test_nothing_is_no_backup_and_only_a_file_is_written_over(env: dict[str, str], tmp_path: Path) -> None:
    run, fifo = CliRunner(env=env), tmp_path / "device"
    os.mkfifo(fifo)
    made = run.invoke(backup.command)
    assert (made.exit_code, "la base est vide : vérifiez VAR_DIR" in made.output) == (1, True), made.output
    assert list((tmp_path / "backups").iterdir()) == []
    for there in (fifo, tmp_path):
        refused = run.invoke(backup.command, ["--to", str(there)])
        assert (refused.exit_code, "n'est pas un fichier" in refused.output) == (2, True), refused.output
    assert fifo.is_fifo()
