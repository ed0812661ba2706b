"""What every test may ask for: settings, a real Redis-protocol server, and both kinds of SQL for real."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from config import embedded, migrate, stores
from config.settings import Settings

ACCOUNT_SID = "AC" + "3624" * 8
AUTH_TOKEN = "c0ffee" * 6
SECRET_KEYS = "a" * 40
# The same examples in every run, so that nobody is refused for what they did not change.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None)
hypothesis.settings.load_profile("house")
SERVERS = {"redis_server", "postgres_server"}
# Below what outgoing connections are given. Each process of the tests has a share of its own: a port is asked
# for seconds before its server listens, and looks free to the others meanwhile.
_SHARES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PORTS = range(10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), 32_000, _SHARES)
_FIRST = os.getpid() * 7919 % len(_PORTS)
_next_port = cycle((*_PORTS[_FIRST:], *_PORTS[:_FIRST]))
# A server ends with the tests, even when these are killed.
LEASH = ["setpriv", "--pdeathsig", "KILL"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a server, so that `make check` can leave it out."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


def free_port() -> int:
    """A port nobody listens on, never given twice to these tests.

    Not the operating system's own choice: it gives the same one twice, and lends it to outgoing connections.
    """
    for port in _next_port:
        with socket.socket() as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            try:
                asked.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError


def until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to come true, and fail when it does not."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def redis_running(data: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of one's own, to freeze, to kill or to set up badly; yields its URL and process."""
    port = free_port()
    line = [*LEASH, *embedded.command(port, data), *options]
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with Redis.from_url(url) as client:
            until(lambda: _answers(client))
        yield url, server
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded server, as in production with its append-only file; yields its URL."""
    with redis_running(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@pytest.fixture
def redis_client(redis_server: str) -> Iterator[Redis]:
    """A client of the session's server, its database emptied."""
    with Redis.from_url(redis_server) as client:
        client.flushdb()
        yield client


def environment(folder: Path, redis_url: str) -> dict[str, str]:
    """A whole environment: SQLite in this directory, this Redis, free ports."""
    names = ("PORT", "CONSOLE_PORT", "SIMULATOR_PORT", "FEED_PORT", "EMBEDDED_REDIS_PORT")
    return {name: str(free_port()) for name in names} | {
        "VAR_DIR": str(folder),
        "REDIS_URL": redis_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SECRET_KEYS": SECRET_KEYS,
    }


@pytest.fixture
def env(tmp_path: Path, redis_server: str) -> dict[str, str]:
    """The environment of one test, on the session's Redis."""
    return environment(tmp_path, redis_server)


@pytest.fixture
def settings(env: dict[str, str]) -> Settings:
    """Settings that work, on SQLite and the session's Redis."""
    return Settings.from_env(env)


@pytest.fixture
def sqlite_engine(settings: Settings) -> Iterator[Engine]:
    """An engine on a fresh SQLite file, its schema up to date."""
    up_to_date(settings)
    made = stores.engine(settings)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of this session's own; yields the URL of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="pg3624-"))
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
    as_user = LEASH
    if os.getuid() == 0:  # root may not run it
        shutil.chown(folder, "postgres", "postgres")
        as_user = [*LEASH, "--reuid=postgres", "--regid=postgres", "--init-groups"]
    port, data = free_port(), folder / "data"
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        "sos",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run([*as_user, *initdb], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    manners = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_min_messages=fatal"]
    postgres = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), *manners]
    server = subprocess.Popen([*as_user, *postgres], cwd=folder, stderr=subprocess.DEVNULL)
    url = f"postgresql://sos@127.0.0.1:{port}/postgres"
    try:
        until(lambda: _accepts(url))
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with _database(postgres_server, "template0") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database whose schema is up to date, to be copied."""
    with _database(postgres_server, "template0") as url:
        env = environment(tmp_path_factory.mktemp("schema"), "redis://127.0.0.1:1/0")
        migrate.upgrade(Settings.from_env(env | {"DATABASE_URL": url}))
        yield url.rpartition("/")[2]


@pytest.fixture
def postgres_engine(env: dict[str, str], postgres_server: str, postgres_migrated: str) -> Iterator[Engine]:
    """An engine on a fresh PostgreSQL database, its schema up to date."""
    with _database(postgres_server, postgres_migrated) as url:
        made = stores.engine(Settings.from_env(env | {"DATABASE_URL": url}))
        yield made
        made.dispose()


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield server.removesuffix("postgres") + name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine of each kind in turn, its schema up to date."""
    kind = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    made: Engine = request.getfixturevalue(kind)
    return made


def up_to_date(settings: Settings) -> None:
    """Give a database its schema: where there is no SQLite file yet, a copy of one that was migrated."""
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    if file.exists() or not settings.database_url.startswith("sqlite"):
        migrate.upgrade(settings)
    else:
        file.write_bytes(_migrated_file())


@lru_cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env(environment(Path(folder), "redis://127.0.0.1:1/0"))
        migrate.upgrade(settings)
        return (Path(folder) / "3624.sqlite3").read_bytes()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
