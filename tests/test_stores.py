"""The SQL engines, the Redis clients and the breaker, against real servers, healthy and frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis, RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from config import embedded, migrate, stores
from config.patience import Breaker
from config.settings import Settings
from tests.conftest import free_port, redis_running, until


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def quickest(ask: Callable[[], object], tries: int = 3) -> float:
    """Seconds of the quickest try: a busy machine slows one, a fault slows them all."""
    took = []
    for _ in range(tries):
        started = time.monotonic()
        ask()
        took.append(time.monotonic() - started)
    return min(took)


def test_the_databases_clock_is_aware_and_now(engine: Engine) -> None:
    with engine.begin() as connection:
        said = stores.database_now(connection)
    assert said.tzinfo is UTC
    assert abs((datetime.now(UTC) - said).total_seconds()) < 5


def test_what_is_committed_is_read_by_another_engine(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO kept VALUES (1)"))
    with stores.reading(engine).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 1


def test_sqlite_flushes_each_commit_and_keeps_foreign_keys(sqlite_engine: Engine) -> None:
    with stores.reading(sqlite_engine).connect() as connection:
        said = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert said == ["wal", 2, 1]


def test_a_second_sqlite_writer_waits_its_patience_and_no_longer(
    settings: Settings, sqlite_engine: Engine
) -> None:
    hasty = stores.engine(settings, patience_ms=200)

    def refused() -> None:
        with pytest.raises(OperationalError, match="locked"), hasty.begin():
            pass

    with sqlite_engine.begin():
        assert 0.15 < quickest(refused) < 1
        with stores.reading(hasty).connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
    hasty.dispose()


def test_a_slow_or_locked_statement_is_given_up_by_postgresql(env: dict[str, str], postgres_url: str) -> None:
    hasty = stores.engine(Settings.from_env(env | {"DATABASE_URL": postgres_url}), patience_ms=200)
    with pytest.raises(OperationalError, match="statement timeout"), hasty.begin() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    with hasty.begin() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "200ms"
    hasty.dispose()


def test_a_frozen_postgresql_holds_nobody_longer_than_told(env: dict[str, str], postgres_url: str) -> None:
    hasty = stores.engine(Settings.from_env(env | {"DATABASE_URL": postgres_url}), patience_ms=200)
    with hasty.begin() as connection:
        server = connection.scalar(text("SELECT pg_backend_pid()"))
        with frozen(server):
            started = time.monotonic()
            with pytest.raises(DBAPIError, match="no answer"):
                connection.execute(text("SELECT 1"))
            assert time.monotonic() - started < 1
            assert connection.invalidated
        connection.rollback()
    with hasty.begin() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    hasty.dispose()


def test_migrating_twice_changes_nothing_and_leaves_nothing_missing(engine: Engine) -> None:
    migrate.upgrade_engine(engine)
    assert migrate.missing(engine) == []


def test_two_releases_at_the_same_time_both_succeed(env: dict[str, str], postgres_url: str) -> None:
    settings = Settings.from_env(env | {"DATABASE_URL": postgres_url})
    faults: list[BaseException] = []

    def release() -> None:
        try:
            migrate.upgrade(settings)
        except BaseException as fault:
            faults.append(fault)

    both = [threading.Thread(target=release) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert faults == []


def test_the_embedded_server_is_fit_to_hold_jobs(settings: Settings, redis_client: Redis) -> None:
    said = redis_client.execute_command("CONFIG", "GET", "appendfsync")
    assert said == {b"appendfsync": b"always"}
    with stores.voice_redis(settings) as client:
        assert stores.check_redis(client) == []


def test_a_forgetful_redis_is_told_with_its_repair(tmp_path: Path) -> None:
    manners = ("--maxmemory-policy", "allkeys-lru", "--appendonly", "no")
    with redis_running(tmp_path, *manners) as (url, _), Redis.from_url(url) as client:
        problems = stores.check_redis(client)
    assert len(problems) == 2
    assert "allkeys-lru" in problems[0]
    assert "maxmemory-policy noeviction" in problems[0]
    assert "appendonly yes" in problems[1]


def test_an_absent_redis_is_a_problem_and_no_exception() -> None:
    with Redis.from_url(f"redis://127.0.0.1:{free_port()}/0") as client:
        (problem,) = stores.check_redis(client)
    assert "REDIS_URL" in problem


def test_a_frozen_redis_holds_a_call_a_quarter_of_a_second(env: dict[str, str], tmp_path: Path) -> None:
    with redis_running(tmp_path) as (url, server):
        client = stores.voice_redis(Settings.from_env(env | {"REDIS_URL": url}))
        client.ping()
        with frozen(server.pid):
            started = time.monotonic()
            with pytest.raises(RedisError):
                client.incr("calls")
            assert time.monotonic() - started < 0.6
        until(lambda: client.get("calls") is not None)
        assert client.get("calls") == b"1"  # sent once, however long the answer took
        client.close()


def test_an_open_breaker_answers_at_once(env: dict[str, str], tmp_path: Path) -> None:
    with redis_running(tmp_path) as (url, server):
        client, breaker = stores.voice_redis(Settings.from_env(env | {"REDIS_URL": url})), Breaker()
        with frozen(server.pid):
            assert breaker.call(client.ping, default=False) is False
            answers: list[bool] = []
            assert (
                quickest(lambda: answers.extend(breaker.call(client.ping, False) for _ in range(1000))) < 0.2
            )
        assert set(answers) == {False}
        client.close()


def broken() -> str:
    raise OSError


def test_a_breaker_lets_one_caller_probe_after_its_rest_and_closes_on_success() -> None:
    now = [0.0]
    breaker = Breaker(rest=2.0, clock=lambda: now[0])
    assert breaker.call(broken, "default") == "default"
    now[0] = 1.9
    assert breaker.call(lambda: "asked", "default") == "default"
    now[0] = 2.1
    inside: list[str] = []

    def probe() -> str:
        inside.append(breaker.call(lambda: "asked", "default"))  # another caller, while the probe is out
        return "asked"

    assert breaker.call(probe, "default") == "asked"
    assert inside == ["default"]
    assert breaker.closed
    assert breaker.call(lambda: "asked", "default") == "asked"


def test_a_failed_probe_opens_the_breaker_for_another_rest() -> None:
    now = [0.0]
    breaker = Breaker(rest=2.0, clock=lambda: now[0])
    breaker.call(broken, "")
    now[0] = 2.0
    breaker.call(broken, "")
    now[0] = 3.9
    assert breaker.call(lambda: "asked", "default") == "default"
    now[0] = 4.1
    assert breaker.call(lambda: "asked", "default") == "asked"


def test_a_look_from_beside_opens_and_closes_a_breaker_without_a_caller() -> None:
    now = [0.0]
    breaker = Breaker(rest=5.0, clock=lambda: now[0])
    asked: list[str] = []

    def down() -> str:
        raise OSError

    for now[0] in (0.0, 3.0, 6.0):  # each look that fails begins the rest anew
        assert breaker.look(down, "away") == "away"
    now[0] = 8.0
    assert breaker.call(lambda: asked.append("caller"), None) is None
    assert asked == []
    assert breaker.look(lambda: "here", "away") == "here"
    assert breaker.closed


def test_a_breaker_hides_no_mistake_of_ours() -> None:
    breaker = Breaker()
    with pytest.raises(ZeroDivisionError):
        breaker.call(lambda: 1 // 0, 0)
    assert breaker.closed


def test_a_sentinel_url_names_every_sentinel_the_service_and_the_base() -> None:
    address = stores.sentinel_address("redis+sentinel://u:p%40s@a:26380,b/3624/2")
    assert address == stores.SentinelAddress((("a", 26380), ("b", 26379)), "3624", 2, "u", "p@s")


def test_both_clients_find_the_master_through_sentinel(env: dict[str, str], tmp_path: Path) -> None:
    with redis_running(tmp_path) as (url, _):
        port, master = free_port(), url.split(":")[-1].split("/")[0]
        config = tmp_path / "sentinel.conf"
        config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor desk 127.0.0.1 {master} 1\n")
        binary = embedded.command(port, tmp_path)[0]
        watcher = subprocess.Popen([binary, str(config), "--sentinel"], stdout=subprocess.DEVNULL)
        settings = Settings.from_env(env | {"REDIS_URL": f"redis+sentinel://127.0.0.1:{port}/desk/1"})
        try:
            with Redis.from_url(f"redis://127.0.0.1:{port}") as sentinel:
                until(lambda: answers(sentinel))
            voice, worker = stores.voice_redis(settings), stores.worker_redis(settings)
            voice.set("seen", 1)
            assert worker.get("seen") == b"1"
            with Redis(port=int(master), db=1) as direct:
                assert direct.get("seen") == b"1"
            for client in (voice, worker):
                client.close()
                client.connection_pool.disconnect()
        finally:
            watcher.kill()
            watcher.wait()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
