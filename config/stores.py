"""The SQL engine and the two Redis clients: one that never keeps a caller waiting, one that is patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import Redis, RedisError, Sentinel
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, create_engine, event, text

from config.patience import Breaker as Breaker
from config.settings import Settings


def engine(settings: Settings, *, patience_ms: int = 5000) -> Engine:
    """Return an engine that waits at most `patience_ms` for a lock, a statement or a free connection.

    A transaction is taken for a writing one (SQLite: `BEGIN IMMEDIATE`); see `reading` for the others.
    """
    if settings.database_url.startswith("sqlite"):
        return _sqlite(settings, patience_ms)
    return _postgresql(settings, patience_ms)


def reading(engine: Engine) -> Engine:
    """Return the same engine for transactions that only read: on SQLite they do not wait for the writer."""
    return engine.execution_options(reading=True)


def database_now(connection: Connection) -> datetime:
    """Return the database's clock, aware, UTC: the one clock that all processes and machines share."""
    if connection.dialect.name == "sqlite":
        said = connection.scalar(text("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"))
        return datetime.fromisoformat(str(said))
    said = connection.scalar(text("SELECT clock_timestamp()"))
    if not isinstance(said, datetime):
        message = f"the database's clock is no time: {said!r}"
        raise TypeError(message)
    return said.astimezone(UTC)


def voice_redis(settings: Settings) -> Redis:
    """Return the client for a call's path: 250 ms and no second try, since Twilio gives 15 s in all.

    The library's defaults hold a webhook for a minute when Redis is frozen, and repeat a command whose reply
    was lost (one INCR landed eleven times). Answers are bytes.
    """
    return _redis(settings, socket_timeout=0.25, socket_connect_timeout=0.15)


def worker_redis(settings: Settings) -> Redis:
    """Return the client for what goes on beside the call: 10 s, longer than RQ's pops under a 20 s worker.

    No second try here either: what is safe to repeat is known to the loop that asks, not to the client.
    """
    return _redis(
        settings, socket_timeout=10, socket_connect_timeout=5, socket_keepalive=True, health_check_interval=15
    )


def check_redis(redis: Redis) -> list[str]:
    """Return what makes this server unfit to hold jobs, in French with the repair; empty when it is fit."""
    try:
        info = dict(redis.info("memory")) | dict(redis.info("persistence"))
    except (RedisError, OSError) as fault:
        return [f"Redis ne répond pas ({type(fault).__name__}) : vérifiez REDIS_URL, démarrez le serveur."]
    problems = []
    policy = str(info.get("maxmemory_policy", "?"))
    if policy != "noeviction":
        problems.append(
            f"Redis oublie des données quand la mémoire manque (maxmemory-policy {policy}) : "
            "réglez « maxmemory-policy noeviction »."
        )
    if str(info.get("aof_enabled", "0")) != "1":
        problems.append(
            "Redis perd tout à l'arrêt brutal (aucun fichier d'ajout) : réglez « appendonly yes » et "
            "« appendfsync always »."
        )
    return problems


def _sqlite(settings: Settings, patience_ms: int) -> Engine:
    made = create_engine(
        settings.database_url,
        connect_args={"timeout": patience_ms / 1000, "check_same_thread": False},
        pool_timeout=patience_ms / 1000,
    )
    settings.var_dir.mkdir(parents=True, exist_ok=True)

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: `begin` below does
        # 16 MB: what a year's page sorts must not be written to a file first.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -16384",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that writes after reading cannot wait for another writer: it fails at once.
        deferred = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    return made


def _postgresql(settings: Settings, patience_ms: int) -> Engine:
    from config.postgresql import PatientConnection  # a tenth of a process' start where SQLite is used

    seconds = patience_ms / 1000
    options = f"-c statement_timeout={patience_ms} -c lock_timeout={patience_ms} -c timezone=UTC"
    made = create_engine(
        settings.database_url,
        pool_size=8,
        max_overflow=8,
        pool_timeout=seconds,
        # Where a caller waits, a frozen server would be waited for twice: the ping, then two seconds for the
        # connection that is to replace it. A breaker hears of the broken one instead.
        pool_pre_ping=seconds >= 1,
    )

    @event.listens_for(made, "do_connect")
    def connect(_dialect: Any, _record: object, _args: object, wanted: dict[str, Any]) -> PatientConnection:
        return PatientConnection.within(seconds, options=options, application_name="3624", **wanted)

    return made


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """What a `redis+sentinel://[user:password@]host:port,host:port/service[/db]` URL says."""

    hosts: tuple[tuple[str, int], ...]
    service: str
    db: int
    username: str | None
    password: str | None


def _redis(settings: Settings, **manners: Any) -> Redis:
    manners |= {"retry": Retry(NoBackoff(), 0), "client_name": "3624"}
    if not settings.redis_url.startswith("redis+sentinel://"):
        return Redis.from_url(settings.redis_url, **manners)
    address = sentinel_address(settings.redis_url)
    login = {"username": address.username, "password": address.password}
    watchers: Any = Sentinel
    client: Redis = watchers(
        list(address.hosts), sentinel_kwargs=manners | login, **manners | login
    ).master_for(address.service, db=address.db)
    return client


def sentinel_address(url: str) -> SentinelAddress:
    """Read a Sentinel URL; a host without a port is at 26379, without a base it is base 0."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    service, _, db = parts.path.strip("/").partition("/")
    named = [re.fullmatch(r"(\[.+\]|[^:]+)(?::(\d+))?", host) for host in hosts.split(",")]
    return SentinelAddress(
        hosts=tuple((found[1].strip("[]"), int(found[2] or 26379)) for found in named if found),
        service=service,
        db=int(db or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )
