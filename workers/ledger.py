"""The process that counts: `python -m workers.ledger`. Events become records; the live picture follows."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from config import logs
from config.settings import Settings, SettingsRefused
from config.stores import engine, worker_redis
from workers.clock import stop_on_signals
from workers.records import gauges, watch
from workers.records.intake import Intake
from workers.records.ledger import Ledger, Taken
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool

PAUSE = 0.5  # seconds after a fault of Redis or SQL
DRAIN_EVERY = 2.0
log = structlog.get_logger(__name__)


def main() -> None:
    """Wire the process from its environment, then count until told to stop."""
    try:
        settings = Settings.of_process()
    except SettingsRefused as refused:
        sys.exit(str(refused))
    logs.configure(settings)
    stop = stop_on_signals()
    sql = engine(settings)
    book = Ledger(sql, MonthKeys(settings.secret_keys))
    book.warm()
    intake = Intake(worker_redis(settings), book, Spool(settings.var_dir / "events", "events"))
    threads = [
        threading.Thread(target=beside, args=(work, every, stop), name=name, daemon=True)
        for name, work, every in watch.duties(settings, sql, intake)
    ]
    for thread in threads:
        thread.start()
    run(intake, stop)
    for thread in threads:
        thread.join(2)


def run(intake: Intake, stop: threading.Event) -> None:
    """Count batch after batch; after a fault, again from what was not acknowledged."""
    drained = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() - drained > DRAIN_EVERY:
                drained = time.monotonic()
                intake.drain()
            gauges.counted(intake.take() or Taken())
        except (RedisError, SQLAlchemyError, OSError) as fault:
            log.warning("ledger_waits", fault=type(fault).__name__)
            intake.again()
            stop.wait(PAUSE)


def beside(work: Callable[[datetime], object], every: float, stop: threading.Event) -> None:
    """One duty beside the counting, every so often; what it raises is logged, and it goes on."""
    while not stop.wait(every):
        try:
            work(datetime.now(UTC))
        except Exception as fault:
            log.warning("duty_failed", duty=threading.current_thread().name, fault=type(fault).__name__)


if __name__ == "__main__":
    main()
