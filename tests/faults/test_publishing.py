"""Killed at any instant of publishing: the old book or the new, in SQL and in the file, never a mixture."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from config import journal, migrate, stores
from config.settings import Settings
from routing import snapshot, static_fallback, store
from routing.document import Document
from tests.conftest import LEASH
from tests.faults import publisher

LONGEST = 0.03  # seconds after a publication: one or two more


def version_of(document: Document) -> int:
    """The one version that all marked associations of this book name."""
    said = {one.announcement for one in document.associations[:: publisher.MARKED]}
    assert len(said) == 1, f"a mixture of {said}"
    return int((said.pop() or "").removeprefix("version "))


@contextmanager
def publishers(env: dict[str, str], folder: Path) -> Iterator[Callable[[], Callable[[], None]]]:
    """Begins a publisher; what it returns kills that one and waits until it is gone."""
    line = [*LEASH, sys.executable, "-m", "tests.faults.publisher", str(folder)]
    whole = {"PATH": os.environ["PATH"], **env}
    with subprocess.Popen(
        line, env=whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        told, said = server.stdin, server.stdout
        assert told is not None
        assert said is not None

        def begin() -> Callable[[], None]:
            told.write("go\n")
            told.flush()
            pid = int(said.readline())
            return lambda: kill(pid)

        def kill(pid: int) -> None:
            os.kill(pid, signal.SIGKILL)
            assert said.readline() == "gone\n"

        yield begin
        told.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 200), ("postgresql", 60)])
def test_kill_9_at_any_instant_leaves_the_old_book_or_the_new(
    kind: str, kills: int, env: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        env = env | {"DATABASE_URL": request.getfixturevalue("postgres_url")}
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    engine = stores.engine(settings)
    store.publish(engine, publisher.marked(1), 0, "ana", "")
    folder, chance, seen = tmp_path / "books", Random(3624), []
    with publishers(env, folder) as begin:
        for _ in range(kills):
            before = store.current_version(engine)
            kill = begin()
            while store.current_version(engine) == before:  # until it is in full swing
                time.sleep(0.002)
            time.sleep(chance.uniform(0, LONGEST))
            kill()
            seen.append(_whole(engine, folder))
    assert seen == sorted(set(seen))  # what was in force is never lost
    assert journal.verify(engine)[1] == ()  # and each version has its lines
    engine.dispose()


def _whole(engine: Engine, folder: Path) -> int:
    """The version in force, SQL and files found whole."""
    found = store.current(engine)
    assert found is not None
    assert version_of(found[1]) == found[0]
    for version, document in snapshot.load(folder):
        assert version_of(document) == version <= found[0]
    fallback = static_fallback.written(folder)
    assert fallback is None or fallback.version <= found[0]
    return found[0]
