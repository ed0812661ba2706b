"""Calls with stores that are dead, frozen or lost: every caller still reaches someone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from redis import Redis
from sqlalchemy import text

from config import migrate, stores
from config.settings import Settings
from routing import store
from simulator.player import Player
from tests.conftest import free_port, redis_running, until
from tests.player import play_call
from tests.service import Service, running
from tests.signed import fields_of, post
from voice.call import OpenCallback, Turn, World
from voice.effects import Effects
from workers.records.events import STREAM

TOULOUSE, PAU, NATIONAL = "+33536491250", "+33536491230", "+33199003600"
VISIT: dict[str, Any] = {
    "from": "+33639980001",
    "steps": [{"press": "31500"}, {"press": "1"}],
    "ends": {"bridged": TOULOUSE},
}
EVERYONE_BUSY = {
    "from": "+33639980001",
    "lines": dict.fromkeys((TOULOUSE, PAU, NATIONAL), "busy"),
    "steps": [{"press": "31500"}, {"press": "1"}, {"press": "1"}, {"press": "1"}],
    "ends": {"callback": True},
}


@pytest.fixture
def published(env: dict[str, str]) -> dict[str, str]:
    """An environment whose rule book is published, and kept on disk by a service that ran before."""
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    store.ensure_demo(stores.engine(settings))
    with running(env):
        until(lambda: any((settings.var_dir / "rulebook").glob("*")))
    return env


def dead() -> str:
    return f"127.0.0.1:{free_port()}"


def call(service: Service, told: dict[str, Any]) -> Player:
    return play_call(told, service.account, service.clock)


def test_with_redis_dead_a_call_goes_as_ever_and_its_events_wait_on_disk(published: dict[str, str]) -> None:
    with running(published | {"REDIS_URL": f"redis://{dead()}/0"}) as service:
        call(service, VISIT)
        spooled = list((service.settings.var_dir / "events").glob("*.lines"))
        assert sum(len(path.read_text().splitlines()) for path in spooled) >= 6


def test_spooled_events_reach_the_stream_once_redis_is_back(
    published: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(published | {"REDIS_URL": f"redis://{dead()}/0"}) as service:
        call(service, VISIT)
    with (
        redis_running(tmp_path_factory.mktemp("redis")) as (url, _),
        Redis.from_url(url) as redis,
        running(published | {"REDIS_URL": url}) as service,
    ):
        until(lambda: redis.xlen(STREAM) >= 6)
        until(lambda: not list((service.settings.var_dir / "events").glob("*.lines")))


def test_with_sql_dead_the_book_on_disk_routes_and_the_promise_is_kept_on_disk(
    published: dict[str, str],
) -> None:
    with running(published | {"DATABASE_URL": f"postgresql://nobody@{dead()}/none"}) as service:
        call(service, VISIT)
        began = time.monotonic()
        call(service, EVERYONE_BUSY)
        assert time.monotonic() - began < 10
        assert any(
            path.stat().st_size
            for path in (service.settings.var_dir / "bookings").rglob("*")
            if path.is_file()
        )


def test_with_both_dead_and_no_book_at_all_the_national_desk_rings(
    env: dict[str, str], tmp_path: Path
) -> None:
    stripped = env | {
        "REDIS_URL": f"redis://{dead()}/0",
        "DATABASE_URL": f"postgresql://nobody@{dead()}/none",
    }
    with running(stripped | {"VAR_DIR": str(tmp_path / "empty")}) as service:
        call(service, {**VISIT, "steps": [{"press": "0"}], "ends": {"bridged": NATIONAL}})
        # No menu either, that could promise a call-back in the place of a visit.
        call(service, {**VISIT, "steps": [{"press": "31500"}], "ends": {"bridged": NATIONAL}})


def test_a_frozen_redis_costs_a_call_a_quarter_second_and_not_a_minute(
    published: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        redis_running(tmp_path_factory.mktemp("redis")) as (url, process),
        running(published | {"REDIS_URL": url}) as service,
    ):
        call(service, VISIT)
        os.kill(process.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            call(service, VISIT)
            # One wait of 250 ms, then the breaker answers at once for two seconds.
            assert time.monotonic() - began < 2.5
        finally:
            os.kill(process.pid, signal.SIGCONT)


class Faulty:
    """Effects that break in the handler named, as a fault of ours would."""

    def __init__(self, sound: Effects, broken: str) -> None:
        self._sound, self._broken = sound, broken

    def open_callback(self, caller: str | None, now: datetime) -> OpenCallback | None:
        if self._broken == "incoming":
            raise RuntimeError("a fault of ours")
        return self._sound.open_callback(caller, now)

    def carry_out(self, turn: Turn, world: World) -> Turn:
        if self._broken == "step":
            raise RuntimeError("a fault of ours")
        return self._sound.carry_out(turn, world)


@contextmanager
def faulty(env: dict[str, str], broken: str) -> Iterator[Service]:
    with running(env) as service:
        line = service.app.extensions["line"]
        service.app.extensions["line"] = replace(line, effects=Faulty(line.effects, broken))
        yield service


@pytest.mark.parametrize("broken", ["incoming", "step"])
def test_whatever_a_handler_raises_the_caller_is_put_through(published: dict[str, str], broken: str) -> None:
    with faulty(published, broken) as service:
        steps = [{"press": "67000"}] if broken == "step" else []
        ends = {"bridged": TOULOUSE, "hears": ["composez le 15"]}
        call(service, {"from": "+33561000000", "steps": steps, "ends": ends})


def test_when_the_desk_rung_in_a_rescue_is_busy_the_next_one_rings(published: dict[str, str]) -> None:
    """The handlers stay broken: the end of the rescue's own ring comes back to a broken step."""
    with faulty(published, "step") as service:
        told = {
            "from": "+33561000000",
            "lines": {TOULOUSE: "busy"},
            "steps": [{"silence": True}, {"silence": True}],
            "ends": {"bridged": PAU},
        }
        call(service, told)


