"""A backup back in its place, and the drill that shows it would go there: all is compared."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from redis import RedisError
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from config import journal, migrate, stores
from config.settings import Settings
from console.backups import archive, databases
from console.backups.archive import PARTS, Damaged, Manifest
from console.cli.readiness import answers
from console.cli.rulebook import database
from workers.beats import FRESH, heard
from workers.operations import backups as table


class NotRestored(Exception):
    """Nothing was changed; the message says why, in French, and what would be right."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup or a drill as it is remembered."""

    kind: str  # backup, drill
    at: datetime
    file: str
    bytes: int
    seconds: float
    ok: bool
    said: str


def restore(settings: Settings, path: Path, *, force: bool = False) -> Manifest:
    """Put everything back. Raises `NotRestored` or `Damaged` with nothing changed; `NotCopied` amid it."""
    running = _running(settings)
    if running:
        raise NotRestored(f"le service tourne ({', '.join(running)}) : arrêtez-le d'abord")
    if not force and _holds_something(settings):
        raise NotRestored("la base contient déjà des données : --force pour les remplacer")
    with archive.opened(settings, path) as (stage, manifest):
        kind = settings.database_url.partition(":")[0].partition("+")[0]
        if kind != manifest.database:
            raise NotRestored(f"la sauvegarde est de {manifest.database}, DATABASE_URL de {kind}")
        _put(settings, stage)
    found = databases.census(settings)
    if found != manifest.tables:
        raise Damaged(f"la base restaurée n'est pas la même : {_differing(found, manifest)}")
    migrate.upgrade(settings)
    _tell(settings, f"Tout est de nouveau comme le {manifest.made_at[:16].replace('T', ' à ')} UTC")
    return manifest


def drill(settings: Settings, path: Path | None) -> Kept:
    """Restore into a throwaway place, compare every table, throw it away. Never raises."""
    began, now = time.monotonic(), datetime.now(UTC)
    name, size = path.name if path else "", path.stat().st_size if path else 0
    try:
        with tempfile.TemporaryDirectory(prefix="3624-drill-") as place:
            if path is None:
                path, _ = archive.make(settings)
                name, size = path.name, path.stat().st_size
            said = _rehearsed(settings, path, Path(place))
        ok = True
    except (Damaged, NotRestored, databases.NotCopied, SQLAlchemyError, OSError) as fault:
        ok, said = False, str(fault) or type(fault).__name__
    return Kept("drill", now, name, size, time.monotonic() - began, ok, said)


def remember(engine: Engine, one: Kept) -> None:
    """Write it down, for « État du service »."""
    with engine.begin() as connection:
        row = {name: getattr(one, name) for name in Kept.__dataclass_fields__}
        connection.execute(insert(table).values(id=str(uuid4()), **row))


def last(engine: Engine, kind: str) -> Kept | None:
    """The newest of a kind."""
    query = select(table).where(table.c.kind == kind).order_by(table.c.at.desc()).limit(1)
    with stores.reading(engine).connect() as connection:
        row = connection.execute(query).one_or_none()
    return Kept(**{name: getattr(row, name) for name in Kept.__dataclass_fields__}) if row else None


def _tell(settings: Settings, subject: str) -> None:
    """The journal went back too: it says so itself. A restoration killed before this line is done again."""
    with database(settings) as engine:
        if engine is not None:
            with engine.begin() as connection:
                change = journal.Change(journal.FEDERATION, "restored", subject)
                journal.append(connection, "sos3624 restore", [change])


def _rehearsed(settings: Settings, path: Path, place: Path) -> str:
    there = settings.model_copy(update={"var_dir": place})
    with (
        archive.opened(there, path) as (stage, manifest),
        databases.throwaway(settings, place) as elsewhere,
    ):
        _put(elsewhere, stage)
        found = databases.census(elsewhere)
        if found != manifest.tables:
            raise Damaged(f"la base restaurée n'est pas la même : {_differing(found, manifest)}")
        migrate.upgrade(elsewhere)
    return (
        f"{len(manifest.tables)} tables, {manifest.rows} lignes, {len(manifest.files)} fichiers, identiques"
    )


def _put(settings: Settings, stage: Path) -> None:
    databases.put(settings, stage)
    for part in PARTS:
        if (stage / part).is_dir():
            shutil.rmtree(settings.var_dir / part, ignore_errors=True)
            shutil.move(stage / part, settings.var_dir / part)


def _differing(found: databases.Census, manifest: Manifest) -> str:
    names = sorted(n for n in {*found, *manifest.tables} if found.get(n) != manifest.tables.get(n))
    return ", ".join(names)


def _running(settings: Settings) -> list[str]:
    """Whatever answers on our ports or has beaten lately."""
    ports = {"web": settings.port, "console": settings.console_port, "feed": settings.feed_port}
    found = [name for name, port in ports.items() if answers(f"http://127.0.0.1:{port}")]
    now = datetime.now(UTC)
    try:
        with database(settings) as engine, stores.worker_redis(settings) as redis:
            beats = heard(redis, engine, now) if engine else []
    except (SQLAlchemyError, RedisError, OSError):
        beats = []
    return sorted({*found, *(one.process for one in beats if now - one.at < FRESH)})


def _holds_something(settings: Settings) -> bool:
    with database(settings) as engine:
        return engine is not None and any(
            rows for name, (rows, _) in databases.census(settings).items() if name != "alembic_version"
        )
