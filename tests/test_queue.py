"""The bell: one job a call-back, opaque, safe to lose or to double; and the two processes that hear it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from redis import Redis
from sqlalchemy import Engine

from config.settings import Settings
from routing.model import Need
from tests.conftest import free_port, redis_running, until
from workers import clock, jobs, queue
from workers.callbacks.callback import Booking
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault
from workers.worker import refuse_unfit

ID = "7b0c5f6e-0000-5000-8000-000000000001"
ROOT = Path(__file__).parents[1]


def test_a_bell_rung_eleven_times_is_one_job(redis_client: Redis) -> None:
    bell = queue.bell(redis_client)
    for _ in range(11):
        bell(ID)
    assert queue.waiting(redis_client) == 1


def test_a_job_says_an_id_and_nothing_else_and_is_no_pickle(redis_client: Redis) -> None:
    queue.bell(redis_client)(ID)
    job = redis_client.hgetall(f"rq:job:{ID}")
    assert job[b"description"] == f"workers.jobs.ring('{ID}')".encode()

    assert json.loads(zlib.decompress(job[b"data"])) == ["workers.jobs.ring", None, [ID], {}]


def test_the_sweeper_rings_past_the_job_of_a_dead_worker(redis_client: Redis) -> None:
    now = [1000.0]
    bell = queue.sweeping_bell(redis_client, clock=lambda: now[0])
    bell(ID), bell(ID)
    assert queue.waiting(redis_client) == 1
    now[0] += 10
    bell(ID)
    assert queue.waiting(redis_client) == 2


def test_jobs_are_run_and_forgotten(redis_client: Redis) -> None:
    rung: list[str] = []
    jobs.wire(lambda: rung.append("x"))
    queue.bell(redis_client)(ID)
    worker = queue.HardenedWorker(
        [queue._queue(redis_client)], connection=redis_client, serializer=queue.JSONSerializer
    )
    worker.work(burst=True, logging_level="WARNING")
    assert rung == ["x"]
    assert not redis_client.exists(f"rq:job:{ID}")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--appendonly", "no"), "appendonly"),
        (("--maxmemory-policy", "allkeys-lru", "--maxmemory", "50mb"), "noeviction"),
    ],
)
def test_a_redis_that_may_forget_is_refused_with_the_repair(
    tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    refused = pytest.raises(SystemExit, match=word)
    with refused, redis_running(tmp_path, *options) as (url, _), Redis.from_url(url) as redis:
        refuse_unfit(redis)


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(tmp_path: Path) -> None:
    waited: list[float] = []
    with redis_running(tmp_path) as (url, server), Redis.from_url(url) as redis:
        server.send_signal(signal.SIGSTOP)
        resume = threading.Timer(0.3, lambda: server.send_signal(signal.SIGCONT))
        resume.start()
        refuse_unfit(redis, waited.append)
        resume.join()


class _Carrier(BaseHTTPRequestHandler):
    """Takes every call, and notes when."""

    called: ClassVar[list[float]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/Calls.json"):
            self.called.append(time.monotonic())
        body = b'{"sid": "CA1"}'
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("modules", [("workers.clock", "workers.worker"), ("workers.clock",)])
def test_what_is_due_is_rung_within_ten_seconds_of_a_start_from_nothing(
    env: dict[str, str], sqlite_engine: Engine, redis_client: Redis, modules: tuple[str, ...]
) -> None:
    """Redis has forgotten everything; in the second case it is not even there."""
    carrier = HTTPServer(("127.0.0.1", 0), _Carrier)
    threading.Thread(target=carrier.serve_forever, daemon=True).start()
    env |= {"TWILIO_API_URL": f"http://127.0.0.1:{carrier.server_port}"}
    if len(modules) == 1:
        env |= {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    now = datetime.now(UTC)
    store = Callbacks(sqlite_engine, Vault.of(Settings.from_env(env).secret_keys))
    store.book(Booking("CA1", "+33199000001", Need.ADVICE, now, now))
    _Carrier.called.clear()
    began = time.monotonic()
    started = [
        subprocess.Popen([sys.executable, "-m", one], env=os.environ | env, cwd=ROOT, stderr=subprocess.PIPE)
        for one in modules
    ]
    until(lambda: bool(_Carrier.called), 30)
    for process in started:
        process.kill()
        process.communicate()
    carrier.shutdown()
    carrier.server_close()
    assert _Carrier.called[0] - began < 10


def test_one_failing_step_does_not_stop_the_clock() -> None:
    done: list[str] = []
    stop = threading.Event()

    def fails() -> None:
        raise ConnectionError

    def last() -> None:
        done.append("x")
        stop.set()

    clock.run([fails, last], stop, every=0)
    assert done == ["x"]


@pytest.mark.parametrize(
    ("module", "seen"), [("workers.worker", "rq:workers"), ("workers.clock", clock.HEARTBEAT)]
)
def test_a_process_starts_and_stops_when_asked(
    env: dict[str, str], sqlite_engine: object, redis_client: Redis, module: str, seen: str
) -> None:
    del sqlite_engine
    started = subprocess.Popen(
        [sys.executable, "-m", module], env=os.environ | env, cwd=ROOT, stderr=subprocess.PIPE
    )
    until(lambda: bool(redis_client.exists(seen)), 30)
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(timeout=20)
    assert started.returncode == 0, said


WAITS = """
import os, signal, time
from workers.clock import stop_on_signals

