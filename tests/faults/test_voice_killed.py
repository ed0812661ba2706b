"""A voice process killed at any instant, a Redis that stands still: what was answered is counted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select

from config import migrate, stores
from config.settings import Settings
from routing import store
from simulator.signature import sign
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, redis_running, until
from workers.records.events import STREAM, read
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.tables import journals

pytestmark = pytest.mark.servers


class Callers:
    """Callers who ring without a pause, from several threads, and what they were answered."""

    def __init__(self, settings: Settings, threads: int = 3) -> None:
        self._settings, self._stop = settings, threading.Event()
        self.answered: list[str] = []
        self._threads = [threading.Thread(target=self._ring, args=(n,)) for n in range(threads)]

    @contextmanager
    def ringing(self) -> Iterator[Callers]:
        """Ring until the block ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def _ring(self, of: int) -> None:
        number = 0
        line = HTTPConnection("127.0.0.1", self._settings.port, timeout=5)
        while not self._stop.is_set():
            number += 1
            sid = f"CA{of:04x}{number:028x}"
            fields = {"CallSid": sid, "AccountSid": ACCOUNT_SID, "From": "+33639980001"}
            signature = sign(self._settings.public_url + "/voice/incoming", fields, AUTH_TOKEN)
            headers = {
                "X-Twilio-Signature": signature,
                "Content-Type": "application/x-www-form-urlencoded",
            }
            try:
                line.request("POST", "/voice/incoming", urllib.parse.urlencode(fields), headers)
                reply = line.getresponse()
                reply.read()
            except (OSError, HTTPException):
                line.close()  # its process was killed: the carrier rings the fallback, which is another test
                continue
            assert reply.status == 200
            self.answered.append(sid)
        line.close()


@contextmanager
def voice(env: dict[str, str]) -> Iterator[int]:
    """The service as the Procfile starts it; yields the process whose children answer."""
    options = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "8", "--respawn-failed-workers"]
    line = [*options, "--respawn-interval", "0.1", "--log-level", "critical", "--factory"]
    command = [sys.executable, "-m", "granian", *line, "--port", env["PORT"], "voice.app:from_environment"]
    process = subprocess.Popen(command, env=os.environ | env | {"LOG_LEVEL": "error"}, start_new_session=True)
    try:
        until(lambda: _listens(int(env["PORT"])), 30)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listens(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/health/live")
        return line.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def workers_of(main: int) -> list[int]:
    """The processes that answer."""
    return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]


def prepared(env: dict[str, str]) -> Settings:
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    store.ensure_demo(stores.engine(settings))
    return settings


def counted(settings: Settings, redis: Redis) -> list[str]:
    """The ids of all events the ledger holds, after the stream and every spool were taken in."""
    sql = stores.engine(settings)
    spool = Spool(settings.var_dir / "events", "events")
    intake = Intake(redis, Ledger(sql, MonthKeys((SECRET_KEYS,))), spool)
    until(lambda: intake.drain() >= 0 and not spool.size())  # the killed ones let their files go one by one
    while intake.waiting():
        intake.take(10)
    with sql.begin() as connection:
        told = [
            line for row in connection.execute(select(journals.c.events)) for line in row.events.split("\n")
        ]
    sql.dispose()
    return [read(line).id for line in told]


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
def test_no_event_of_an_answered_webhook_is_lost_when_its_process_is_killed(
    env: dict[str, str], redis_client: Redis, kills: int
) -> None:
    settings, draw = prepared(env), random.Random(3624)
    with voice(env) as main, Callers(settings).ringing() as callers:
        for _ in range(kills):
            heard = len(callers.answered)
            until(lambda: len(callers.answered) > heard + 50, 30)  # noqa: B023 - asked at once
            time.sleep(draw.random() / 5)
            children = workers_of(main)
            if children:  # the elder: granian itself ends when one dies twice running within 5.5 s
                os.kill(min(children), signal.SIGKILL)
    ids = counted(settings, redis_client)
    assert len(callers.answered) > 50 * kills
    assert {f"{sid}:0:0" for sid in callers.answered} - set(ids) == set()
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.soak)])
def test_what_was_told_while_redis_stood_still_is_counted_once(
    env: dict[str, str], tmp_path_factory: pytest.TempPathFactory, seconds: int
) -> None:
    with redis_running(tmp_path_factory.mktemp("redis")) as (url, server), Redis.from_url(url) as redis:
        env = env | {"REDIS_URL": url}
        settings = prepared(env)
        with voice(env):
            with Callers(settings).ringing() as callers:
                until(lambda: len(callers.answered) > 50, 30)
                os.kill(server.pid, signal.SIGSTOP)
                heard = len(callers.answered)
                time.sleep(seconds)
                meanwhile = len(callers.answered) - heard
                os.kill(server.pid, signal.SIGCONT)
                assert meanwhile > 20 * seconds  # nobody waited for it
            spool = Spool(settings.var_dir / "events", "events")
            until(lambda: not spool.size(), 15)
            assert redis.xlen(STREAM) >= len(callers.answered)
        ids = counted(settings, redis)
    assert sorted(ids) == sorted(f"{sid}:0:0" for sid in callers.answered)
