"""The bell: one job a call-back, opaque, safe to lose or to double; and the two processes that hear it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import redis_running, until
from workers import clock, jobs, queue
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
