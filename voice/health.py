"""Whether this process may take calls, and figures about it for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from redis import Redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from config.patience import Breaker
from config.settings import Settings
from config.stores import reading
from routing.book import LiveBook
from workers.records.events import EventLog
from workers.records.meters import Meters

bp = Blueprint("health", __name__)

REGISTRY = CollectorRegistry()
WEBHOOKS = Counter("sos3624_webhooks_total", "Voice webhooks answered", ["path", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "sos3624_webhook_seconds",
    "Time to a document",
    ["path"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3),
    registry=REGISTRY,
)
BREAKER = Gauge("sos3624_redis_breaker_open", "1 while Redis is left alone", registry=REGISTRY)
SPOOL = Gauge("sos3624_spool_bytes", "Events waiting on disk", registry=REGISTRY)
BOOK = Gauge("sos3624_rulebook_version", "Number of the rule book in force here", registry=REGISTRY)
BOOK_AGE = Gauge("sos3624_rulebook_age_seconds", "Since it was last confirmed in force", registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class Health:
    """What readiness looks at."""

    settings: Settings
    sql: Engine
    redis: Redis
    breaker: Breaker
    book: LiveBook
    log: EventLog
    meters: Meters

    def leave_figures(self) -> None:
        """Put this process's figures beside the others': whoever is asked shows them all."""
        self.meters.leave(self.figures())

    def beat(self) -> dict[str, str | int | float]:
        """What this process tells of itself with each beat."""
        redis = "ok" if self.breaker.closed else "down"
        return {"book": self.book.current.version, "spool": self.log.spooled(), "redis": redis}

    def figures(self) -> CollectorRegistry:
        """This process's registry, its gauges set to what is true now."""
        book = self.book.state()
        BREAKER.set(0 if self.breaker.closed else 1)
        SPOOL.set(self.log.spooled())
        BOOK.set(book.version)
        BOOK_AGE.set(book.unconfirmed_seconds)
        return REGISTRY

    def states(self) -> dict[str, str]:
        """Each dependency and its state. Only the rule book decides: calls go on without the others."""
        return {
            "rulebook": f"version {self.book.current.version}",
            "sql": "ok" if self._sql_answers() else "down",
            "redis": "ok" if self.breaker.call(lambda: bool(self.redis.ping()), default=False) else "down",
            "spool": f"{self.log.spooled()} bytes",
        }

    def _sql_answers(self) -> bool:
        try:
            with reading(self.sql).begin() as connection:
                connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True


@bp.get("/health/live")
def live() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/health/ready")
def ready() -> Response:
    """A call can be taken; degraded means that it will know less, not that it will be refused."""
    health: Health = current_app.extensions["health"]
    states = health.states()
    status = "degraded" if "down" in states.values() else "ok"
    return jsonify(status=status, dependencies=states)


@bp.get("/metrics")
def metrics() -> Response:
    """Prometheus text of every process; no label holds anything of a person."""
    health: Health = current_app.extensions["health"]
    text_of_all = health.meters.all(health.figures())
    return Response(text_of_all, mimetype="text/plain; version=0.0.4")


def answered(path: str, status: int, seconds: float) -> None:
    """Count a webhook and its time."""
    count, time_taken = _of(path, status)
    count.inc()
    time_taken.observe(seconds)


@cache
def _of(path: str, status: int) -> tuple[Counter, Histogram]:
    """Looking a label up costs more than counting."""
    return WEBHOOKS.labels(path, status), SECONDS.labels(path)
