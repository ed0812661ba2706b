"""The database as a file, and back: SQLite by its online copy, PostgreSQL by its own tools."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from config import stores
from config.settings import Settings

NAME = "database"
WHOLE_HOUR = 3_600_000  # ms: a copy may take its time, nobody waits for it
Census = dict[str, tuple[int, str]]  # table -> rows, a sum over them that no order changes


class NotCopied(Exception):
    """The database's own tool refused; its words."""


def copy(settings: Settings, folder: Path) -> Census:
    """Write the database as it is at one instant into `folder`, and count it. Raises `NotCopied`."""
    if settings.database_url.startswith("sqlite"):
        to = folder / NAME
        with closing(sqlite3.connect(_file(settings))) as live, closing(sqlite3.connect(to)) as made:
            live.backup(made)  # in one step: writers go on beside it (WAL), and cannot make it start again
            made.execute("PRAGMA journal_mode = DELETE")
        return _census_of_file(to)
    with _engine(settings) as engine, engine.connect() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        _tool(settings, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
              f"--snapshot={snapshot}", f"--file={folder / NAME}")  # fmt: skip
        return _census(connection)


def put(settings: Settings, folder: Path) -> None:
    """Put the copy in `folder` in the place of the settings' database, whatever that held."""
    if settings.database_url.startswith("sqlite"):
        to = _file(settings)
        to.parent.mkdir(parents=True, exist_ok=True)
        for beside in ("-wal", "-shm"):
            to.with_name(to.name + beside).unlink(missing_ok=True)
        fresh = to.with_name(f".{to.name}.{os.getpid()}")
        shutil.copyfile(folder / NAME, fresh)
        fresh.replace(to)
        return
    with _engine(settings) as engine, engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    _tool(settings, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error",
          "--single-transaction", f"--dbname={_name(settings)}", str(folder / NAME))  # fmt: skip


def census(settings: Settings) -> Census:
    """Count what the database holds now."""
    if settings.database_url.startswith("sqlite"):
        return _census_of_file(_file(settings))
    with _engine(settings) as engine, engine.connect() as connection:
        return _census(connection)


@contextmanager
def throwaway(settings: Settings, folder: Path) -> Iterator[Settings]:
    """The same settings with a database of their own, empty, that goes when the drill is over."""
    if settings.database_url.startswith("sqlite"):
        yield settings.model_copy(
            update={"var_dir": folder, "database_url": f"sqlite:///{folder / '3624.sqlite3'}"}
        )
        return
    name = f"drill_{uuid4().hex[:12]}"
    url = make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
    with _engine(settings) as engine:
        alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                yield settings.model_copy(update={"var_dir": folder, "database_url": url})
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _census(connection: Connection) -> Census:
    """PostgreSQL adds up a hash of each row itself; partitions are counted with their table."""
    tables = connection.scalars(
        text(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE n.nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
        )
    ).all()
    found: Census = {}
    for name in tables:
        query = f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{name}" t'  # noqa: S608 - its own catalogue
        rows, digest = connection.execute(text(query)).one()
        found[name] = (int(rows), str(digest))
    return found


def _census_of_file(path: Path) -> Census:
    found: Census = {}
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        for (name,) in names.fetchall():
            rows = digest = 0
            for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - its own catalogue
                rows += 1
                digest += int.from_bytes(blake2b(repr(row).encode(), digest_size=8).digest(), "big")
            found[name] = (rows, str(digest % 2**64))
    return found


def _tool(settings: Settings, program: str, *arguments: str) -> None:
    """The password goes through the environment: the command line is everybody's to read."""
    url, found = make_url(settings.database_url), shutil.which(program)
    if found is None:
        raise NotCopied(f"{program} manque : installez le client de PostgreSQL (postgresql-client)")
    where = {"--host": url.host, "--port": url.port, "--username": url.username}
    line = [found, *(f"{name}={value}" for name, value in where.items() if value), *arguments]
    if program == "pg_dump":
        line.append(f"--dbname={url.database}")
    done = subprocess.run(
        line, env={"PGPASSWORD": str(url.password or ""), "PATH": os.defpath}, capture_output=True, text=True
    )
    if done.returncode:
        raise NotCopied(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else program)


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    made = stores.engine(settings, patience_ms=WHOLE_HOUR)
    try:
        yield made
    finally:
        made.dispose()


def _file(settings: Settings) -> Path:
    return Path(make_url(settings.database_url).database or "")


def _name(settings: Settings) -> str:
    return make_url(settings.database_url).database or ""
