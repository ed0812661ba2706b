"""What Prometheus is told of the calls: how many, where they stand, what waits. No label holds a person."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge
from redis import Redis, RedisError
from sqlalchemy import Engine, func, select

from config.stores import reading
from workers.queue import waiting as jobs_waiting
from workers.records import live, paris
from workers.records.intake import Intake
from workers.records.ledger import Taken
from workers.records.tables import alerts, rollups

REGISTRY = CollectorRegistry()
EVENTS = Counter("sos3624_events_counted", "Events folded into records", registry=REGISTRY)
REFUSED = Counter("sos3624_events_refused", "Events that could not be read", registry=REGISTRY)
CLOSED = Counter("sos3624_calls_closed", "Records written", registry=REGISTRY)
WAITING = Gauge("sos3624_events_waiting", "Events in the stream, not counted yet", registry=REGISTRY)
JOBS = Gauge("sos3624_jobs_waiting", "Call-back bells nobody has taken", registry=REGISTRY)
NOW = Gauge("sos3624_calls_now", "Calls by where they stand", ["stage"], registry=REGISTRY)
TODAY = Gauge("sos3624_calls_today", "Calls that began today, Paris time", ["outcome"], registry=REGISTRY)
QS60 = Gauge("sos3624_qs60_last_hour", "Taken within 60 s, of those judged", registry=REGISTRY)
LONGEST = Gauge("sos3624_longest_wait_seconds", "Of the callers who wait now", registry=REGISTRY)
DUE = Gauge("sos3624_callbacks_due", "Call-backs promised and open", registry=REGISTRY)
LATE = Gauge("sos3624_callbacks_late", "Of these, past the time told", registry=REGISTRY)
ALERTS = Gauge("sos3624_alerts_open", "Alerts by kind", ["kind"], registry=REGISTRY)


def counted(taken: Taken) -> None:
    """Note a batch."""
    EVENTS.inc(taken.events)
    REFUSED.inc(taken.refused)
    CLOSED.inc(taken.closed)


def look(sql: Engine, redis: Redis, intake: Intake, now: datetime) -> None:
    """Set every gauge from what is true now."""
    with reading(sql).begin() as connection:
        service = live.picture(connection, now).service
        table = rollups["rollup_day"]
        today = select(table.c.outcome, func.sum(table.c.calls)).where(table.c.day == paris.placed(now)[0])
        outcomes = connection.execute(today.group_by(table.c.outcome)).all()
        open_ones = select(alerts.c.kind, func.count()).where(alerts.c.closed_at.is_(None))
        kinds = connection.execute(open_ones.group_by(alerts.c.kind)).all()
    for stage in ("in_progress", "ringing", "waiting", "talking"):
        NOW.labels(stage).set(getattr(service, stage))
    LONGEST.set(service.longest_wait)
    QS60.set(service.qs60 if service.qs60 is not None else float("nan"))
    DUE.set(service.callbacks_due)
    LATE.set(service.callbacks_late)
    TODAY.clear()
    for outcome, count in outcomes:
        TODAY.labels(outcome).set(int(count))
    ALERTS.clear()
    for kind, count in kinds:
        ALERTS.labels(kind).set(count)
    try:
        WAITING.set(intake.waiting())
        JOBS.set(jobs_waiting(redis))
    except (RedisError, OSError):
        WAITING.set(float("nan"))
