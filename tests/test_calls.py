"""Plays every call of `tests/calls` through the real voice webhooks, over HTTP and signed."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from tests.player import ServiceClock, play_call, play_file
from tests.service import until_ruled
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

    def now_stands(self, state: str) -> None:
        """Every call-back as if it had come so far."""
        with self._sql.begin() as connection:
            connection.execute(text("UPDATE callbacks SET state = :state"), {"state": state})


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
    app = create_app(settings, clock)
    until_ruled(app)
    server = make_server("127.0.0.1", port, app, threaded=True)
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


def test_a_foreign_number_is_told_to_the_desk_as_it_is_dialled_from_france(service: Service) -> None:
    told = {
        "from": "+441632960001",
        "steps": [{"press": "0"}, {"dials": ["+33199003600"]}],
        "ends": {"bridged": "+33199003600"},
    }
    player = play_call(told, service.account, service.clock)
    assert "Numéro du patient : 00 44 16 32 96 00 01." in [e.text for e in player.transcript.of("whisper")]


BOOKED = {
    "from": "+33639980001",
    "steps": [{"press": "97600"}, {"press": "1"}, {"press": "1"}],
    "ends": {"callback": True, "hears": ["vous rappelle "], "not_hears": ["dès que possible"]},
}


def test_ringing_again_after_a_missed_promise_one_is_told_no_hour_gone_by(service: Service) -> None:
    service.forget()
    service.clock.at = datetime.now(UTC)
    play_call(BOOKED, service.account, service.clock)
    service.clock.at = datetime.now(UTC) + timedelta(hours=4)
    again = {
        "from": "+33639980001",
        "steps": [
            {"silence": True},
            {"hears": ["SOS Médecins vous rappelle dès que possible."], "press": "0"},
            {"dials": ["+33199003600"]},
        ],
        "ends": {"callback": True, "bridged": "+33199003600", "not_hears": ["tard à", "avant"]},
    }
    play_call(again, service.account, service.clock)


@pytest.mark.parametrize(("state", "next_one"), [("due", True), ("retry", False), ("human", False)])
def test_who_is_not_in_the_queue_is_not_told_to_be_the_next(
    service: Service, state: str, next_one: bool
) -> None:
    service.forget()
    service.clock.at = datetime.now(UTC)
    play_call(BOOKED, service.account, service.clock)
    service.now_stands(state)
    place = {"hears" if next_one else "not_hears": ["Vous êtes le prochain."]}
    again = {
        "from": "+33639980001",
        "steps": [{"silence": True}, {"hears": ["Pour annuler, tapez 1."], "press": "0"}],
        "ends": {"callback": True, "bridged": "+33199003600", **place},
    }
    play_call(again, service.account, service.clock)
