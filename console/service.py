"""The state of the running service: processes, stores, spools, disk, backups, the last test call."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from redis import Redis, RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from config import stores
from config.settings import Settings
from config.stores import reading
from console.backups import restoring
from console.findings import Finding
from console.french import lasting, moment
from routing import store
from workers import queue, synthetic_calls
from workers.beats import EXPECTED, FRESH, Beat, heard
from workers.records.conditions import BACKLOG
from workers.records.events import STREAM

SLOW_SQL = 0.1  # seconds for the simplest question
LEAST_FREE = 0.1  # of the disk
SPOOL_STUCK = timedelta(minutes=1)
BACKUP_OLD = timedelta(hours=26)
DRILL_OLD = timedelta(days=35)


def looked_at(settings: Settings, engine: Engine, redis: Redis, now: datetime) -> Iterator[Finding]:
    """Everything in turn; what raises is broken, and the rest is still looked at."""
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Processus", lambda: _processes(redis, engine, now)),
        ("Appel d'essai", lambda: _synthetic(settings, engine, now)),
        ("Redis", lambda: redis_fit(redis)),
        ("Files d'attente", lambda: _queues(redis)),
        ("Base de données", lambda: _sql(engine)),
        ("Disque", lambda: _disk(settings)),
        ("Attente sur disque", lambda: _spools(settings, now)),
        ("Sauvegarde", lambda: _backups(engine, now)),
    ]
    for name, look in looks:
        try:
            yield from look()
        except (SQLAlchemyError, RedisError, OSError) as fault:
            repair = next(words for kind, words in _REPAIRS.items() if isinstance(fault, kind))
            yield Finding(name, "broken", f"ne répond pas ({type(fault).__name__})", repair)


_REPAIRS: dict[type[Exception], str] = {
    SQLAlchemyError: "vérifiez DATABASE_URL et que le serveur est démarré",
    RedisError: "vérifiez REDIS_URL et que Redis est démarré",
    OSError: "vérifiez que VAR_DIR peut être lu et écrit",
}


def _processes(redis: Redis, engine: Engine, now: datetime) -> Iterator[Finding]:
    found, in_force = heard(redis, engine, now), store.current_version(engine)
    for process in EXPECTED:
        yield _process(process, [one for one in found if one.process == process], in_force, now)


def _process(name: str, beats: list[Beat], in_force: int, now: datetime) -> Finding:
    said = f"Processus « {name} »"
    alive = [one for one in beats if now - one.at <= FRESH]
    if not alive:
        last = f"plus de nouvelles depuis {lasting(now - beats[-1].at)}" if beats else "aucune nouvelle"
        return Finding(said, "broken", last, f"démarrez « {name} » (voir Procfile)")
    count = f"{len(alive)} en marche, vu{'s' if len(alive) > 1 else ''} il y a {lasting(_oldest(alive, now))}"
    held = {int(one.told["book"]) for one in alive if "book" in one.told}
    if held - {in_force}:
        late = ", ".join(f"n° {version}" for version in sorted(held - {in_force}))
        repair = f"si cela dure plus d'une minute, redémarrez « {name} »"
        return Finding(
            said, "warning", f"{count} ; tient les règles {late}, n° {in_force} en vigueur", repair
        )
    if any(one.told.get("redis") == "down" for one in alive):
        return Finding(said, "warning", f"{count} ; se passe de Redis", "redémarrez Redis")
    return Finding(said, "ok", count + (f", règles n° {in_force}" if held else ""))


def _oldest(beats: list[Beat], now: datetime) -> timedelta:
    return max(now - one.at for one in beats)


def _synthetic(settings: Settings, engine: Engine, now: datetime) -> Iterator[Finding]:
    name, found = "Appel d'essai", synthetic_calls.latest(engine)
    if not settings.synthetic_call_every:
        yield Finding(name, "warning", "jamais : SYNTHETIC_CALL_EVERY vaut 0", "réglez-le à 300")
        return
    if not found:
        yield Finding(
            name, "warning", "aucun n'a encore été placé", "démarrez « clock », ou sos3624 synthetic"
        )
        return
    (last,) = found
    said = f"il y a {lasting(now - last.at)}, {last.total_ms} ms. {last.said}"
    late = now - last.at > timedelta(seconds=3 * settings.synthetic_call_every + 60)
    if not last.ok:
        yield Finding(name, "broken", said, "lancez sos3624 synthetic, qui dit à quelle étape, puis doctor")
    elif late:
        yield Finding(name, "warning", said, "démarrez « clock » (voir Procfile)")
    else:
        yield Finding(name, "ok", said)


def redis_fit(redis: Redis) -> Iterator[Finding]:
    """Whether Redis may hold jobs."""
    problems = stores.check_redis(redis)
    for problem in problems:
        said, _, repair = problem.partition(" : ")
        yield Finding("Redis", "broken", said, repair)
    if not problems:
        yield Finding("Redis", "ok", "noeviction, fichier d'ajout")


def _queues(redis: Redis) -> Iterator[Finding]:
    events, jobs = int(redis.xlen(STREAM)), queue.waiting(redis)
    said = f"{events} événements à compter, {jobs} rappels à sonner"
    if events > BACKLOG:
        yield Finding("Files d'attente", "warning", said, "vérifiez que « ledger » tourne")
    else:
        yield Finding("Files d'attente", "ok", said)


def _sql(engine: Engine) -> Iterator[Finding]:
    began = time.perf_counter()
    with reading(engine).connect() as connection:
        connection.execute(text("SELECT 1"))
    took = time.perf_counter() - began
    said = f"répond en {took * 1000:.0f} ms"
    if took > SLOW_SQL:
        yield Finding("Base de données", "warning", said, "regardez la charge de la base et de son disque")
    else:
        yield Finding("Base de données", "ok", said)


def _disk(settings: Settings) -> Iterator[Finding]:
    usage = shutil.disk_usage(settings.var_dir)
    free = usage.free / usage.total
    said = f"{usage.free / 1e9:.0f} Go libres ({free:.0%})".replace("%", "\u00a0%")
    if free < LEAST_FREE:
        yield Finding("Disque", "warning", said, "faites de la place sur le disque de VAR_DIR")
    else:
        yield Finding("Disque", "ok", said)


def _spools(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Events and bookings that wait for Redis or SQL; they do not get lost, but nobody counts them."""
    for folder, what in (("events", "événements"), ("bookings", "rappels promis")):
        files = [path for path in (settings.var_dir / folder).glob("*") if _weighs(path)]
        if not files:
            yield Finding(f"Attente sur disque ({what})", "ok", "rien")
            continue
        oldest = now - datetime.fromtimestamp(min(path.stat().st_mtime for path in files), now.tzinfo)
        said = f"{sum(path.stat().st_size for path in files)} octets depuis {lasting(oldest)}"
        stuck = oldest > SPOOL_STUCK
        repair = "vérifiez Redis, la base, « web » et « ledger »" if stuck else ""
        yield Finding(f"Attente sur disque ({what})", "warning" if stuck else "ok", said, repair)


def _weighs(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _backups(engine: Engine, now: datetime) -> Iterator[Finding]:
    nightly = "lancez sos3624 backup, chaque nuit (docs/operations.md)"
    monthly = "lancez sos3624 backup drill, chaque mois (docs/operations.md)"
    yield _kept("Sauvegarde", nightly, restoring.last(engine, "backup"), BACKUP_OLD, now)
    yield _kept("Exercice de restauration", monthly, restoring.last(engine, "drill"), DRILL_OLD, now)


def _kept(name: str, repair: str, last: restoring.Kept | None, old: timedelta, now: datetime) -> Finding:
    if last is None:
        return Finding(name, "warning", "jamais", repair)
    said = f"{moment(last.at)}, {last.said}"
    if not last.ok:
        return Finding(name, "broken", said, f"réparez, puis {repair}")
    return Finding(name, "warning", said, repair) if now - last.at > old else Finding(name, "ok", said)
