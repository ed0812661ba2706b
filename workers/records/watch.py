"""What the ledger's process does beside counting: live picture, carrier's list, alerts, purges."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime

import structlog
from redis import Redis
from sqlalchemy import Engine, func, select

from config.settings import Settings
from config.stores import reading, voice_redis
from routing import recordings
from workers import synthetic_calls
from workers.beats import Beats
from workers.callbacks.telephony import TwilioCarrier
from workers.callbacks.vault import Vault
from workers.records import chosen, conditions, gauges, live, retention
from workers.records.alerts import Alerts
from workers.records.heralds import Herald, Routes
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.meters import Meters
from workers.records.monthkeys import MonthKeys
from workers.records.reconciler import Reconciler
from workers.records.reminders import closures_ending, closures_in_emergency
from workers.records.spool import Spool
from workers.records.tables import forecasts

Duty = tuple[str, Callable[[datetime], object], float]
PATIENCE = 10.0  # seconds with the carrier's REST API; nobody is waiting
FORECAST_EVERY = 20 * 3600  # seconds since the last one: about once a day, at any start
log = structlog.get_logger(__name__)


def duties(settings: Settings, sql: Engine, intake: Intake) -> tuple[Duty, ...]:
    """(name, work, seconds between two), each for a thread of its own."""
    redis = voice_redis(settings)
    keys = MonthKeys(settings.secret_keys)
    lists, messages = (TwilioCarrier(settings, PATIENCE) for _ in range(2))  # not meant for threads: one each
    reconciler = Reconciler(sql, lists, Ledger(sql, keys), Vault.of(settings.secret_keys))
    meters = Meters(settings.var_dir / "metrics", "ledger")
    beats = Beats(redis, sql, "ledger")
    watchman = _watchman(settings, sql, intake, redis, messages)

    def tell(now: datetime) -> None:
        with reading(sql).begin() as connection:
            live.tell(redis, live.picture(connection, now))

    def mend(now: datetime) -> None:
        with reading(sql).begin() as connection:
            live.mend(connection, redis, now)

    def measure(now: datetime) -> None:
        gauges.look(sql, redis, intake, now)
        meters.leave(gauges.REGISTRY)
        beats.beat()

    def reconcile(now: datetime) -> None:
        reconciler.end_silent_calls(now)
        reconciler.find_lost_callers(now)
        reconciler.forget_old(now)

    return (
        ("live", tell, 1.0),
        ("load", mend, 2.0),
        ("meters", measure, 5.0),
        ("reconcile", reconcile, 60.0),
        ("alerts", watchman.round, 15.0),
        ("purge", lambda now: _purge(sql, keys, now), 3600.0),
        ("forecast", lambda now: _forecast(sql, now), 600.0),
    )


def _watchman(
    settings: Settings, sql: Engine, intake: Intake, redis: Redis, messages: TwilioCarrier
) -> Alerts:
    spool = Spool(settings.var_dir / "events", "events")
    return Alerts(
        sql,
        Routes(settings.secret_keys),
        Herald(settings, messages).send,
        lambda now: conditions.outside(redis, intake.waiting, spool, now.timestamp()),
        (
            lambda now: closures_ending(sql, now),
            lambda now: closures_in_emergency(sql, now),
            lambda now: synthetic_calls.failing(sql, now),
        ),
    )


def _purge(sql: Engine, keys: MonthKeys, now: datetime) -> None:
    with reading(sql).begin() as connection:
        kept = chosen.retention(connection)
    retention.purge(sql, keys, now, kept)
    recordings.forget(sql)


def _forecast(sql: Engine, now: datetime) -> None:
    """In a process of its own: its library weighs more than the whole ledger."""
    with reading(sql).begin() as connection:
        made_at = connection.scalar(select(func.max(forecasts.c.made_at)))
    if made_at is None or (now - made_at).total_seconds() > FORECAST_EVERY:
        subprocess.run([sys.executable, "-m", "workers.records.forecast"], check=True, timeout=600)
