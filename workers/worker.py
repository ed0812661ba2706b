"""The process that rings doctors: `python -m workers.worker`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

import structlog
from redis import Redis, RedisError
from sqlalchemy import Engine

from config import logs
from config.settings import Settings, SettingsRefused
from config.stores import check_redis, engine, voice_redis, worker_redis
from routing.book import LiveBook
from routing.geography.places import Places
from workers import jobs, queue
from workers.beats import Beats
from workers.callbacks.assembly import Parts, routes_of
from workers.callbacks.zones import zones_of

PATIENCE = 1.0  # seconds between two looks for a Redis that is away
log = structlog.get_logger(__name__)


def main() -> None:
    """Wire the process from its environment, then work until told to stop."""
    try:
        settings = Settings.of_process()
    except SettingsRefused as refused:
        sys.exit(str(refused))
    logs.configure(settings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # before RQ's own: it may still wait for Redis
    sql = engine(settings)
    places = Places.load()
    book = live_book(settings, sql, places)
    jobs.wire(parts(settings, sql, places, book).dialler.place_next)
    Beats(voice_redis(settings), sql, "worker").keep(lambda: {"book": book.current.version})
    run(worker_redis(settings))


def live_book(settings: Settings, sql: Engine, places: Places) -> LiveBook:
    """The rules of a process that dials, followed from now on."""
    return LiveBook(sql, settings.var_dir / "rulebook", places).start()


def parts(settings: Settings, sql: Engine, places: Places, book: LiveBook) -> Parts:
    """The call-backs of a process that dials."""
    return Parts.of(settings, sql, voice_redis(settings), routes_of(book), zones_of(places))


def run(redis: Redis, sleep: Callable[[float], None] = time.sleep) -> None:
    """Work; after each loss of Redis wait for it, look at it, and go on."""
    stopped = False
    while not stopped:
        refuse_unfit(redis, sleep)
        try:
            stopped = queue.work(redis)
        except (RedisError, OSError) as fault:
            log.warning("redis_lost", fault=type(fault).__name__)


def refuse_unfit(redis: Redis, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until Redis answers; exit with the repair in words when it may forget jobs."""
    while not _answers(redis):
        sleep(PATIENCE)
    problems = check_redis(redis)
    if problems and _answers(redis):
        sys.exit("Le worker refuse de démarrer.\n" + "\n".join(problems))


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False


if __name__ == "__main__":
    main()
