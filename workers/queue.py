"""RQ, the bell: jobs carry an opaque id, SQL is the truth, and losing or doubling a job harms nothing.

Measured (docs/callbacks.md): RQ alone neither never loses nor never doubles. So: one queue a worker (on two,
a worker killed after the pop loses the job), JSON instead of pickle, no `Retry` for a busy patient, no RQ
scheduler. Jobs run in the worker itself: they are short, and a killed parent leaves no orphan behind.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

QUEUE = "callbacks"
RING = "workers.jobs.ring"  # a wire format: jobs under this name lie in Redis
JOB_TIMEOUT = 30  # seconds; the wait for a turn, and a POST
KEPT = 3600  # seconds a failed job can be looked at
TO_END = 7  # seconds to end by oneself once asked; a supervisor's own are eight
WORKER_TTL = 20  # seconds; the defaults look at dead workers' jobs after 13 minutes


def bell(redis: Redis) -> Callable[[str], None]:
    """What rings for a call-back just booked: one job under its id, however often it is rung."""
    queue = _queue(redis)

    def ring(callback_id: str) -> None:
        _enqueue(queue, callback_id, callback_id)

    return ring


def sweeping_bell(
    redis: Redis, every: float = 10.0, clock: Callable[[], float] = time.time
) -> Callable[[str], None]:
    """What the sweeper rings. The id turns with time: a job that died with its worker stays in Redis under

    its id, and must not keep its call-back silent.
    """
    queue = _queue(redis)

    def ring(callback_id: str) -> None:
        _enqueue(queue, callback_id, f"{callback_id}-{int(clock() // every)}")

    return ring


def waiting(redis: Redis) -> int:
    """How many jobs nobody has taken."""
    return int(_queue(redis).count)


def work(redis: Redis) -> bool:
    """Run jobs until told to stop (True) or until Redis is lost (False, or its exception)."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    worker = HardenedWorker(
        [_queue(redis)],
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=5,
        job_monitoring_interval=5,
        log_job_description=False,
    )
    try:
        worker.work(with_scheduler=False, logging_level="WARNING")
    except (RedisError, OSError):
        if worker._shutdown_requested_date is None:
            raise  # else told to stop as Redis went: it could not be told of the worker's end
    finally:
        if worker.end is not None:
            worker.end.cancel()
        for number, handler in handlers.items():
            signal.signal(number, handler)  # RQ leaves its own, which mean a worker that is no more
    # An idle worker leaves by an exception, and only the date tells that it was asked to stop.
    return worker._shutdown_requested_date is not None


class HardenedWorker(SimpleWorker):
    """Finds the jobs of dead workers after seconds instead of minutes, and stops whenever it is asked.

    RQ asks by an exception raised wherever the signal found it. A log handler or the end of a job may swallow
    it, and nothing would ask again: so it is also remembered, and looked at before each wait for a job.
    What still waits for a frozen Redis `to_end` seconds later ends there: a kill harms nothing.
    """

    to_end: float = TO_END
    end: threading.Timer | None = None
    max_connection_wait_time = 2.0  # seconds between two looks for a lost Redis; RQ's own grow to a minute

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """See RQ; the request stays when the exception it raises is lost."""
        self._stop_requested = True
        self.end = threading.Timer(self.to_end, os._exit, (0,))
        self.end.daemon = True
        self.end.start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call] # RQ has no types

    def set_shutdown_requested_date(self) -> None:
        """RQ would tell Redis from within the signal, amid a job: it may be gone, or frozen."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """See RQ: told before each look for a job, and after each job."""
        if self._stop_requested and self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        super().heartbeat(timeout, pipeline)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """RQ adds a minute to this; a job here ends within its timeout or with its worker."""
        del working_time
        return int(job.timeout or JOB_TIMEOUT) + 10


def _queue(redis: Redis) -> Queue:
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def _enqueue(queue: Queue, callback_id: str, job_id: str) -> None:
    try:
        queue.enqueue(
            RING,
            callback_id,
            job_id=job_id,
            unique=True,
            job_timeout=JOB_TIMEOUT,
            result_ttl=0,
            failure_ttl=KEPT,
        )
    except DuplicateJobError:
        return  # it has been rung already
