"""Plays every call of `tests/calls` through the real voice webhooks, over HTTP and signed."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

from config import migrate, stores
from config.settings import Settings
from routing import store
from simulator.exchange import Account
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, free_port
from tests.player import ServiceClock, play_file
from voice.app import create_app

pytestmark = pytest.mark.servers
CALLS = sorted((Path(__file__).parent / "calls").glob("*.toml"))
TUESDAY = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)  # for a file that does not care


class Service:
    """The voice webhooks on a port of their own, and the clock they go by."""

    def __init__(self, settings: Settings, clock: ServiceClock, sql: Engine) -> None:
        url, self.clock, self._sql, self._redis = settings.public_url, clock, sql, settings.redis_url
        steps = (url + "/voice/incoming", url + "/voice/fallback", url + "/voice/status")
        self.account = Account(ACCOUNT_SID, AUTH_TOKEN, *steps, owned=frozenset({settings.caller_id}))

    def forget(self) -> None:
        """What earlier calls left behind: redial memory, lines in use, open call-backs."""
        with Redis.from_url(self._redis) as redis:
            redis.flushdb()
        with self._sql.begin() as connection:
            for table in ("notices", "attempts", "callbacks"):
                connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Service]:
    port = free_port()
    env = {
        "PORT": str(port),
        "VAR_DIR": str(tmp_path_factory.mktemp("voice")),
        "REDIS_URL": redis_server,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SECRET_KEYS": SECRET_KEYS,
    }
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    clock, sql = ServiceClock(TUESDAY), stores.engine(settings)
    store.ensure_demo(sql)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", port, create_app(settings, clock), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Service(settings, clock, sql)
    server.shutdown()
    server.server_close()
    thread.join()
    sql.dispose()


@pytest.mark.parametrize("path", CALLS, ids=[path.stem for path in CALLS])
def test_a_call_goes_as_written(service: Service, path: Path) -> None:
    __tracebackhide__ = True
    service.forget()
    service.clock.at = TUESDAY
    play_file(path, service.account, service.clock)