stop_on_signals(patience=1)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)  # a store that is frozen
"""


def test_what_waits_for_a_frozen_store_is_ended_when_asked_to_stop() -> None:
    assert subprocess.run([sys.executable, "-c", WAITS], cwd=ROOT, timeout=30).returncode == -signal.SIGALRM


ASKED_WHILE_IT_LOGS = """
import logging, os, signal, sys, threading
from redis import Redis
from workers import queue

class Asked(logging.StreamHandler):
    def format(self, record):
        if threading.current_thread() is threading.main_thread():
            logging.getLogger("rq.worker").removeHandler(self)
            os.kill(os.getpid(), signal.SIGTERM)
        return super().format(record)

logging.getLogger("rq.worker").addHandler(Asked())
sys.exit(0 if queue.work(Redis.from_url(sys.argv[1])) else 3)
"""
PATIENT = """
import sys
from redis import Redis
from workers import queue

queue.HardenedWorker.to_end = 1
sys.exit(0 if queue.work(Redis.from_url(sys.argv[1], socket_timeout=30)) else 3)
"""


@contextmanager
def idle_worker(
    script: str, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """A worker that waits for a job, and the Redis it waits at."""
    with redis_running(folder) as (url, server), Redis.from_url(url) as redis:
        started = subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT)
        try:
            until(lambda: b"idle" in [redis.hget(one, "state") for one in redis.smembers("rq:workers")], 30)
            yield started, server
        finally:
            started.kill()
            started.wait()


def test_a_worker_asked_to_stop_while_it_logs_that_redis_went_stops(tmp_path: Path) -> None:
    with idle_worker(ASKED_WHILE_IT_LOGS, tmp_path) as (started, server):
        server.kill()
        server.wait()
        assert started.wait(timeout=10) == 0


def test_a_worker_asked_to_stop_while_redis_is_frozen_stops(tmp_path: Path) -> None:
    with idle_worker(PATIENT, tmp_path) as (started, server):
        server.send_signal(signal.SIGSTOP)
        started.send_signal(signal.SIGTERM)
        try:
            assert started.wait(timeout=10) == 0
        finally:
            server.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("alone", [0.0, 1.5])
def test_a_worker_whose_redis_went_first_still_stops_when_asked(
    env: dict[str, str], sqlite_engine: Engine, tmp_path: Path, alone: float
) -> None:
    del sqlite_engine
    with redis_running(tmp_path) as (url, server), Redis.from_url(url) as redis:
        told = os.environ | env | {"REDIS_URL": url}
        started = subprocess.Popen([sys.executable, "-m", "workers.worker"], env=told, cwd=ROOT)
        until(lambda: bool(redis.exists("rq:workers")), 30)
        server.kill()
        server.wait()
        time.sleep(alone)  # seconds in which it may have begun to wait for another
        started.send_signal(signal.SIGTERM)
        try:
            assert started.wait(timeout=20) == 0
        finally:
            started.kill()
            started.wait()
