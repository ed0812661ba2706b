"""The ledger killed at every point between read, commit and acknowledgement loses and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from redis import Redis
from sqlalchemy import Engine, select

from config import migrate, stores
from config.settings import Settings
from tests.conftest import SECRET_KEYS, until
from tests.record_calls import some_calls
from workers.records.events import STREAM
from workers.records.intake import GROUP
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.tables import records
from workers.records.tables import rollups as tables

POINTS = ("ledger_read", "ledger_written", "ledger_committed", "ledger_acknowledged")


@contextmanager
def running(env: dict[str, str], failpoint: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The real process, perhaps armed to kill itself."""
    whole = {"PATH": os.environ["PATH"], **env, **({"FAILPOINT": failpoint} if failpoint else {})}
    process = subprocess.Popen([sys.executable, "-m", "workers.ledger"], env=whole, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def told(count: int, seed: int) -> list[str]:
    """Lines of calls of the last hours, shuffled, a third of them twice."""
    calls = some_calls(count, seed, datetime.now(UTC) - timedelta(hours=5), every=20)
    lines = [event.text() for call in calls for event in call.events]
    lines += lines[::3]
    Random(seed).shuffle(lines)
    return lines


def counted(engine: Engine) -> dict[str, list[object]]:
    """Everything that was counted; the pseudonyms aside, whose key is each database's own."""
    with engine.begin() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.values()
        }
        columns = [column for column in records.columns if column.name != "who"]
        rows = connection.execute(select(*columns)).all()
    return found | {"call_records": sorted(map(tuple, rows), key=repr)}


def as_it_should_be(lines: list[str], env: dict[str, str], folder: Path) -> dict[str, list[object]]:
    """The same lines counted in one go, in another database."""
    alone = {name: value for name, value in env.items() if name != "DATABASE_URL"}
    apart = Settings.from_env(alone | {"VAR_DIR": str(folder)})
    migrate.upgrade(apart)
    engine = stores.engine(apart)
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(lines)
    try:
        return counted(engine)
    finally:
        engine.dispose()


def empty(redis: Redis) -> bool:
    return redis.xlen(STREAM) == 0 and not redis.xpending(STREAM, GROUP)["pending"]


@pytest.fixture(params=["sqlite", "postgresql"])
def wired(
    request: pytest.FixtureRequest, env: dict[str, str], redis_client: Redis
) -> Iterator[tuple[dict[str, str], Engine]]:
    """The ledger's environment on each database in turn, its schema up to date, and an engine."""
    if request.param == "postgresql":
        env = env | {"DATABASE_URL": request.getfixturevalue("postgres_url")}
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    engine = stores.engine(settings)
    yield env, engine
    engine.dispose()


@pytest.mark.parametrize("point", POINTS)
def test_a_ledger_killed_at_a_point_loses_and_doubles_nothing(
    wired: tuple[dict[str, str], Engine], redis_client: Redis, tmp_path: Path, point: str
) -> None:
    env, engine = wired
    lines = told(60, POINTS.index(point))
    for line in lines:
        redis_client.xadd(STREAM, {"e": line})
    with running(env, point) as armed:
        assert armed.wait(30) == -signal.SIGKILL
    with running(env):
        until(lambda: empty(redis_client), 30)
    assert counted(engine) == as_it_should_be(lines, env, tmp_path / "apart")


def test_a_ledger_killed_at_random_while_calls_come_in_counts_every_call_once(
    wired: tuple[dict[str, str], Engine], redis_client: Redis, tmp_path: Path
) -> None:
    env, engine = wired
    lines, draw = told(250, 77), Random(3)
    spool = Spool(tmp_path / "events", "events")
    spool.append(lines[:200])
    spool.drain(lambda _: False)  # its writer closes it, and Redis does not take it
    rest = lines[200:]
    for start in range(0, len(rest), 250):
        for line in rest[start : start + 250]:
            redis_client.xadd(STREAM, {"e": line})
        with running(env) as process:
            time.sleep(1.2 + draw.random())
            process.kill()
    with running(env):
        until(lambda: empty(redis_client) and not spool.size(), 90)
    assert counted(engine) == as_it_should_be(lines, env, tmp_path / "apart")
