"""The process that forgets nothing: `python -m workers.clock`. Without Redis it dials by itself."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from redis import Redis, RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import logs
from config.settings import Settings, SettingsRefused
from config.stores import engine, voice_redis
from routing import store, untold
from routing.book import LiveBook
from routing.draft_publishing import publish_due
from routing.geography.places import Places
from workers import queue, synthetic_calls
from workers.beats import Beats
from workers.callbacks.dialling import Dialler
from workers.synthetic import place_call
from workers.worker import live_book, parts

EVERY = 3.0  # seconds; back to ringing what is due within ten after everything was killed
STARTING = 4  # tries of the first synthetic call
AFTER_START = 20  # seconds: the other processes of a deployment start at the same time
HEARTBEAT = "3624:clock:heartbeat"
log = structlog.get_logger(__name__)


def main() -> None:
    """Wire the process from its environment, then sweep until told to stop."""
    try:
        settings = Settings.of_process()
    except SettingsRefused as refused:
        sys.exit(str(refused))
    logs.configure(settings)
    redis = voice_redis(settings)
    sql = engine(settings)
    places = Places.load()
    book = live_book(settings, sql, places)
    made = parts(settings, sql, places, book)
    sweeper = made.sweeper(bell_or_dial(made.dialler, queue.sweeping_bell(redis)))

    def publish_rules() -> None:
        publish_due(sql, lambda: places)
        untold.tell_due(sql, lambda: store.current(sql))

    stop = stop_on_signals()
    Beats(redis, sql, "clock").keep(lambda: {"book": book.current.version})
    if settings.synthetic_call_every:
        calling = threading.Thread(
            target=call_ourselves, args=(settings, sql, book, places, stop), name="synthetic", daemon=True
        )
        calling.start()
    run([*sweeper.steps(), publish_rules, lambda: beat(redis)], stop)


def run(steps: Sequence[Callable[[], object]], stop: threading.Event, every: float = EVERY) -> None:
    """Every step, every few seconds; one that fails is logged and the others go on."""
    while not stop.is_set():
        for step in steps:
            try:
                step()
            except Exception as fault:
                # Whatever it was, the next round tries again: the clock may not stop.
                log.warning("sweep_failed", step=_name(step), fault=type(fault).__name__)
        stop.wait(every)


def bell_or_dial(dialler: Dialler, ring: Callable[[str], None]) -> Callable[[str], None]:
    """Rings RQ; where Redis is away, dials here, at this process's own pace."""

    def bell(callback_id: str) -> None:
        try:
            ring(callback_id)
        except (RedisError, OSError):
            dialler.place_next()

    return bell


def call_ourselves(
    settings: Settings, sql: Engine, book: LiveBook, places: Places, stop: threading.Event
) -> None:
    """A synthetic call soon after the start, which is how a deployment ends, then one every few minutes."""
    every = settings.synthetic_call_every
    pause, why, patience = min(AFTER_START, every), "start", STARTING
    while not stop.wait(pause):
        done = place_call(settings, book.current, places, why, int(time.time() // every))
        patience -= 1
        if why == "start" and not done.ok and patience:
            continue  # the web processes may still be starting
        try:
            synthetic_calls.keep(sql, done)
        except SQLAlchemyError as fault:
            log.warning("synthetic_call_not_kept", fault=type(fault).__name__)
        pause, why = every, "clock"


def beat(redis: Redis) -> None:
    """Tell that the clock goes."""
    redis.set(HEARTBEAT, "1", ex=30)


def stop_on_signals(patience: int = queue.TO_END) -> threading.Event:
    """Set when the process is asked to end.

    What then still waits for a frozen store or carrier the kernel ends after `patience` seconds: a kill harms
    nothing, a process that stays does.
    """
    stop = threading.Event()

    def asked(_number: int, _frame: object) -> None:
        signal.alarm(patience)
        stop.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, asked)
    return stop


def _name(step: Callable[[], object]) -> str:
    return getattr(step, "__name__", "step")


if __name__ == "__main__":
    main()