def test_the_fallback_knows_the_place_from_the_url_that_failed(published: dict[str, str]) -> None:
    """The step's webhook answers nothing usable; the carrier asks the fallback with that URL."""
    with running(published) as service:
        sound = service.app.wsgi_app

        def garble(environ: dict[str, Any], start: Any) -> Any:
            broken = environ["PATH_INFO"] == "/voice/step" and environ["QUERY_STRING"]
            return Response("not a document of calls")(environ, start) if broken else sound(environ, start)

        service.app.wsgi_app = garble  # type: ignore[method-assign] # Flask's own way

        told = {
            "from": "+33639980001",
            "steps": [{"press": "31500"}],
            "ends": {"bridged": NATIONAL, "hears": ["composez le 15"]},
        }
        call(service, told)


def test_a_repeated_webhook_says_the_same_and_counts_once(
    published: dict[str, str], redis_client: Redis
) -> None:
    with running(published) as service:
        client = service.app.test_client()
        first = post(client, service, "/voice/incoming", CallSid="CA" + "1" * 32, From="+33561000000")
        again = post(client, service, "/voice/incoming", CallSid="CA" + "1" * 32, From="+33561000000")
        assert first.status_code == again.status_code == 200
        until(lambda: bool(redis_client.xlen(STREAM) >= 2))
        ids = [fields[b"e"].split(b'"id":"')[1].split(b'"')[0] for _, fields in redis_client.xrange(STREAM)]
        assert len(ids) == 2
        assert len(set(ids)) == 1


def test_a_deploy_in_mid_call_is_harmless(published: dict[str, str]) -> None:
    """A second process, started later, goes on with a call that the first one began."""
    with running(published) as first:
        reply = post(first.app.test_client(), first, "/voice/incoming", CallSid="CA" + "2" * 32, From="")
        action = fields_of(reply.text)[-1]
    with running(published) as second:
        path = action.removeprefix(second.settings.public_url)
        reply = post(second.app.test_client(), second, path, CallSid="CA" + "2" * 32, Digits="31500")
        assert "une visite à domicile" in reply.text


def test_sql_rows_survive_and_are_one(published: dict[str, str], redis_client: Redis) -> None:
    with running(published) as service:
        call(service, EVERYONE_BUSY)
        with stores.engine(service.settings).begin() as connection:
            rows = connection.execute(text("SELECT state, number_sealed FROM callbacks")).all()
    assert len(rows) == 1
    assert "33639980001" not in rows[0].number_sealed
    jobs = redis_client.keys("rq:job:*")
    assert len(jobs) == 1
    assert not any(b"639980001" in (redis_client.dump(key) or b"") for key in redis_client.keys("*"))
